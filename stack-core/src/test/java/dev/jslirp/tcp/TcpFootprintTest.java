package dev.jslirp.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.Payload;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/// What a connection costs: nothing per segment, less than a kilobyte while idle.
class TcpFootprintTest {
    private static final int SEGMENTS = 100_000;
    private static final int CONNECTIONS = 10_000;
    private static final int MSS = 1_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// A user without interest in its bytes, a link that drops, a buffer that never ends.
    private static final class Sink implements StreamUser, SegmentOutput, SendBuffer {
        final ByteBuf zeroes = Unpooled.buffer(1 << 16).writeZero(1 << 16);
        int seqSent;
        int ackSent;
        long bytes;

        @Override
        public void send(TcpConnection connection, OutboundSegment segment) {
            seqSent = segment.seq + segment.payload.length() + ((segment.flags & TcpHeader.SYN) != 0 ? 1 : 0);
            ackSent = segment.ack;
        }

        @Override
        public int available() {
            return 1 << 20;
        }

        @Override
        public int gather(int offset, int length, Payload payload) {
            payload.add(zeroes, 0, length);
            return length;
        }

        @Override
        public void acknowledged(int count) {}

        @Override
        public void release() {}

        @Override
        public void onEstablished(long nowNs) {}

        @Override
        public void onBytes(ByteBuf frame, int index, int length, long nowNs) {
            bytes += length;
        }

        @Override
        public void onFin(long nowNs) {}

        @Override
        public void onAcknowledged(int count, long nowNs) {}

        @Override
        public void onReset(ResetCause cause, long nowNs) {}

        @Override
        public void onClosed(long nowNs) {}

        @Override
        public int receiveRoom() {
            return 1 << 20;
        }
    }

    private final TcpShared shared = new TcpShared(TcpConfig.defaults(), new Counters(), UnpooledByteBufAllocator.DEFAULT,
            new OutboundSegment(), 1_460, 1_460, 0);
    private final PacketView view = new PacketView();
    private long now = 1_000_000_000L;

    private void segment(int flags, int seq, int ack, int length) {
        view.flags = flags;
        view.seq = seq;
        view.ack = ack;
        view.window = 0xffff;
        view.payloadOffset = 0;
        view.payloadLength = length;
        view.options.clear();
        view.options.timestamps = true;
        view.options.tsVal = (int) (now / 1_000_000);
        if ((flags & TcpHeader.SYN) != 0) {
            view.options.mss = MSS + 12;
            view.options.windowScale = 7;
            view.options.sackPermitted = true;
        }
    }

    private TcpConnection connect(Sink sink, SendBuffer buffer) {
        segment(TcpHeader.SYN, -1, 0, 0);
        TcpConnection connection = TcpConnection.passive(shared, sink, sink, buffer, view, -1, now);
        connection.accept(now);
        segment(TcpHeader.ACK, 0, 0, 0);
        connection.onSegment(view, sink.zeroes, now);
        return connection;
    }

    @Test
    void segmentsBothWaysAllocateNothing() {
        Sink sink = new Sink();
        TcpConnection connection = connect(sink, sink);
        exchange(connection, sink, 2_000);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        exchange(connection, sink, SEGMENTS);
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertEquals((SEGMENTS + 2_000L) * MSS, sink.bytes);
        assertTrue(shared.counters().get(Counter.TCP_SEGMENTS_OUT) > SEGMENTS, "sent as many");
        assertTrue(allocated < SEGMENTS / 10, allocated + " bytes");
    }

    private void exchange(TcpConnection connection, Sink sink, int segments) {
        for (int i = 0; i < segments; i++) {
            segment(TcpHeader.ACK, (int) sink.bytes, sink.seqSent, MSS);
            now += 10_000;
            connection.onSegment(view, sink.zeroes, now);
            connection.onBatchEnd(now);
        }
    }

    @Test
    void establishedConnectionWithItsBufferTakesLessThanAKilobyte() {
        Sink sink = new Sink();
        TcpConnection[] connections = new TcpConnection[CONNECTIONS];
        connect(sink, new QueuedSendBuffer());
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < CONNECTIONS; i++) {
            connections[i] = connect(sink, new QueuedSendBuffer());
        }
        long each = (THREADS.getCurrentThreadAllocatedBytes() - before) / CONNECTIONS;
        assertEquals(TcpState.ESTABLISHED, connections[CONNECTIONS - 1].state());
        assertTrue(each <= 1_024, each + " bytes each");
    }

    @Test
    void bytesThatWereSentLeaveNoBufferBehind() {
        Sink sink = new Sink();
        QueuedSendBuffer buffer = new QueuedSendBuffer();
        TcpConnection connection = connect(sink, buffer);
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
        for (int i = 1; i <= 1_000; i++) {
            buffer.append(allocator.buffer(MSS).writeZero(MSS));
            connection.onBatchEnd(now);
            segment(TcpHeader.ACK, 0, sink.seqSent, 0);
            connection.onSegment(view, sink.zeroes, now);
        }
        assertEquals(1_000 * MSS, sink.seqSent);
        assertEquals(0, allocator.metric().usedHeapMemory());
    }
}
