package dev.jslirp.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PumpReactorTest {
    private final List<String> calls = new ArrayList<>();
    private final AtomicInteger alerts = new AtomicInteger();
    private final PumpReactor reactor = new PumpReactor(-5, alerts::incrementAndGet);

    @Test
    void tasksRunInTheNextPollAndTheirOwnTasksInTheOneAfter() {
        reactor.execute(() -> {
            calls.add("first");
            reactor.execute(() -> calls.add("second"));
        });
        assertEquals(-5, reactor.nextDeadlineNs());
        assertEquals(List.of(), calls);
        reactor.poll(0);
        assertEquals(List.of("first"), calls);
        assertEquals(0, reactor.nextDeadlineNs());
        reactor.poll(1);
        assertEquals(List.of("first", "second"), calls);
        assertEquals(Long.MAX_VALUE, reactor.nextDeadlineNs());
        assertEquals(0, alerts.get());
    }

    @Test
    void theWakeUpFiresOnceAtItsTime() {
        reactor.onWake(() -> calls.add("wake"));
        reactor.wakeAt(10);
        assertEquals(10, reactor.nextDeadlineNs());
        reactor.poll(9);
        assertEquals(List.of(), calls);
        reactor.poll(10);
        reactor.poll(11);
        assertEquals(List.of("wake"), calls);
        assertEquals(Long.MAX_VALUE, reactor.nextDeadlineNs());
    }

    @Test
    void aTaskOfAnotherThreadAlertsTheLoopAndRunsInIt() throws InterruptedException {
        boolean[] inLoop = new boolean[1];
        Thread other = new Thread(() -> {
            inLoop[0] = reactor.inLoop();
            reactor.execute(() -> calls.add("ran in loop: " + reactor.inLoop()));
        });
        other.start();
        other.join();
        assertFalse(inLoop[0]);
        assertTrue(reactor.inLoop());
        assertEquals(1, alerts.get());
        assertEquals(reactor.nowNs(), reactor.nextDeadlineNs());
        reactor.poll(0);
        assertEquals(List.of("ran in loop: true"), calls);
    }

    @Test
    void timeMustNotGoBack() {
        reactor.advanceTo(3);
        assertThrows(IllegalArgumentException.class, () -> reactor.poll(2));
    }
}
