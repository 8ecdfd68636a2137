package dev.jslirp.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchTest {
    private final List<String> calls = new ArrayList<>();
    private final CountingReactor reactor = new CountingReactor();
    private final TimerWheel wheel = new TimerWheel(4, 0);
    private final Batch batch = new Batch(reactor, wheel, () -> calls.add("last"));

    @Test
    void participantsAreCalledOnceInJoinOrderThenLast() {
        batch.join(now -> calls.add("a"));
        batch.join(now -> calls.add("b"));
        batch.begin();
        assertEquals(List.of(), calls);
        reactor.run();
        assertEquals(List.of("a", "b", "last"), calls);
        assertEquals(1, reactor.executed);
        reactor.run();
        assertEquals(3, calls.size());
    }

    @Test
    void theClockIsReadOncePerRound() {
        reactor.nowNs = 7;
        assertEquals(7, batch.begin());
        reactor.nowNs = 9;
        assertEquals(7, batch.begin());
        assertEquals(7, batch.nowNs());
        batch.join(now -> calls.add("at " + now));
        reactor.run();
        assertEquals(List.of("at 7", "last"), calls);
        assertEquals(9, batch.begin());
    }

    @Test
    void joiningDuringTheEndIsServedInTheSameEnd() {
        batch.join(now -> batch.join(then -> calls.add("second round")));
        reactor.runOne();
        assertEquals(List.of("second round", "last"), calls);
    }

    /// As a link does whose guest, interrupted for the frames it got, sends at once.
    @Test
    void whatBeginsInsideTheLastStepGetsABatchOfItsOwn() {
        Batch[] own = new Batch[1];
        own[0] = new Batch(reactor, wheel, () -> {
            calls.add("last");
            if (calls.size() == 1) {
                own[0].begin();
            }
        });
        own[0].begin();
        reactor.run();
        reactor.run();
        assertEquals(List.of("last", "last"), calls);
    }

    @Test
    void endlessJoiningIsBoundedAndGoesOnInTheNextBatch() {
        class Again implements Batch.Participant {
            @Override
            public void onBatchEnd(long nowNs) {
                calls.add("again");
                batch.join(this);
            }
        }
        batch.join(new Again());
        reactor.runOne();
        assertEquals(2 * Batch.MAX_ROUNDS + 1, calls.size());
        assertEquals(0, reactor.tasks.size());
        assertEquals(0, reactor.wakeNs);
        reactor.wake(0);
        assertEquals(2 * (2 * Batch.MAX_ROUNDS + 1), calls.size());
    }

    @Test
    void timersFireBetweenParticipantsAndLast() {
        int id = wheel.add(now -> {
            calls.add("timer");
            batch.join(then -> calls.add("joined by timer"));
        });
        wheel.arm(id, 5);
        reactor.nowNs = 5;
        batch.join(now -> calls.add("participant"));
        reactor.run();
        assertEquals(List.of("participant", "timer", "joined by timer", "last"), calls);
    }

    @Test
    void moreTimersThanOneBatchMayFireAreFiredByTheNext() {
        int[] count = new int[1];
        for (int i = 0; i < Batch.MAX_TIMERS + 5; i++) {
            wheel.arm(wheel.add(now -> count[0]++), 0);
        }
        batch.begin();
        reactor.runOne();
        assertEquals(Batch.MAX_TIMERS, count[0]);
        assertEquals(0, reactor.wakeNs);
        reactor.wake(0);
        assertEquals(Batch.MAX_TIMERS + 5, count[0]);
    }

    @Test
    void theWakeUpIsArmedOnlyWhenItChanges() {
        int id = wheel.add(now -> calls.add("timer"));
        wheel.arm(id, 1000);
        batch.begin();
        reactor.run();
        assertEquals(1000, reactor.wakeNs);
        batch.begin();
        reactor.run();
        assertEquals(1, reactor.wakeCalls);
        wheel.arm(id, 500);
        batch.begin();
        reactor.run();
        assertEquals(500, reactor.wakeNs);
        assertEquals(2, reactor.wakeCalls);
        calls.clear();
        reactor.wake(500);
        assertEquals(List.of("timer", "last"), calls);
        assertEquals(2, reactor.wakeCalls);
    }

    @Test
    void disarmingTheOnlyTimerCancelsTheWakeUp() {
        int id = wheel.add(now -> calls.add("timer"));
        wheel.arm(id, 1000);
        batch.begin();
        reactor.run();
        wheel.arm(id, Long.MAX_VALUE);
        batch.begin();
        reactor.run();
        assertEquals(Long.MAX_VALUE, reactor.wakeNs);
    }

    @Test
    void aFailingParticipantTimerOrLastDoesNotStopTheOthers() {
        boolean[] failed = new boolean[1];
        Batch fragile = new Batch(reactor, wheel, () -> {
            calls.add("last");
            if (!failed[0]) {
                failed[0] = true;
                throw new IllegalStateException("last");
            }
        });
        wheel.arm(wheel.add(now -> {
            throw new IllegalStateException("timer");
        }), 0);
        wheel.arm(wheel.add(now -> calls.add("good timer")), 0);
        fragile.join(now -> {
            throw new IllegalStateException("participant");
        });
        fragile.join(now -> calls.add("b"));
        reactor.run();
        assertTrue(reactor.wakeNs <= 0, "the rest of the timers is due");
        reactor.wake(0);
        assertEquals("b", calls.getFirst());
        assertTrue(calls.contains("good timer"));
        assertTrue(calls.contains("last"));
    }

    @Test
    void aBatchAllocatesNothing() {
        PumpReactor pump = new PumpReactor(0, () -> {});
        TimerWheel timers = new TimerWheel(4, 0);
        long[] count = new long[2];
        Batch quiet = new Batch(pump, timers, () -> count[0]++);
        Batch.Participant participant = now -> count[1]++;
        int id = timers.add(now -> quiet.join(participant));
        rounds(pump, quiet, timers, id, participant, 0, 5000);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        threads.getCurrentThreadAllocatedBytes();
        long before = threads.getCurrentThreadAllocatedBytes();
        rounds(pump, quiet, timers, id, participant, 5000, 20_000);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertEquals(20_000, count[0]);
        assertTrue(count[1] > 20_000);
        assertTrue(allocated < 512, allocated + " bytes");
    }

    private static void rounds(PumpReactor pump, Batch batch, TimerWheel wheel, int id, Batch.Participant participant, int from, int to) {
        for (int i = from; i < to; i++) {
            pump.advanceTo(i * 1_000_000L);
            batch.join(participant);
            if ((i & 7) == 0) {
                wheel.arm(id, batch.nowNs() + 3_000_000);
            }
            pump.poll(i * 1_000_000L);
        }
    }

    private static final class CountingReactor implements Reactor {
        final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        long nowNs;
        long wakeNs = Long.MAX_VALUE;
        int wakeCalls;
        int executed;
        Runnable onWake;

        void runOne() {
            tasks.poll().run();
        }

        void run() {
            while (!tasks.isEmpty()) {
                runOne();
            }
        }

        void wake(long atNs) {
            nowNs = atNs;
            onWake.run();
            run();
        }

        @Override
        public long nowNs() {
            return nowNs;
        }

        @Override
        public void wakeAt(long deadlineNs) {
            wakeCalls++;
            wakeNs = deadlineNs;
        }

        @Override
        public void onWake(Runnable handler) {
            onWake = handler;
        }

        @Override
        public boolean inLoop() {
            return true;
        }

        @Override
        public void execute(Runnable task) {
            executed++;
            tasks.add(task);
        }
    }
}
