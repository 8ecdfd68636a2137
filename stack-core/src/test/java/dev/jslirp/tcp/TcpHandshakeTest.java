package dev.jslirp.tcp;

import static dev.jslirp.tcp.ScriptedGuest.ACK;
import static dev.jslirp.tcp.ScriptedGuest.FIN;
import static dev.jslirp.tcp.ScriptedGuest.MS;
import static dev.jslirp.tcp.ScriptedGuest.RST;
import static dev.jslirp.tcp.ScriptedGuest.SYN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.stats.Counter;
import dev.jslirp.wire.PacketView;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TcpHandshakeTest {
    @Test
    void simultaneousOpenEndsInEstablished() {
        ScriptedGuest guest = ScriptedGuest.plain().isCalled();
        assertEquals(SYN, guest.onlyOut().flags);
        guest.receive(SYN, -1, -1, 0);
        assertEquals(TcpState.SYN_RECEIVED, guest.state());
        PacketView answer = guest.onlyOut();
        assertEquals(SYN | ACK, answer.flags);
        assertEquals(-1, answer.seq);
        assertEquals(0, answer.ack);
        guest.receive(SYN | ACK, -1, 0, 0);
        assertEquals(TcpState.ESTABLISHED, guest.state());
        assertEquals(List.of("established"), guest.end.events);
        assertEquals(ACK, guest.onlyOut().flags);
    }

    @Test
    void callOfAGuestOffersEveryOptionAndTakesUpWhatTheGuestKnows() {
        ScriptedGuest guest = ScriptedGuest.plain().isCalled();
        PacketView syn = guest.onlyOut();
        assertEquals(1_460, syn.options.mss);
        assertEquals(7, syn.options.windowScale);
        assertTrue(syn.options.sackPermitted);
        assertTrue(syn.options.timestamps);
        guest.receive(SYN | ACK, -1, 0, 0, segment -> segment.windowScale = 2);
        PacketView ack = guest.onlyOut();
        assertFalse(ack.options.timestamps);
        assertEquals(0, ack.options.mss, "MUST-65");
        guest.append(1_000);
        assertEquals(536, guest.out().payloadLength, "MUST-15");
        assertEquals(464, guest.onlyOut().payloadLength);
    }

    @Test
    void synIsSentAgainWithBackOffAndGivenUp() {
        ScriptedGuest guest = ScriptedGuest.plain().isCalled();
        for (long waitMs = 1_000; waitMs <= 16_000; waitMs *= 2) {
            assertEquals(SYN, guest.onlyOut().flags);
            assertEquals(waitMs, guest.sleep());
        }
        assertEquals(SYN, guest.onlyOut().flags);
        assertEquals(32_000, guest.sleep());
        assertTrue(guest.silent());
        assertEquals(List.of("TIMED_OUT", "closed"), guest.end.events);
        assertEquals(5, guest.end.counters.get(Counter.TCP_TIMEOUTS));
        assertEquals(1, guest.end.counters.get(Counter.TCP_RETRIES_EXHAUSTED));
    }

    @Test
    void synAckIsSentAgainWhenAskedForWithoutPuttingOffItsTimer() {
        ScriptedGuest guest = ScriptedGuest.plain().knocks(syn -> {});
        guest.end.connection.accept(guest.now);
        guest.end.sent.clear();
        for (int i = 0; i < 9; i++) {
            guest.now += 100 * MS;
            guest.receive(SYN, -1, 0, 0);
            PacketView again = guest.onlyOut();
            assertEquals(SYN | ACK, again.flags);
            assertEquals(0, again.ack);
        }
        assertEquals(100, guest.sleep());
        assertEquals(SYN | ACK, guest.onlyOut().flags);
        for (int i = 0; i < 4; i++) {
            guest.sleep();
        }
        assertEquals(TcpState.SYN_RECEIVED, guest.state());
        guest.sleep();
        assertEquals(List.of("TIMED_OUT", "closed"), guest.end.events);
    }

    @Test
    void synsBeforeTheHostAnswersAreAbsorbed() {
        ScriptedGuest guest = ScriptedGuest.plain().knocks(syn -> {});
        guest.receive(SYN, -1, 0, 0);
        assertTrue(guest.silent());
        guest.receive(RST, 0, 0, 0);
        assertEquals(List.of("RESET_BY_GUEST", "closed"), guest.end.events);
        assertTrue(guest.silent());
    }

    @Test
    void resetOfAnAcceptedButUnfinishedConnectionEndsIt() {
        ScriptedGuest guest = ScriptedGuest.plain().knocks(syn -> {});
        guest.end.connection.accept(guest.now);
        guest.end.sent.clear();
        guest.receive(RST, 1, 0, 0);
        assertEquals(ACK, guest.onlyOut().flags, "a challenge");
        guest.receive(RST, 0, 0, 0);
        assertEquals(List.of("RESET_BY_GUEST", "closed"), guest.end.events);
        assertTrue(guest.silent());
        assertEquals(Long.MAX_VALUE, guest.end.connection.nextDeadlineNs());
    }

    @Test
    void refusalByTheGuestIsToldAndForgedOnesAreNot() {
        ScriptedGuest guest = ScriptedGuest.plain().isCalled();
        guest.end.sent.clear();
        guest.receive(RST | ACK, 0, 5, 0);
        assertEquals(TcpState.SYN_SENT, guest.state());
        assertTrue(guest.silent());
        guest.receive(RST | ACK, 0, 0, 0);
        assertEquals(List.of("RESET_BY_GUEST", "closed"), guest.end.events);
    }

    @Test
    void ackOfAnOldConnectionIsResetWhileCalling() {
        ScriptedGuest guest = ScriptedGuest.plain().isCalled();
        guest.end.sent.clear();
        guest.receive(ACK, 500, 700, 0);
        PacketView rst = guest.onlyOut();
        assertEquals(RST, rst.flags);
        assertEquals(700, rst.seq);
        assertEquals(TcpState.SYN_SENT, guest.state());
    }

    /// MSS offered by the guest, whether timestamps are used, MSS of the link, payload of a full segment.
    @ParameterizedTest
    @CsvSource({"0,false,1460,536", "1,false,1460,48", "1000,false,1460,1000", "9000,false,1460,1460", "1460,true,1460,1448",
        "65495,true,65480,65468", "0,true,1460,524"})
    void segmentsKeepToTheSmallerMss(int offered, boolean timestamps, int link, int payload) {
        ScriptedGuest guest = new ScriptedGuest(ScriptedGuest.DEFAULTS, link, link);
        guest.window = 65_535;
        guest.connects(syn -> {
            syn.mss = offered;
            syn.timestamps = timestamps;
        });
        guest.append(65_500);
        assertEquals(payload, guest.out().payloadLength);
    }

    @Test
    void afterALostSynTheFirstTimeOutIsLongAndTheWindowOneSegment() {
        ScriptedGuest guest = ScriptedGuest.plain().isCalled();
        guest.sleep();
        guest.end.sent.clear();
        guest.now += MS;
        guest.receive(SYN | ACK, -1, 0, 0, segment -> segment.mss = 1_000);
        guest.end.sent.clear();
        guest.append(5_000);
        assertEquals(1_000, guest.onlyOut().payloadLength);
        assertEquals(3_000, guest.sleep());
    }

    @Test
    void theHandshakeIsTheFirstMeasurement() {
        ScriptedGuest guest = ScriptedGuest.plain().isCalled();
        guest.end.sent.clear();
        guest.now += 100 * MS;
        guest.receive(SYN | ACK, -1, 0, 0);
        guest.append(10);
        assertEquals(300, guest.sleep(), "SRTT + 4 * RTTVAR");
    }

    @Test
    void closeBeforeTheHandshakeIsDoneSendsDataAndFinAfterIt() {
        ScriptedGuest guest = ScriptedGuest.plain().knocks(syn -> {});
        guest.end.connection.accept(guest.now);
        guest.append(10);
        guest.end.connection.close(guest.now);
        guest.end.connection.onBatchEnd(guest.now);
        guest.end.sent.clear();
        guest.receive(ACK, 0, 0, 0);
        PacketView last = guest.onlyOut();
        assertEquals(10, last.payloadLength);
        assertTrue(last.hasFlags(FIN));
        assertEquals(TcpState.FIN_WAIT_1, guest.state());
    }

    @Test
    void dataBesideASynIsTakenWhenItComesAgain() {
        ScriptedGuest guest = ScriptedGuest.plain().isCalled();
        guest.end.sent.clear();
        guest.receive(SYN | ACK, -1, 0, 5);
        assertEquals(0, guest.onlyOut().ack);
        guest.receive(ACK, 0, 0, 5);
        assertEquals(5, guest.onlyOut().ack);
        assertEquals(5, guest.end.received.size());
    }

    @Test
    void synAckSentAgainPromisesNoLess() {
        ScriptedGuest guest = ScriptedGuest.plain();
        guest.end.room = 5_000;
        guest.knocks(syn -> {});
        guest.end.connection.accept(guest.now);
        assertEquals(5_000, guest.onlyOut().window);
        guest.end.room = 100;
        guest.sleep();
        assertEquals(5_000, guest.onlyOut().window);
    }
}
