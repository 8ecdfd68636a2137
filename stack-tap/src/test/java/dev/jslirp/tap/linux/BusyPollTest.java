package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class BusyPollTest {
    private static final long LIMIT_NS = 50_000;

    private final BusyPoll poll = new BusyPoll(LIMIT_NS);

    private void waited(int times, long waitedNs) {
        for (int i = 0; i < times; i++) {
            poll.waited(waitedNs, 1);
        }
    }

    @Test
    void aLoopBeginsBySleeping() {
        assertEquals(0, poll.windowNs());
    }

    @Test
    void eventsSoonAfterEachOtherOpenTheWindowUpToItsLimit() {
        poll.waited(LIMIT_NS, 1);
        assertEquals(BusyPoll.SHORTEST_NS, poll.windowNs());
        poll.waited(LIMIT_NS, 1);
        assertEquals(2 * BusyPoll.SHORTEST_NS, poll.windowNs());
        waited(10, LIMIT_NS);
        assertEquals(LIMIT_NS, poll.windowNs());
    }

    @Test
    void aWindowThatCatchesItsEventsStaysAsItIs() {
        waited(2, 20_000);
        assertEquals(20_000, poll.windowNs());
        waited(100, 20_000);
        assertEquals(20_000, poll.windowNs());
        waited(100, 0);
        assertEquals(20_000, poll.windowNs());
    }

    @Test
    void oneLateEventHalvesTheWindow() {
        waited(10, LIMIT_NS);
        poll.waited(LIMIT_NS + 1, 1);
        assertEquals(LIMIT_NS / 2, poll.windowNs());
    }

    @Test
    void lateEventsCloseIt() {
        waited(10, LIMIT_NS);
        waited(3, 1_000_000);
        assertEquals(0, poll.windowNs());
    }

    @Test
    void severalEventsAtOnceHalveItHoweverSoonTheyCome() {
        waited(10, LIMIT_NS);
        poll.waited(0, 2);
        assertEquals(LIMIT_NS / 2, poll.windowNs());
    }

    @Test
    void aLimitOfZeroNeverOpensIt() {
        var never = new BusyPoll(0);
        never.waited(0, 1);
        never.waited(1, 1);
        assertEquals(0, never.windowNs());
    }
}
