package dev.jslirp.tcp;

import dev.jslirp.stats.Counters;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.List;
import java.util.ArrayList;

/// One end of a connection under test: records what the connection sends and tells its user.
final class TestEndpoint implements StreamUser, SegmentOutput {
    static final long MS = 1_000_000L;

    /// A segment on the wire: TCP header, options and payload.
    record Sent(byte[] bytes, int gsoSize) {
        PacketView view() {
            PacketView view = new PacketView();
            read(view);
            return view;
        }

        ByteBuf read(PacketView view) {
            ByteBuf frame = Unpooled.wrappedBuffer(bytes);
            view.l4Offset = 0;
            view.l4Length = bytes.length;
            view.offload = 2L << 4;
            TcpHeader.decode(frame, view);
            return frame;
        }
    }

    final Counters counters = new Counters();
    final QueuedSendBuffer buffer = new QueuedSendBuffer();
    final ArrayDeque<Sent> sent = new ArrayDeque<>();
    final ByteArrayOutputStream received = new ByteArrayOutputStream();
    final List<String> events = new ArrayList<>();
    final TcpShared shared;
    int room = 1 << 20;
    boolean fin;
    boolean closed;
    TcpConnection connection;

    TestEndpoint(TcpConfig config, int mss, int maxSegmentBytes) {
        shared = new TcpShared(config, counters, UnpooledByteBufAllocator.DEFAULT, new OutboundSegment(), mss, maxSegmentBytes, 77);
    }

    @Override
    public void send(TcpConnection from, OutboundSegment segment) {
        ByteBuf out = Unpooled.buffer(60 + segment.payload.length());
        int header = TcpHeader.write(out, 0, 1, 2, segment);
        out.writerIndex(header);
        segment.payload.copyTo(out);
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        sent.add(new Sent(bytes, segment.gsoSize));
    }

    @Override
    public void onEstablished(long nowNs) {
        events.add("established");
    }

    @Override
    public void onBytes(ByteBuf frame, int index, int length, long nowNs) {
        byte[] bytes = new byte[length];
        frame.getBytes(index, bytes);
        received.writeBytes(bytes);
        room -= length;
    }

    @Override
    public void onFin(long nowNs) {
        events.add("fin");
        fin = true;
    }

    @Override
    public void onAcknowledged(int bytes, long nowNs) {}

    @Override
    public void onReset(ResetCause cause, long nowNs) {
        events.add(cause.name());
    }

    @Override
    public void onClosed(long nowNs) {
        events.add("closed");
        closed = true;
    }

    @Override
    public int receiveRoom() {
        return Math.max(0, room);
    }
}
