package dev.jslirp.tcp;

import static dev.jslirp.tcp.ScriptedGuest.ACK;
import static dev.jslirp.tcp.ScriptedGuest.FIN;
import static dev.jslirp.tcp.ScriptedGuest.MS;
import static dev.jslirp.tcp.ScriptedGuest.RST;
import static dev.jslirp.tcp.ScriptedGuest.SYN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import org.junit.jupiter.api.Test;

/// What is taken, when it is acknowledged, what is promised.
class TcpReceivingTest {
    /// The ACKs at the beginning are not delayed.
    private static final int QUICK_ACKS = 16;

    private static ScriptedGuest warm(ScriptedGuest guest) {
        for (int i = 0; i < QUICK_ACKS; i++) {
            guest.receive(ACK, 1_000 * i, 0, 1_000);
            assertEquals(1_000 * (i + 1), guest.onlyOut().ack);
        }
        guest.end.room = 1 << 20;
        return guest;
    }

    @Test
    void loneSegmentIsAcknowledgedAfterTheDelay() {
        ScriptedGuest guest = warm(ScriptedGuest.plain().connects());
        guest.receive(ACK, 16_000, 0, 100);
        assertTrue(guest.silent());
        assertEquals(40, guest.sleep());
        assertEquals(16_100, guest.onlyOut().ack);
    }

    @Test
    void everySecondFullSegmentIsAcknowledgedAtOnce() {
        ScriptedGuest guest = warm(ScriptedGuest.plain().connects());
        guest.receive(ACK, 16_000, 0, 1_000);
        assertTrue(guest.silent());
        guest.receive(ACK, 17_000, 0, 1_000);
        assertEquals(18_000, guest.onlyOut().ack);
    }

    @Test
    void anEarlySmallSegmentIsAcknowledgedByItsAnswer() {
        ScriptedGuest guest = new ScriptedGuest(TcpConfig.defaults(), 1_460, 1_460).connects();
        guest.receive(ACK, 0, 0, 100);
        assertTrue(guest.silent());
        guest.append(10);
        assertEquals(100, guest.onlyOut().ack);
    }

    @Test
    void anEarlySmallSegmentWithoutAnAnswerIsAcknowledgedSoon() {
        ScriptedGuest guest = new ScriptedGuest(TcpConfig.defaults(), 1_460, 1_460).connects();
        guest.receive(ACK, 0, 0, 100);
        assertTrue(guest.silent());
        assertEquals(TcpConfig.defaults().quickAckDelayNs() / MS, guest.sleep());
        assertEquals(100, guest.onlyOut().ack);
    }

    @Test
    void anEarlyLargeSegmentIsAcknowledgedAtOnce() {
        ScriptedGuest guest = new ScriptedGuest(TcpConfig.defaults(), 1_460, 1_460).connects();
        guest.receive(ACK, 0, 0, 1_000);
        assertEquals(1_000, guest.onlyOut().ack);
    }

    @Test
    void dataCarriesTheDelayedAck() {
        ScriptedGuest guest = warm(ScriptedGuest.plain().connects());
        guest.receive(ACK, 16_000, 0, 100);
        guest.append(10);
        PacketView data = guest.onlyOut();
        assertEquals(16_100, data.ack);
        guest.receive(ACK, 16_100, 10, 0);
        assertTrue(guest.end.connection.nextDeadlineNs() - guest.now > 1_000 * MS, "nothing is owed");
    }

    @Test
    void segmentsOfOneBatchShareOneAck() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.receive(ACK, 0, 0, 500);
        assertEquals(1, guest.end.sent.size());
        guest.end.sent.clear();
        guest.end.connection.onBatchEnd(guest.now);
        assertTrue(guest.silent());
    }

    /// MUST-39: RFC 9293 §3.8.6.2.2.
    @Test
    void windowReopensOnlyByAStepWorthIt() {
        ScriptedGuest guest = ScriptedGuest.plain();
        guest.end.room = 4_000;
        guest.connects();
        guest.receive(ACK, 0, 0, 4_000);
        assertEquals(0, guest.onlyOut().window);
        guest.end.room = 1_459;
        guest.end.connection.onBatchEnd(guest.now);
        assertTrue(guest.silent());
        guest.end.room = 1_460;
        guest.end.connection.onBatchEnd(guest.now);
        assertEquals(1_460, guest.onlyOut().window);
    }

    @Test
    void promisedWindowIsNeverTakenBack() {
        ScriptedGuest guest = ScriptedGuest.plain();
        guest.end.room = 10_000;
        guest.connects();
        guest.end.room = 0;
        guest.receive(ACK, 0, 0, 1_000);
        assertEquals(9_000, guest.onlyOut().window);
        guest.receive(ACK, 1_000, 0, 9_000);
        assertEquals(0, guest.onlyOut().window);
        assertEquals(10_000, guest.end.received.size());
    }

    @Test
    void roomBelowAUnitOfTheWindowFieldStillMovesBytes() {
        ScriptedGuest guest = ScriptedGuest.plain();
        guest.end.room = 50;
        guest.connects(syn -> syn.windowScale = 7);
        int at = 0;
        guest.receive(ACK, at, 0, 50);
        at += 50;
        for (int i = 0; i < 100; i++) {
            guest.end.room = 50;
            guest.end.connection.onBatchEnd(guest.now);
            PacketView last = null;
            while (!guest.silent()) {
                last = guest.out();
            }
            assertEquals(at, last.ack);
            assertEquals(1, last.window, "one unit of 128");
            guest.receive(ACK, at, 0, 128);
            at += 128;
        }
        assertEquals(at, guest.end.received.size());
    }

    @Test
    void probeOfAClosedWindowIsToldOfTheSmallestRoom() {
        ScriptedGuest guest = ScriptedGuest.plain();
        guest.end.room = 4_000;
        guest.connects();
        guest.receive(ACK, 0, 0, 4_000);
        guest.end.sent.clear();
        guest.receive(ACK, 4_000, 0, 1);
        assertEquals(0, guest.onlyOut().window);
        guest.end.room = 7;
        guest.receive(ACK, 4_000, 0, 1);
        PacketView answer = guest.onlyOut();
        assertEquals(4_000, answer.ack);
        assertEquals(7, answer.window);
        guest.receive(ACK, 4_000, 0, 7);
        assertEquals(4_007, guest.onlyOut().ack);
        guest.end.room = 3;
        guest.receive(ACK, 4_006, 0, 0);
        assertEquals(3, guest.onlyOut().window, "a probe as Linux sends it, before the window");
    }

    @Test
    void roomThatStaysBelowASegmentIsOfferedUnaskedAfterSomeProbes() {
        ScriptedGuest guest = ScriptedGuest.plain();
        guest.end.room = 60_000;
        guest.connects();
        guest.receive(ACK, 0, 0, 60_000);
        int taken = 60_000;
        int probes = 0;
        for (int rounds = 0; rounds < 20; rounds++) {
            guest.end.sent.clear();
            guest.end.room = 1_000;
            guest.end.connection.onBatchEnd(guest.now);
            if (guest.silent()) {
                probes++;
                guest.receive(ACK, taken, 0, 1);
            }
            assertEquals(1_000, guest.onlyOut().window);
            guest.receive(ACK, taken, 0, 1_000);
            taken += 1_000;
            assertEquals(taken, guest.end.received.size());
        }
        assertTrue(probes > 3 && probes < 8, probes + " probes");
    }

    /// MUST-66.
    @Test
    void closedWindowLetsAckAndResetPass() {
        ScriptedGuest guest = ScriptedGuest.plain();
        guest.end.room = 1_000;
        guest.connects();
        guest.receive(ACK, 0, 0, 1_000);
        guest.append(10);
        guest.receive(ACK | TcpHeader.URG, 1_000, 10, 500);
        assertEquals(0, guest.end.buffer.available());
        assertEquals(1_000, guest.end.received.size());
        guest.receive(RST, 1_000, 0, 0);
        assertEquals(TcpState.CLOSED, guest.state());
    }

    /// A FIN needs no room.
    @Test
    void finPassesAClosedWindow() {
        ScriptedGuest guest = ScriptedGuest.plain();
        guest.end.room = 1_000;
        guest.connects();
        guest.receive(ACK, 0, 0, 1_000);
        guest.receive(FIN | ACK, 1_000, 0, 0);
        assertEquals(TcpState.CLOSE_WAIT, guest.state());
    }

    @Test
    void payloadDoesNotCarryAResetIntoTheWindow() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.receive(ACK, 0, 0, 1_000);
        guest.end.sent.clear();
        guest.receive(RST, 500, 0, 1_000);
        assertEquals(ACK, guest.onlyOut().flags);
        assertEquals(TcpState.ESTABLISHED, guest.state());
        guest.receive(SYN, 500, 0, 1_000);
        assertEquals(ACK, guest.onlyOut().flags);
        assertEquals(1_000, guest.end.received.size());
    }

    @Test
    void finBeyondAGapWaitsForTheGap() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.receive(FIN | ACK, 100, 0, 100);
        assertEquals(TcpState.ESTABLISHED, guest.state());
        guest.receive(FIN | ACK, 150, 0, 0);
        guest.end.sent.clear();
        guest.receive(ACK, 0, 0, 100);
        assertEquals(TcpState.CLOSE_WAIT, guest.state());
        assertEquals(200, guest.end.received.size(), "the first FIN counts");
        assertEquals(201, guest.onlyOut().ack);
    }

    @Test
    void urgentDataIsDataInItsPlace() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.receive(ACK | TcpHeader.URG, 0, 0, 10);
        assertEquals(10, guest.end.received.size());
    }

    @Test
    void garbageKeepAliveIsAnswered() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.receive(ACK, 0, 0, 10);
        guest.end.sent.clear();
        guest.receive(ACK, 9, 0, 0);
        assertEquals(10, guest.onlyOut().ack);
        guest.receive(ACK, 9, 0, 1);
        assertEquals(10, guest.onlyOut().ack);
    }
}
