package dev.jslirp.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimerWheelTest {
    private static final long MS = 1_000_000;

    private final List<String> fired = new ArrayList<>();

    @Test
    void firesAtTheDeadlineNotBefore() {
        TimerWheel wheel = new TimerWheel(1, 0);
        int id = wheel.add(now -> fired.add("a@" + now));
        wheel.arm(id, 5 * MS);
        assertEquals(5 * MS, wheel.nextDeadlineNs());
        assertEquals(0, wheel.poll(5 * MS - 1, 10));
        assertEquals(1, wheel.poll(5 * MS, 10));
        assertEquals(List.of("a@" + 5 * MS), fired);
        assertEquals(Long.MAX_VALUE, wheel.nextDeadlineNs());
        assertEquals(0, wheel.poll(50 * MS, 10));
    }

    @Test
    void timersOfOneTickFireEachAtItsOwnDeadline() {
        TimerWheel wheel = new TimerWheel(4, 0);
        int early = wheel.add(now -> fired.add("early"));
        int late = wheel.add(now -> fired.add("late"));
        wheel.arm(late, MS + 20);
        wheel.arm(early, MS + 10);
        assertEquals(1, wheel.poll(MS + 10, 10));
        assertEquals(MS + 20, wheel.nextDeadlineNs());
        assertEquals(0, wheel.poll(MS + 19, 10));
        assertEquals(1, wheel.poll(MS + 20, 10));
        assertEquals(List.of("early", "late"), fired);
    }

    @Test
    void lateReArmIsFoundAtTheLaterTimeOnly() {
        TimerWheel wheel = new TimerWheel(4, -7 * MS);
        int id = wheel.add(now -> fired.add("x"));
        wheel.arm(id, 3 * MS);
        wheel.arm(id, 300 * MS);
        assertTrue(wheel.nextDeadlineNs() <= 300 * MS);
        assertEquals(0, wheel.poll(299 * MS, 10));
        assertEquals(300 * MS, wheel.nextDeadlineNs());
        assertEquals(1, wheel.poll(300 * MS, 10));
    }

    @Test
    void disarmedAndRemovedTimersDoNotFire() {
        TimerWheel wheel = new TimerWheel(1, 0);
        int disarmed = wheel.add(now -> fired.add("disarmed"));
        int removed = wheel.add(now -> fired.add("removed"));
        wheel.arm(disarmed, MS);
        wheel.arm(removed, MS);
        wheel.arm(disarmed, Long.MAX_VALUE);
        wheel.remove(removed);
        assertEquals(Long.MAX_VALUE, wheel.nextDeadlineNs());
        assertEquals(0, wheel.poll(10 * MS, 10));
        assertEquals(removed, wheel.add(now -> fired.add("reused")));
        assertEquals(0, wheel.poll(20 * MS, 10));
        assertEquals(List.of(), fired);
        wheel.remove(disarmed);
        assertThrows(IllegalStateException.class, () -> wheel.arm(disarmed, 1));
    }

    @Test
    void aSmallLimitLeavesTheRestDueAtOnce() {
        TimerWheel wheel = new TimerWheel(1, 0);
        for (int i = 0; i < 10; i++) {
            wheel.arm(wheel.add(now -> fired.add("t")), i * MS / 2);
        }
        assertEquals(4, wheel.poll(100 * MS, 4));
        assertTrue(wheel.nextDeadlineNs() <= 100 * MS);
        assertEquals(4, wheel.poll(100 * MS, 4));
        assertEquals(2, wheel.poll(100 * MS, 4));
        assertEquals(Long.MAX_VALUE, wheel.nextDeadlineNs());
    }

    @Test
    void callbacksMayArmRemoveAndAddAnyTimer() {
        TimerWheel wheel = new TimerWheel(1, 0);
        int[] ids = new int[4];
        ids[0] = wheel.add(now -> {
            fired.add("0");
            wheel.remove(ids[1]);
            wheel.arm(ids[2], now + 5 * MS);
            wheel.arm(ids[0], now + 2 * MS);
            ids[3] = wheel.add(then -> {
                fired.add("3");
                wheel.remove(ids[3]);
            });
            wheel.arm(ids[3], now);
        });
        ids[1] = wheel.add(now -> fired.add("1"));
        ids[2] = wheel.add(now -> fired.add("2"));
        wheel.arm(ids[0], MS);
        wheel.arm(ids[1], MS + 1);
        wheel.arm(ids[2], MS + 2);
        wheel.poll(2 * MS, 10);
        wheel.poll(2 * MS, 10);
        assertEquals(List.of("0", "3"), fired);
        wheel.poll(4 * MS - 1, 10);
        assertEquals(List.of("0", "3"), fired);
        wheel.arm(ids[0], Long.MAX_VALUE);
        wheel.poll(7 * MS, 10);
        assertEquals(List.of("0", "3", "2"), fired);
    }

    @Test
    void anExceptionOfACallbackLeavesTheOthersDue() {
        TimerWheel wheel = new TimerWheel(2, 0);
        int bad = wheel.add(now -> {
            throw new IllegalStateException("bad");
        });
        int good = wheel.add(now -> fired.add("good"));
        wheel.arm(bad, MS);
        wheel.arm(good, MS);
        for (int i = 0; i < 2; i++) {
            try {
                wheel.poll(MS, 10);
            } catch (IllegalStateException e) {
                assertTrue(wheel.nextDeadlineNs() <= MS);
            }
        }
        assertEquals(List.of("good"), fired);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void behavesAsASortedMapOfDeadlines(long seed) {
        Random random = new Random(seed);
        long startNs = random.nextInt(4) == 0 ? Long.MAX_VALUE - 5_000_000_000L * seed : random.nextLong() >> 2;
        new Model(random, startNs).run(20_000);
    }

    /// The wheel beside a map from id to deadline.
    private static final class Model {
        private final Random random;
        private final TimerWheel wheel;
        private final Map<Integer, Long> deadlines = new HashMap<>();
        private final List<Integer> ids = new ArrayList<>();
        private long nowNs;
        private long firedAt;

        Model(Random random, long startNs) {
            this.random = random;
            this.nowNs = startNs;
            this.wheel = new TimerWheel(2, startNs);
        }

        void run(int steps) {
            for (int i = 0; i < steps; i++) {
                step();
                checkBound();
            }
        }

        private void step() {
            switch (random.nextInt(10)) {
                case 0 -> add();
                case 1 -> remove();
                case 2, 3, 4, 5, 6 -> arm();
                default -> {
                    nowNs += random.nextInt(6) == 0 ? wait(44) : wait(23);
                    if (random.nextInt(3) == 0 && !deadlines.isEmpty() && wheel.nextDeadlineNs() - nowNs > 0) {
                        nowNs = wheel.nextDeadlineNs();
                    }
                    poll();
                }
            }
        }

        private void add() {
            int[] self = new int[1];
            self[0] = wheel.add(now -> {
                assertEquals(nowNs, now);
                Long deadline = deadlines.remove(self[0]);
                assertFalse(deadline == null || deadline - now > 0, "early, or not armed");
                firedAt++;
                if (random.nextInt(4) == 0) {
                    arm();
                }
                if (random.nextInt(20) == 0) {
                    remove();
                }
            });
            ids.add(self[0]);
        }

        private void remove() {
            if (!ids.isEmpty()) {
                int id = ids.remove(random.nextInt(ids.size()));
                deadlines.remove(id);
                wheel.remove(id);
            }
        }

        private void arm() {
            if (ids.isEmpty()) {
                return;
            }
            int id = ids.get(random.nextInt(ids.size()));
            if (random.nextInt(5) == 0) {
                wheel.arm(id, Long.MAX_VALUE);
                deadlines.remove(id);
            } else {
                long deadline = nowNs + wait(10 + random.nextInt(40)) - random.nextInt(1000);
                if (deadline != Long.MAX_VALUE) {
                    wheel.arm(id, deadline);
                    deadlines.put(id, deadline);
                }
            }
        }

        private void poll() {
            int limit = 1 + random.nextInt(50);
            long before = firedAt;
            int count = wheel.poll(nowNs, limit);
            assertEquals(firedAt - before, count);
            assertTrue(count <= limit);
            boolean moreDue = deadlines.values().stream().anyMatch(d -> d - nowNs <= 0);
            if (moreDue) {
                assertTrue(count == limit || wheel.nextDeadlineNs() - nowNs <= 0, "lost a due timer");
                for (int i = 0; i < 1000 && deadlines.values().stream().anyMatch(d -> d - nowNs <= 0); i++) {
                    wheel.poll(nowNs, 100);
                }
                assertFalse(deadlines.values().stream().anyMatch(d -> d - nowNs <= 0), "lost a due timer");
            }
        }

        private void checkBound() {
            long boundNs = wheel.nextDeadlineNs();
            if (deadlines.isEmpty()) {
                assertEquals(Long.MAX_VALUE, boundNs);
            } else {
                assertTrue(deadlines.values().stream().allMatch(d -> boundNs - d <= 0), "bound after a deadline");
            }
        }

        private long wait(int bits) {
            return random.nextLong() >>> Long.SIZE - bits;
        }
    }

    @Test
    void followingTheBoundVisitsALonelyFarTimerOnce() {
        TimerWheel wheel = new TimerWheel(1, 0);
        int id = wheel.add(now -> fired.add("far"));
        wheel.arm(id, 7_200_000 * MS);
        assertEquals(7_200_000 * MS, wheel.nextDeadlineNs());
        assertEquals(1, wheel.poll(wheel.nextDeadlineNs(), 1));
    }

    @Test
    void followingTheBoundThroughACrowdEnds() {
        TimerWheel wheel = new TimerWheel(1, 0);
        for (int i = 0; i < 1000; i++) {
            wheel.arm(wheel.add(now -> fired.add("x")), 600_000 * MS + i * 1000L);
        }
        wheel.arm(wheel.add(now -> fired.add("near")), MS);
        int polls = 0;
        while (wheel.nextDeadlineNs() != Long.MAX_VALUE) {
            wheel.poll(wheel.nextDeadlineNs(), 128);
            polls++;
        }
        assertEquals(1001, fired.size());
        assertTrue(polls < 1020, polls + " polls");
    }

    @Test
    void armReArmAndPollAllocateNothing() {
        TimerWheel wheel = new TimerWheel(64, 0);
        int[] ids = new int[64];
        long[] count = new long[1];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = wheel.add(now -> count[0]++);
        }
        churn(wheel, ids, 0, 2000);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        threads.getCurrentThreadAllocatedBytes();
        long before = threads.getCurrentThreadAllocatedBytes();
        churn(wheel, ids, 2000, 10_000);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(count[0] > 1000);
        assertTrue(allocated < 512, allocated + " bytes");
    }

    private static void churn(TimerWheel wheel, int[] ids, int from, int to) {
        for (int round = from; round < to; round++) {
            long nowNs = round * MS;
            for (int i = 0; i < ids.length; i++) {
                wheel.arm(ids[i], nowNs + (i + 1L) * (i & 7) * MS / 2);
            }
            wheel.arm(ids[round & 63], Long.MAX_VALUE);
            wheel.poll(nowNs, 16);
        }
    }
}
