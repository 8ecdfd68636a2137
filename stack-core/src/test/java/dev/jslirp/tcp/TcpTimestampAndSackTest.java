package dev.jslirp.tcp;

import static dev.jslirp.tcp.ScriptedGuest.ACK;
import static dev.jslirp.tcp.ScriptedGuest.FIN;
import static dev.jslirp.tcp.ScriptedGuest.MS;
import static dev.jslirp.tcp.ScriptedGuest.RST;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.stats.Counter;
import dev.jslirp.wire.PacketView;
import org.junit.jupiter.api.Test;

/// RFC 7323, 2018, 2883.
class TcpTimestampAndSackTest {
    private static final long DAY = 86_400_000 * MS;

    @Test
    void segmentWithAnOldTimestampIsAcknowledgedAndDropped() {
        ScriptedGuest guest = ScriptedGuest.plain().connectsWithTimestamps();
        guest.tsVal = 999;
        guest.receive(ACK, 0, 0, 10);
        PacketView ack = guest.onlyOut();
        assertEquals(0, ack.ack);
        assertEquals(1_000, ack.options.tsEcr);
        assertEquals(0, guest.end.received.size());
        assertEquals(1, guest.end.counters.get(Counter.TCP_PAWS_REJECTED));
        guest.tsVal = 1_000;
        guest.receive(ACK, 0, 0, 10);
        assertEquals(10, guest.end.received.size());
    }

    @Test
    void timestampsThatWrappedDuringALongSilenceAreTaken() {
        ScriptedGuest guest = ScriptedGuest.plain().connectsWithTimestamps();
        guest.now += 25 * DAY;
        guest.tsVal = 500;
        guest.receive(ACK, 0, 0, 10);
        assertEquals(10, guest.end.received.size());
        assertEquals(500, guest.onlyOut().options.tsEcr);
    }

    @Test
    void resetIsNotJudgedByItsTimestamp() {
        ScriptedGuest guest = ScriptedGuest.plain().connectsWithTimestamps();
        guest.tsVal = 1;
        guest.receive(RST, 0, 0, 0);
        assertEquals(TcpState.CLOSED, guest.state());
    }

    /// The deviation from RFC 7323 §3.2.
    @Test
    void segmentWithoutTimestampIsTaken() {
        ScriptedGuest guest = ScriptedGuest.plain().connectsWithTimestamps();
        guest.timestamps = false;
        guest.receive(ACK, 0, 0, 10);
        assertEquals(10, guest.end.received.size());
        assertTrue(guest.onlyOut().options.timestamps);
    }

    @Test
    void echoIsOfTheSegmentAtTheLeftEdge() {
        ScriptedGuest guest = ScriptedGuest.plain().connectsWithTimestamps();
        guest.tsVal = 2_000;
        guest.receive(ACK, 100, 0, 100);
        assertEquals(1_000, guest.onlyOut().options.tsEcr);
        guest.tsVal = 1_500;
        guest.receive(ACK, 0, 0, 100);
        assertEquals(1_500, guest.onlyOut().options.tsEcr);
        assertEquals(0, guest.end.counters.get(Counter.TCP_PAWS_REJECTED));
    }

    @Test
    void resetCarriesATimestamp() {
        ScriptedGuest guest = ScriptedGuest.plain().connectsWithTimestamps();
        guest.end.connection.abort(guest.now);
        PacketView rst = guest.onlyOut();
        assertTrue(rst.hasFlags(RST) && rst.options.timestamps);
        assertEquals(1_000, rst.options.tsEcr);
    }

    @Test
    void retransmissionsAreMeasuredByTheirEcho() {
        ScriptedGuest guest = ScriptedGuest.plain().connectsWithTimestamps();
        guest.append(10);
        PacketView first = guest.onlyOut();
        assertEquals(200, guest.sleep());
        PacketView again = guest.onlyOut();
        assertEquals(200, again.options.tsVal - first.options.tsVal);
        guest.now += 10 * MS;
        guest.receive(ACK, 0, 10, 0, segment -> segment.tsEcr = again.options.tsVal);
        guest.append(10);
        assertEquals(200, guest.sleep(), "the back-off has ended");
    }

    /// Karn's algorithm (RFC 6298 §3, MUST-18).
    @Test
    void withoutTimestampsAnAmbiguousAckEndsNoBackOff() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.append(10);
        assertEquals(200, guest.sleep());
        guest.now += 10 * MS;
        guest.receive(ACK, 0, 10, 0);
        guest.append(10);
        assertEquals(400, guest.sleep());
        guest.receive(ACK, 0, 20, 0);
        guest.append(10);
        guest.receive(ACK, 0, 30, 0);
        guest.append(10);
        assertEquals(200, guest.sleep());
    }

    private static ScriptedGuest inTimeWait(ScriptedGuest guest) {
        guest.end.connection.close(guest.now);
        guest.end.connection.onBatchEnd(guest.now);
        guest.receive(FIN | ACK, 0, 1, 0);
        assertEquals(TcpState.TIME_WAIT, guest.state());
        return guest;
    }

    /// RFC 6191.
    @Test
    void timeWaitIsReusedByANewerTimestampWhateverTheSequenceNumber() {
        ScriptedGuest guest = inTimeWait(ScriptedGuest.plain().connectsWithTimestamps());
        assertTrue(guest.mayReuse(-5_000, syn -> {
            syn.timestamps = true;
            syn.tsVal = 1_001;
        }));
        assertFalse(guest.mayReuse(5_000, syn -> {
            syn.timestamps = true;
            syn.tsVal = 999;
        }));
        assertTrue(guest.mayReuse(5_000, syn -> {
            syn.timestamps = true;
            syn.tsVal = 1_000;
        }));
        assertFalse(guest.mayReuse(-5_000, syn -> {
            syn.timestamps = true;
            syn.tsVal = 1_000;
        }));
        assertFalse(guest.mayReuse(5_000, syn -> syn.flags |= ACK));
    }

    @Test
    void timeWaitBeginsAnewWithTheGuestsFin() {
        ScriptedGuest guest = inTimeWait(ScriptedGuest.plain().connects());
        guest.end.sent.clear();
        guest.now += 59_000 * MS;
        guest.receive(FIN | ACK, 0, 1, 0);
        assertEquals(1, guest.onlyOut().ack);
        assertEquals(60_000, guest.sleep());
        assertTrue(guest.end.closed);
    }

    @Test
    void duplicateIsReportedOnceByDsack() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.receive(ACK, 0, 0, 100);
        guest.end.sent.clear();
        guest.receive(ACK, 0, 0, 60);
        PacketView ack = guest.onlyOut();
        assertEquals(100, ack.ack);
        assertEquals(1, ack.options.sackBlocks);
        assertEquals(0, ack.options.sack[0]);
        assertEquals(60, ack.options.sack[1]);
        guest.receive(ACK, 100, 0, 10);
        assertEquals(0, guest.onlyOut().options.sackBlocks);
        assertEquals(1, guest.end.counters.get(Counter.TCP_DSACK_SENT));
    }

    @Test
    void partialDuplicateIsReportedAndTheRestTaken() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.receive(ACK, 0, 0, 100);
        guest.end.sent.clear();
        guest.receive(ACK, 50, 0, 100);
        PacketView ack = guest.onlyOut();
        assertEquals(150, ack.ack);
        assertEquals(50, ack.options.sack[0]);
        assertEquals(100, ack.options.sack[1]);
    }

    /// RFC 2883 §4: the block that holds the duplicate comes second.
    @Test
    void duplicateAboveAHoleIsReportedBeforeItsRange() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.receive(ACK, 100, 0, 100);
        guest.receive(ACK, 300, 0, 100);
        guest.end.sent.clear();
        guest.receive(ACK, 120, 0, 10);
        PacketView ack = guest.onlyOut();
        assertEquals(3, ack.options.sackBlocks);
        assertEquals(120, ack.options.sack[0]);
        assertEquals(130, ack.options.sack[1]);
        assertEquals(100, ack.options.sack[2]);
        assertEquals(200, ack.options.sack[3]);
        assertEquals(300, ack.options.sack[4]);
    }

    @Test
    void sackBlocksRideOnDataThatLeavesThemRoom() {
        ScriptedGuest guest = ScriptedGuest.plain().connectsWithTimestamps();
        for (int i = 1; i <= 5; i++) {
            guest.receive(ACK, 200 * i, 0, 100);
        }
        guest.end.sent.clear();
        guest.append(500);
        PacketView small = guest.onlyOut();
        assertEquals(3, small.options.sackBlocks);
        assertEquals(1_000, small.options.sack[0]);
        guest.append(1_000);
        assertEquals(0, guest.onlyOut().options.sackBlocks, "a full segment has no room");
        guest.append(980);
        assertEquals(2, guest.onlyOut().options.sackBlocks);
    }

    @Test
    void fourBlocksFitWithoutTimestamps() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        for (int i = 1; i <= 6; i++) {
            guest.end.sent.clear();
            guest.receive(ACK, 200 * i, 0, 100);
        }
        assertEquals(4, guest.onlyOut().options.sackBlocks);
    }

    @Test
    void nobodyIsToldOfBlocksWhoDidNotAsk() {
        ScriptedGuest guest = ScriptedGuest.plain().connects(syn -> {});
        guest.receive(ACK, 100, 0, 100);
        assertEquals(0, guest.onlyOut().options.sackBlocks);
    }
}
