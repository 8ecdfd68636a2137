package dev.jslirp.testkit;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// A script runner that lets wrong behaviour pass would be worse than none: each of these must fail, and say why.
class PacketScriptFailureTest {
    private static final String HANDSHAKE = """
            0 < S 0:0(0) win 65535 <mss 1460>
            +0 host: connect -> ok
            +0 > S. 0:0(0) ack 1 <mss 1460>
            +0 < . 1:1(0) ack 1
            """;

    private static void assertFails(String script, String... reasons) {
        AssertionError failure = assertThrows(AssertionError.class, () -> new PacketScript("some.pkt", script).run());
        for (String reason : reasons) {
            assertTrue(failure.getMessage().contains(reason), () -> "'" + reason + "' is not in: " + failure.getMessage());
        }
    }

    @Test
    void aWrongNumberIsNamedWithLineAndTrace() {
        assertFails(HANDSHAKE + "+0 host: bytes 10\n+0 > P. 1:12(11) ack 2", "some.pkt:6", "length 10 instead of 11", "ack 1 instead of 2",
                "actual:  0.000000 > P. 1:11(10) ack 1", "trace:", "host: bytes 10");
    }

    @Test
    void aMissingFrameIsNoticed() {
        assertFails(HANDSHAKE + "+0 > . 1:1(0) ack 1", "some.pkt:5", "no frame came");
    }

    @Test
    void anUnexpectedFrameIsNoticedAtTheEnd() {
        assertFails(HANDSHAKE + "+0 host: bytes 10", "at its end", "nothing is expected");
    }

    @Test
    void aFrameBeforeItsTimeIsNoticed() {
        assertFails(HANDSHAKE + "+0 host: bytes 10\n+.1 > P. 1:11(10) ack 1", "it came too early");
    }

    @Test
    void aFrameAfterItsTimeIsNoticed() {
        assertFails("0 < S 0:0(0) win 65535 <mss 1460>\n+0 host: connect -> ok after 50ms\n+0 > S. 0:0(0) ack 1",
                "no frame came by  0.010000");
    }

    @Test
    void optionsLeftOverAreNoticed() {
        assertFails("0 < S 0:0(0) win 65535 <mss 1460,sackOK>\n+0 host: connect -> ok\n+0 > S. 0:0(0) ack 1 <mss 1460>",
                "extra options [sackOK]");
    }

    @Test
    void anotherStateIsNoticed() {
        assertFails(HANDSHAKE + "+0 state CLOSE_WAIT", "state is ESTABLISHED");
    }

    @Test
    void anotherCountIsNoticed() {
        assertFails(HANDSHAKE + "+0 count TCP_FLOWS_OPENED 2", "TCP_FLOWS_OPENED is 1");
    }

    @Test
    void bytesNotMentionedAreNoticed() {
        assertFails(HANDSHAKE + "+0 < P. 1:11(10) ack 1\n+0 host: expect nothing", "the peer received 10 bytes");
    }

    @Test
    void aLineThatIsNotUnderstoodIsNamed() {
        assertFails("0 < S 0:0(0)\n+0 hots: eof", "some.pkt:2", "no such action");
        assertFails("soon < S 0:0(0)", "some.pkt:1", "TIME ACTION");
        assertFails("config tcp.nonsense=1", "some.pkt:1", "no component 'nonsense'");
        assertFails("0 < S 0:5(4)", "0:5(4) does not add up");
        assertFails("0 < S 0:0(0) win 100 extra", "'extra' is not understood");
    }
}
