package dev.jslirp.tcp;

import static dev.jslirp.tcp.ScriptedGuest.ACK;
import static dev.jslirp.tcp.ScriptedGuest.FIN;
import static dev.jslirp.tcp.ScriptedGuest.MS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.stats.Counter;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import org.junit.jupiter.api.Test;

/// What goes out when: windows, silly windows, super-segments, probes, retransmissions, keep-alives.
class TcpSendingTest {
    private static final long HOUR = 3_600_000;

    private static ScriptedGuest withoutKeepAlives() {
        TcpConfig config = ScriptedGuest.config(s -> new ScriptedGuest.Settings(s.receiveWindowMax(), 0, s.congestionControl()));
        return new ScriptedGuest(config, 1_460, 1_460).connects();
    }

    @Test
    void linkThatCutsGetsOneSuperSegment() {
        ScriptedGuest guest = new ScriptedGuest(ScriptedGuest.DEFAULTS, 1_460, 65_000).connects();
        guest.append(5_500);
        TestEndpoint.Sent sent = guest.end.sent.remove();
        assertEquals(5_500, sent.view().payloadLength);
        assertEquals(1_000, sent.gsoSize());
        guest.receive(ACK, 0, 5_500, 0);
        guest.append(1_000);
        assertEquals(0, guest.end.sent.remove().gsoSize(), "a full segment needs no cutting");
    }

    @Test
    void superSegmentsAreMadeOfWholeSegmentsUntilTheLast() {
        ScriptedGuest guest = new ScriptedGuest(ScriptedGuest.DEFAULTS, 1_460, 65_000).connects();
        guest.window = 4_700;
        guest.receive(ACK, 0, 0, 0);
        guest.append(9_300);
        assertEquals(4_000, guest.onlyOut().payloadLength);
        guest.receive(ACK, 0, 4_000, 0);
        assertEquals(4_000, guest.onlyOut().payloadLength);
        guest.receive(ACK, 0, 8_000, 0);
        assertEquals(1_300, guest.onlyOut().payloadLength);
    }

    @Test
    void linkThatDoesNotCutGetsSegments() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.append(2_500);
        for (int length : new int[] {1_000, 1_000, 500}) {
            TestEndpoint.Sent sent = guest.end.sent.remove();
            assertEquals(length, sent.view().payloadLength);
            assertEquals(0, sent.gsoSize());
            assertEquals(length == 500, sent.view().hasFlags(TcpHeader.PSH), "MUST-61: on the last");
        }
        assertTrue(guest.silent());
    }

    /// RFC 9293 §3.8.6.2.1, MUST-38.
    @Test
    void sillyWindowIsNotUsedUntilItsTimeIsUp() {
        ScriptedGuest guest = ScriptedGuest.plain();
        guest.window = 1_400;
        guest.connects();
        guest.window = 300;
        guest.receive(ACK, 0, 0, 0);
        guest.append(5_000);
        assertTrue(guest.silent());
        assertEquals(200, guest.sleep());
        assertEquals(300, guest.onlyOut().payloadLength);
    }

    @Test
    void halfOfTheLargestWindowIsWorthASegment() {
        ScriptedGuest guest = ScriptedGuest.plain();
        guest.window = 1_400;
        guest.connects();
        guest.window = 700;
        guest.receive(ACK, 0, 0, 0);
        guest.append(5_000);
        assertEquals(700, guest.onlyOut().payloadLength);
    }

    @Test
    void smallestRestIsSentAtOnce() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.append(1);
        guest.append(1);
        assertEquals(1, guest.out().payloadLength);
        assertEquals(1, guest.onlyOut().payloadLength, "no Nagle: the host's sender has decided");
    }

    /// MUST-37.
    @Test
    void windowMayStayClosedForHours() {
        ScriptedGuest guest = withoutKeepAlives();
        guest.window = 0;
        guest.receive(ACK, 0, 0, 0);
        guest.append(10);
        long end = guest.now + 10 * HOUR * MS;
        long lastMs = 0;
        while (guest.now < end) {
            long waitedMs = guest.sleep();
            assertTrue(waitedMs >= lastMs && waitedMs <= 60_000, waitedMs + " ms after " + lastMs);
            lastMs = waitedMs;
            PacketView probe = guest.onlyOut();
            assertEquals(0, probe.seq);
            assertEquals(1, probe.payloadLength);
            guest.receive(ACK, 0, 0, 0);
            assertTrue(guest.silent());
        }
        guest.window = 1_000;
        guest.receive(ACK, 0, 0, 0);
        assertEquals(10, guest.onlyOut().payloadLength);
    }

    @Test
    void unansweredProbesEndTheConnection() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.window = 0;
        guest.receive(ACK, 0, 0, 0);
        guest.append(10);
        while (!guest.end.closed) {
            guest.sleep();
        }
        assertEquals(10, guest.end.sent.size());
        assertTrue(guest.end.events.contains("TIMED_OUT"));
    }

    @Test
    void probeThatTheGuestTakesCounts() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.window = 0;
        guest.receive(ACK, 0, 0, 0);
        guest.append(10);
        guest.sleep();
        guest.end.sent.clear();
        guest.receive(ACK, 0, 1, 0);
        guest.window = 1_000;
        guest.receive(ACK, 0, 1, 0);
        PacketView rest = guest.onlyOut();
        assertEquals(1, rest.seq);
        assertEquals(9, rest.payloadLength);
    }

    @Test
    void finIsProbedThroughAClosedWindow() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.window = 0;
        guest.receive(ACK, 0, 0, 0);
        guest.end.connection.close(guest.now);
        guest.end.connection.onBatchEnd(guest.now);
        assertTrue(guest.silent());
        guest.sleep();
        assertTrue(guest.onlyOut().hasFlags(FIN));
        assertEquals(TcpState.FIN_WAIT_1, guest.state());
        guest.receive(ACK, 0, 1, 0);
        assertEquals(TcpState.FIN_WAIT_2, guest.state());
    }

    /// MUST-34, SHLD-15 to SHLD-17.
    @Test
    void shrunkWindowStopsNewDataAndIsNotOverrunByTheOld() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.append(5_000);
        guest.end.sent.clear();
        guest.window = 2_000;
        guest.receive(ACK, 0, 1_000, 0);
        guest.append(1_000);
        assertTrue(guest.silent());
        guest.sleep();
        PacketView again = guest.out();
        assertEquals(1_000, again.seq);
        while (!guest.silent()) {
            PacketView more = guest.out();
            assertTrue(more.seq + more.payloadLength <= 3_000);
        }
        guest.window = 60_000;
        guest.receive(ACK, 0, 5_000, 0);
        assertEquals(5_000, guest.onlyOut().seq);
    }

    @Test
    void sequenceNumbersWrapAtBothSigns() {
        for (int iss : new int[] {-5_000, Integer.MAX_VALUE - 5_000}) {
            ScriptedGuest guest = new ScriptedGuest(ScriptedGuest.DEFAULTS, 1_460, 1_460, iss, iss).connects();
            for (int at = 0; at < 100_000; at += 1_000) {
                guest.append(1_000);
                PacketView data = guest.onlyOut();
                assertEquals(at, data.seq);
                assertEquals(at, data.ack);
                guest.receive(ACK, at, at + 1_000, 1_000);
                guest.end.sent.clear();
            }
            assertEquals(100_000, guest.end.received.size());
        }
    }

    /// RFC 5681 §4.1.
    @Test
    void windowBeginsAnewAfterAPause() {
        for (TcpConfig.CongestionAlgorithm algorithm : TcpConfig.CongestionAlgorithm.values()) {
            TcpConfig config = ScriptedGuest.config(
                    s -> new ScriptedGuest.Settings(s.receiveWindowMax(), s.keepAliveIdleNs(), algorithm));
            ScriptedGuest guest = new ScriptedGuest(config, 1_460, 1_460).connects();
            int at = 0;
            for (int i = 0; i < 3; i++) {
                guest.append(10_000 << i);
                at += 10_000 << i;
                guest.receive(ACK, 0, at, 0);
                while (!guest.silent()) {
                    guest.end.sent.clear();
                    guest.end.connection.onBatchEnd(guest.now);
                }
                guest.receive(ACK, 0, at, 0);
            }
            guest.now += 150 * MS;
            guest.append(12_000);
            assertEquals(12, guest.end.sent.size(), "a short pause changes nothing");
            at += 12_000;
            guest.end.sent.clear();
            guest.receive(ACK, 0, at, 0);
            guest.now += 250 * MS;
            guest.append(12_000);
            assertEquals(10, guest.end.sent.size());
        }
    }

    @Test
    void threeDuplicatesWithoutSackBringTheLostSegmentAndPartialAcksTheNext() {
        ScriptedGuest guest = ScriptedGuest.plain().connects(syn -> syn.mss = 1_000);
        guest.append(8_000);
        guest.end.sent.clear();
        guest.receive(ACK, 0, 0, 0);
        guest.receive(ACK, 0, 0, 0);
        assertTrue(guest.silent());
        guest.receive(ACK, 0, 0, 0);
        assertEquals(0, guest.onlyOut().seq);
        guest.receive(ACK, 0, 3_000, 0);
        assertEquals(3_000, guest.onlyOut().seq, "RFC 6582 §3.2: a partial ACK names the next hole");
        guest.receive(ACK, 0, 8_000, 0);
        assertTrue(guest.silent());
        assertEquals(1, guest.end.counters.get(Counter.TCP_FAST_RETRANSMITS));
    }

    @Test
    void duplicatesOfAClosedOrChangedWindowAreNoLoss() {
        ScriptedGuest guest = ScriptedGuest.plain().connects(syn -> syn.mss = 1_000);
        guest.append(8_000);
        guest.end.sent.clear();
        for (int i = 0; i < 5; i++) {
            guest.window += 1_000;
            guest.receive(ACK, 0, 0, 0);
        }
        assertTrue(guest.silent());
    }

    /// RFC 2018 §8, RFC 6298 §5.
    @Test
    void timeOutBelievesNoBlockAndSendsTheFirstSegment() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.append(3_000);
        guest.end.sent.clear();
        guest.receive(ACK, 0, 0, 0, ScriptedGuest.sack(1_000, 2_000));
        assertTrue(guest.silent());
        guest.sleep();
        assertEquals(0, guest.onlyOut().seq);
        guest.receive(ACK, 0, 1_000, 0);
        assertEquals(1_000, guest.out().seq, "the block was forgotten");
    }

    @Test
    void blocksBeyondWhatWasSentAreIgnored() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.append(5_000);
        guest.end.sent.clear();
        for (int i = 0; i < 5; i++) {
            guest.receive(ACK, 0, 0, 0, ScriptedGuest.sack(6_000, 9_000, 2_000, 1_000, -500, 100));
        }
        assertTrue(guest.silent());
        assertEquals(0, guest.end.counters.get(Counter.TCP_FAST_RETRANSMITS));
    }

    @Test
    void finIsSentAgainUntilItsRetriesAreExhausted() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.end.connection.close(guest.now);
        guest.end.connection.onBatchEnd(guest.now);
        long start = guest.now;
        while (!guest.end.closed) {
            assertTrue(guest.onlyOut().hasFlags(FIN));
            guest.sleep();
        }
        assertEquals(1, guest.end.counters.get(Counter.TCP_RETRIES_EXHAUSTED));
        assertTrue((guest.now - start) / MS > 100_000, "SHLD-11");
    }

    @Test
    void keepAliveWaitsForSilenceAndIsNoDuplicateToAnybody() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.now += HOUR * MS;
        guest.receive(ACK, 0, 0, 10);
        guest.end.sent.clear();
        guest.sleep();
        assertEquals(HOUR, guest.sleep(), "two hours after the last segment");
        PacketView probe = guest.onlyOut();
        assertEquals(-1, probe.seq);
        assertEquals(0, probe.payloadLength);
        assertEquals(10, probe.ack);
        guest.receive(ACK, 10, 0, 0);
        guest.sleep();
        assertFalse(guest.end.closed);
        assertEquals(1, guest.end.counters.get(Counter.TCP_KEEPALIVES_SENT));
    }

    @Test
    void eightProbesMayBeLost() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.sleep();
        for (int i = 0; i < 8; i++) {
            assertEquals(75_000, guest.sleep());
        }
        guest.receive(ACK, 0, 0, 0);
        guest.sleep();
        guest.sleep();
        assertFalse(guest.end.closed);
    }

    @Test
    void keepAlivesCanBeOff() {
        ScriptedGuest guest = withoutKeepAlives();
        assertEquals(Long.MAX_VALUE, guest.end.connection.nextDeadlineNs());
    }
}
