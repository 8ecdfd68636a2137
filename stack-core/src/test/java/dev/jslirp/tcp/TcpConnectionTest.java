package dev.jslirp.tcp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.stats.Counter;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TcpConnectionTest {
    private static final long MS = TestEndpoint.MS;
    private static final int GUEST = -50;
    private static final int ISS = -10;
    /// More than any connection that gives up needs.
    private static final int DEADLINES_MAX = 100;

    private final TestEndpoint end = new TestEndpoint(ScriptedGuest.DEFAULTS, 1460, 1460);
    private final PacketView view = new PacketView();
    private long now = 5;
    private int window = 60_000;

    @BeforeEach
    void handshake() {
        OutboundSegment syn = segment(GUEST, 0, TcpHeader.SYN);
        syn.mss = 1000;
        syn.sackPermitted = true;
        end.connection = TcpConnection.passive(end.shared, end, end, end.buffer, decode(syn, 0), ISS, now);
    }

    private void establish() {
        end.connection.accept(now);
        end.sent.clear();
        receive(GUEST + 1, ISS + 1, TcpHeader.ACK, 0);
        end.connection.onBatchEnd(now);
        end.sent.clear();
    }

    private OutboundSegment segment(int seq, int ack, int flags) {
        OutboundSegment segment = new OutboundSegment();
        segment.clear();
        segment.seq = seq;
        segment.ack = ack;
        segment.flags = flags;
        segment.window = window;
        return segment;
    }

    private PacketView decode(OutboundSegment segment, int length) {
        read(segment, length);
        return view;
    }

    private ByteBuf read(OutboundSegment segment, int length) {
        ByteBuf frame = Unpooled.buffer(60 + length);
        int header = TcpHeader.write(frame, 0, 2, 1, segment);
        frame.writerIndex(header).writeZero(length);
        view.l4Offset = 0;
        view.l4Length = header + length;
        view.offload = 2L << 4;
        TcpHeader.decode(frame, view);
        return frame;
    }

    private void receive(int seq, int ack, int flags, int length) {
        receive(segment(seq, ack, flags), length);
    }

    private void receive(OutboundSegment segment, int length) {
        ByteBuf frame = read(segment, length);
        end.connection.onSegment(view, frame, now);
    }

    private PacketView out() {
        return end.sent.remove().view();
    }

    private void append(int length) {
        end.buffer.append(Unpooled.buffer(length).writeZero(length));
        end.connection.onBatchEnd(now);
    }

    @Test
    void synAckIsWithheldUntilAccept() {
        assertTrue(end.sent.isEmpty());
        end.connection.accept(now);
        PacketView synAck = out();
        assertEquals(TcpHeader.SYN | TcpHeader.ACK, synAck.flags);
        assertEquals(GUEST + 1, synAck.ack);
        assertEquals(1460, synAck.options.mss);
        assertTrue(synAck.options.sackPermitted);
        assertFalse(synAck.options.timestamps);
        assertEquals(-1, synAck.options.windowScale);
    }

    @Test
    void abortBeforeAcceptRefusesTheSyn() {
        end.connection.abort(now);
        PacketView rst = out();
        assertEquals(TcpHeader.RST | TcpHeader.ACK, rst.flags);
        assertEquals(0, rst.seq);
        assertEquals(GUEST + 1, rst.ack);
        assertTrue(end.closed);
    }

    @Test
    void inWindowRstOtherThanRcvNxtGetsChallengeAckAndTheseAreLimited() {
        establish();
        for (int i = 0; i < 20; i++) {
            receive(GUEST + 100, 0, TcpHeader.RST, 0);
        }
        assertEquals(10, end.sent.size());
        assertEquals(10, end.counters.get(Counter.TCP_CHALLENGE_ACKS_LIMITED));
        assertEquals(TcpState.ESTABLISHED, end.connection.state());
        receive(GUEST + 1, 0, TcpHeader.RST, 0);
        assertEquals(TcpState.CLOSED, end.connection.state());
        assertTrue(end.events.contains("RESET_BY_GUEST"));
    }

    @Test
    void dataOutOfOrderIsSackedAndDelivered() {
        establish();
        receive(GUEST + 101, ISS + 1, TcpHeader.ACK, 100);
        PacketView ack = out();
        assertEquals(GUEST + 1, ack.ack);
        assertEquals(1, ack.options.sackBlocks);
        assertEquals(GUEST + 101, ack.options.sack[0]);
        assertEquals(GUEST + 201, ack.options.sack[1]);
        receive(GUEST + 1, ISS + 1, TcpHeader.ACK, 100);
        end.connection.onBatchEnd(now);
        assertEquals(GUEST + 201, out().ack);
        assertArrayEquals(new byte[200], end.received.toByteArray());
    }

    @Test
    void sackOfThreeLaterSegmentsBringsFastRetransmit() {
        establish();
        append(5000);
        assertEquals(5, end.sent.size());
        end.sent.clear();
        OutboundSegment ack = segment(GUEST + 1, ISS + 1, TcpHeader.ACK);
        ack.sackBlocks = 1;
        ack.sack[0] = ISS + 1001;
        ack.sack[1] = ISS + 4001;
        receive(ack, 0);
        end.connection.onBatchEnd(now);
        PacketView again = out();
        assertEquals(ISS + 1, again.seq);
        assertEquals(1000, again.payloadLength);
        assertEquals(1, end.counters.get(Counter.TCP_FAST_RETRANSMITS));
    }

    @Test
    void retransmissionsBackOffAndGiveUp() {
        establish();
        append(10);
        long last = now;
        long gap = 0;
        for (int deadlines = 0; !end.closed; deadlines++) {
            assertTrue(deadlines < DEADLINES_MAX, "never gives up");
            now = end.connection.nextDeadlineNs();
            assertTrue(now - last >= gap || now - last >= 60_000 * MS);
            gap = now - last;
            last = now;
            end.connection.onDeadline(now);
        }
        assertEquals(10, end.counters.get(Counter.TCP_TIMEOUTS));
        assertTrue(end.events.contains("TIMED_OUT"));
    }

    @Test
    void zeroWindowIsProbedForeverWhileAnswered() {
        window = 0;
        establish();
        append(10);
        assertTrue(end.sent.isEmpty());
        for (int i = 0; i < 40; i++) {
            now = end.connection.nextDeadlineNs();
            end.connection.onDeadline(now);
            assertEquals(1, out().payloadLength);
            receive(GUEST + 1, ISS + 1, TcpHeader.ACK, 0);
            end.connection.onBatchEnd(now);
        }
        window = 1000;
        receive(GUEST + 1, ISS + 1, TcpHeader.ACK, 0);
        end.connection.onBatchEnd(now);
        assertEquals(10, out().payloadLength);
    }

    @Test
    void unansweredKeepAlivesEndTheConnection() {
        establish();
        for (int deadlines = 0; !end.closed; deadlines++) {
            assertTrue(deadlines < DEADLINES_MAX, "never gives up");
            now = end.connection.nextDeadlineNs();
            end.connection.onDeadline(now);
        }
        assertEquals(9, end.sent.size());
        assertEquals(ISS, out().seq);
        assertTrue(end.events.contains("KEEPALIVE"));
    }

    @Test
    void closedRoomClosesTheWindowAndReopeningIsTold() {
        end.room = 2000;
        establish();
        receive(GUEST + 1, ISS + 1, TcpHeader.ACK, 2000);
        end.connection.onBatchEnd(now);
        assertEquals(0, out().window);
        end.room = 50;
        end.connection.onBatchEnd(now);
        assertTrue(end.sent.isEmpty());
        end.room = 2000;
        end.connection.onBatchEnd(now);
        assertEquals(2000, out().window);
    }

    @Test
    void closeByUsThenByGuestEndsInTimeWaitWhichANewerSynReuses() {
        establish();
        end.connection.close(now);
        end.connection.onBatchEnd(now);
        assertEquals(TcpHeader.FIN | TcpHeader.ACK | TcpHeader.PSH, out().flags | TcpHeader.PSH);
        assertEquals(TcpState.FIN_WAIT_1, end.connection.state());
        receive(GUEST + 1, ISS + 2, TcpHeader.ACK, 0);
        assertEquals(TcpState.FIN_WAIT_2, end.connection.state());
        receive(GUEST + 1, ISS + 2, TcpHeader.ACK | TcpHeader.FIN, 0);
        end.connection.onBatchEnd(now);
        assertEquals(GUEST + 2, out().ack);
        assertEquals(TcpState.TIME_WAIT, end.connection.state());
        assertTrue(end.connection.mayBeReusedBy(decode(segment(GUEST + 1000, 0, TcpHeader.SYN), 0)));
        assertFalse(end.connection.mayBeReusedBy(decode(segment(GUEST - 1000, 0, TcpHeader.SYN), 0)));
        end.connection.onDeadline(end.connection.nextDeadlineNs());
        assertTrue(end.closed);
    }

    @Test
    void closeByGuestPassesCloseWaitAndLastAck() {
        establish();
        receive(GUEST + 1, ISS + 1, TcpHeader.ACK | TcpHeader.FIN, 5);
        assertEquals(TcpState.CLOSE_WAIT, end.connection.state());
        end.connection.close(now);
        end.connection.onBatchEnd(now);
        assertEquals(TcpState.LAST_ACK, end.connection.state());
        receive(GUEST + 7, ISS + 2, TcpHeader.ACK, 0);
        assertEquals(TcpState.CLOSED, end.connection.state());
    }

    @Test
    void simultaneousClosePassesClosing() {
        establish();
        end.connection.close(now);
        end.connection.onBatchEnd(now);
        receive(GUEST + 1, ISS + 1, TcpHeader.ACK | TcpHeader.FIN, 0);
        assertEquals(TcpState.CLOSING, end.connection.state());
        receive(GUEST + 2, ISS + 2, TcpHeader.ACK, 0);
        assertEquals(TcpState.TIME_WAIT, end.connection.state());
    }

    @Test
    void ackOfUnsentDataAndSynGetChallengeAcks() {
        establish();
        receive(GUEST + 1, ISS + 500, TcpHeader.ACK, 0);
        receive(GUEST + 1, ISS + 1, TcpHeader.SYN, 0);
        assertEquals(2, end.counters.get(Counter.TCP_CHALLENGE_ACKS));
        assertEquals(TcpState.ESTABLISHED, end.connection.state());
    }

    @Test
    void aWindowFieldWithItsHighestBitSetIsLarge() {
        window = 0xffff;
        establish();
        append(9_000);
        assertEquals(9, end.sent.size());
    }

    @Test
    void configNamesTheBadField() {
        TcpConfig d = TcpConfig.defaults();
        var e = assertThrows(IllegalArgumentException.class, () -> new TcpConfig(1, 1, 1, d.rtoMinNs(), d.rtoInitialNs(), d.rtoMaxNs(),
                1, 1, d.delayedAckNs(), 0, 0, 0, 0, 1, 1, d.congestionControl()));
        assertTrue(e.getMessage().contains("receiveWindowMax is 1"));
    }
}
