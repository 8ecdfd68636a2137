package dev.jslirp.tcp;

import static dev.jslirp.tcp.ScriptedGuest.ACK;
import static dev.jslirp.tcp.ScriptedGuest.FIN;
import static dev.jslirp.tcp.ScriptedGuest.RST;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.wire.PacketView;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The user calls back from inside its callbacks, or leaves.
class TcpUserTest {
    /// Lets every callback but the one under test happen as it does in life.
    private static ScriptedGuest run(String callback, Runnable inside) {
        ScriptedGuest guest = ScriptedGuest.plain().knocks(syn -> syn.sackPermitted = true);
        int[] calls = {0};
        guest.end.inCallback = name -> {
            assertEquals(name.equals("closed"), guest.end.closed, name + " after closed");
            if (name.equals(callback) && calls[0]++ == 0) {
                inside.run();
            }
        };
        return guest;
    }

    private static void play(ScriptedGuest guest) {
        guest.end.connection.accept(guest.now);
        guest.receive(ACK, 0, 0, 0);
        guest.append(3_000);
        guest.receive(ACK, 0, 0, 0, ScriptedGuest.sack(536, 1_072));
        guest.receive(ACK, 100, 0, 100);
        guest.receive(ACK, 0, 536, 100);
        guest.receive(FIN | ACK, 200, 1_072, 50);
    }

    @ParameterizedTest
    @ValueSource(strings = {"established", "bytes", "acknowledged", "fin"})
    void abortInAnyCallbackResetsAndIsTheEnd(String callback) {
        ScriptedGuest[] guest = {null};
        guest[0] = run(callback, () -> guest[0].end.connection.abort(guest[0].now));
        play(guest[0]);
        assertEquals(TcpState.CLOSED, guest[0].state());
        assertEquals(1, guest[0].end.events.stream().filter("closed"::equals).count());
        List<PacketView> sent = guest[0].end.sent.stream().map(TestEndpoint.Sent::view).toList();
        assertTrue(sent.getLast().hasFlags(RST));
        assertEquals(1, sent.stream().filter(segment -> segment.hasFlags(RST)).count());
        assertEquals(Long.MAX_VALUE, guest[0].end.connection.nextDeadlineNs());
        assertEquals(0, guest[0].end.connection.outOfOrderBytes());
        assertEquals(0, guest[0].end.buffer.available());
    }

    @ParameterizedTest
    @ValueSource(strings = {"established", "bytes", "acknowledged", "fin"})
    void closeInAnyCallbackSendsTheRestAndFin(String callback) {
        ScriptedGuest[] guest = {null};
        guest[0] = run(callback, () -> guest[0].end.connection.close(guest[0].now));
        ScriptedGuest g = guest[0];
        g.append(3_000);
        g.end.connection.accept(g.now);
        g.receive(ACK, 0, 0, 0);
        g.receive(ACK, 0, 536, 100);
        g.receive(FIN | ACK, 100, 3_000, 0);
        assertEquals(callback.equals("fin") ? TcpState.LAST_ACK : TcpState.CLOSING, g.state());
        PacketView last = g.end.sent.stream().map(TestEndpoint.Sent::view).filter(segment -> segment.hasFlags(FIN)).findFirst()
                .orElseThrow();
        assertEquals(ScriptedGuest.OUR_ISS + 1 + 3_000, last.seq + last.payloadLength);
        g.receive(ACK, 101, 3_001, 0);
        assertEquals(callback.equals("fin") ? TcpState.CLOSED : TcpState.TIME_WAIT, g.state());
        assertFalse(g.end.events.contains("RESET_BY_GUEST"));
    }

    @Test
    void nothingIsSentFromInsideTheNewsOfAReset() {
        ScriptedGuest[] guest = {null};
        guest[0] = run("reset", () -> {
            guest[0].end.connection.abort(guest[0].now);
            guest[0].end.connection.close(guest[0].now);
            guest[0].end.connection.onBatchEnd(guest[0].now);
        });
        guest[0].end.connection.accept(guest[0].now);
        guest[0].receive(ACK, 0, 0, 0);
        guest[0].append(10);
        guest[0].end.sent.clear();
        guest[0].receive(RST, 0, 0, 0);
        assertTrue(guest[0].silent());
        assertEquals(List.of("established", "RESET_BY_GUEST", "closed"), guest[0].end.events);
    }

    @Test
    void nothingIsLeftToDoFromInsideClosed() {
        ScriptedGuest[] guest = {null};
        guest[0] = run("closed", () -> {
            guest[0].end.connection.abort(guest[0].now);
            guest[0].end.connection.onDeadline(guest[0].now);
            guest[0].append(10);
        });
        guest[0].end.connection.abort(guest[0].now);
        assertEquals(1, guest[0].end.sent.size());
        assertEquals(0, guest[0].end.buffer.available());
        assertEquals(List.of("closed"), guest[0].end.events);
    }

    @Test
    void timeWaitEndsAfterItsTimeAndTheUserHearsOfIt() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.end.connection.close(guest.now);
        guest.end.connection.onBatchEnd(guest.now);
        guest.receive(ACK, 0, 1, 0);
        guest.receive(FIN | ACK, 0, 1, 0);
        assertEquals(TcpState.TIME_WAIT, guest.state());
        guest.end.events.clear();
        assertEquals(60_000, guest.sleep());
        assertEquals(TcpState.CLOSED, guest.state());
        assertEquals(List.of("closed"), guest.end.events);
    }

    @Test
    void finWait2LastsAsLongAsTheGuestIsThere() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.end.connection.close(guest.now);
        guest.end.connection.onBatchEnd(guest.now);
        guest.receive(ACK, 0, 1, 0);
        assertTrue(guest.sleep() > 3_600_000);
        assertEquals(TcpState.FIN_WAIT_2, guest.state());
        guest.receive(ACK, 0, 1, 500);
        assertEquals(500, guest.end.received.size());
    }

    /// RFC 9293 §3.10.5.
    @Test
    void abortAfterBothFinsSaysNothing() {
        ScriptedGuest guest = ScriptedGuest.plain().connects();
        guest.receive(FIN | ACK, 0, 0, 0);
        guest.end.connection.close(guest.now);
        guest.end.connection.onBatchEnd(guest.now);
        assertEquals(TcpState.LAST_ACK, guest.state());
        guest.end.sent.clear();
        guest.end.connection.abort(guest.now);
        assertTrue(guest.silent());
        assertTrue(guest.end.closed);
    }

    @Test
    void closeOfAnUnansweredCallForgetsIt() {
        ScriptedGuest guest = ScriptedGuest.plain().isCalled();
        guest.end.sent.clear();
        guest.end.connection.close(guest.now);
        assertTrue(guest.silent());
        assertEquals(List.of("closed"), guest.end.events);
    }
}
