package dev.jslirp.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SimReactorTest {
    private final SimReactor reactor = new SimReactor(Long.MAX_VALUE - 10);
    private final List<String> log = new ArrayList<>();

    private void log(String what, long startNs) {
        log.add(what + "@" + (reactor.nowNs() - startNs));
    }

    @Test
    void eventsRunInTheOrderOfTheirTimesAcrossTheWrap() {
        long startNs = reactor.nowNs();
        reactor.schedule(startNs + 20, () -> log("b", startNs));
        reactor.schedule(startNs + 3, () -> log("a", startNs));
        reactor.advance(30);
        assertEquals(List.of("a@3", "b@20"), log);
        assertEquals(startNs + 30, reactor.nowNs());
    }

    @Test
    void aWakeUpComesAfterTheEventsOfItsInstantAndOnlyOnce() {
        long startNs = reactor.nowNs();
        reactor.onWake(() -> log("wake", startNs));
        reactor.wakeAt(startNs + 5);
        reactor.schedule(startNs + 5, () -> log("event", startNs));
        reactor.advance(50);
        assertEquals(List.of("event@5", "wake@5"), log);
    }

    @Test
    void aLaterWakeAtReplacesAnEarlierOne() {
        long startNs = reactor.nowNs();
        reactor.onWake(() -> log("wake", startNs));
        reactor.wakeAt(startNs + 5);
        reactor.wakeAt(startNs + 9);
        reactor.advance(50);
        assertEquals(List.of("wake@9"), log);
    }

    @Test
    void tasksRunAfterTheRoundThatSubmittedThem() {
        reactor.round(() -> {
            reactor.execute(() -> log.add("task"));
            reactor.round(() -> log.add("inner"));
            log.add("io");
        });
        assertEquals(List.of("inner", "io", "task"), log);
    }

    @Test
    void eventsScheduledNowRunInALaterRound() {
        reactor.round(() -> {
            reactor.schedule(reactor.nowNs(), () -> log.add("event"));
            reactor.execute(() -> log.add("task"));
        });
        assertEquals(List.of("task"), log);
        reactor.settle();
        assertEquals(List.of("task", "event"), log);
    }

    @Test
    void aTimerThatRearmsItselfForNowIsASpin() {
        reactor.onWake(() -> reactor.wakeAt(reactor.nowNs()));
        reactor.wakeAt(reactor.nowNs());
        assertThrows(AssertionError.class, reactor::settle);
    }
}
