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
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

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
            return read(view, Unpooled.wrappedBuffer(bytes));
        }

        ByteBuf read(PacketView view, ByteBuf frame) {
            view.l4Offset = 0;
            view.l4Length = bytes.length;
            view.offload = 2L << 4;
            TcpHeader.decode(frame, view);
            return frame;
        }
    }

    final Counters counters = new Counters();
    /// Of everything this end keeps.
    final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
    final QueuedSendBuffer buffer = new QueuedSendBuffer();
    final ArrayDeque<Sent> sent = new ArrayDeque<>();
    final ByteArrayOutputStream received = new ByteArrayOutputStream();
    final List<String> events = new ArrayList<>();
    final TcpShared shared;
    int room = 1 << 20;
    boolean fin;
    boolean closed;
    TcpConnection connection;
    /// Called inside every callback, with its name.
    Consumer<String> inCallback = name -> {};

    TestEndpoint(TcpConfig config, int mss, int maxSegmentBytes) {
        shared = new TcpShared(config, counters, allocator, new OutboundSegment(), mss, maxSegmentBytes, 77);
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
        inCallback.accept("established");
    }

    @Override
    public void onBytes(ByteBuf frame, int index, int length, long nowNs) {
        byte[] bytes = new byte[length];
        frame.getBytes(index, bytes);
        received.writeBytes(bytes);
        room -= length;
        inCallback.accept("bytes");
    }

    @Override
    public void onFin(long nowNs) {
        events.add("fin");
        fin = true;
        inCallback.accept("fin");
    }

    @Override
    public void onAcknowledged(int bytes, long nowNs) {
        inCallback.accept("acknowledged");
    }

    @Override
    public void onReset(ResetCause cause, long nowNs) {
        events.add(cause.name());
        inCallback.accept("reset");
    }

    @Override
    public void onClosed(long nowNs) {
        events.add("closed");
        closed = true;
        inCallback.accept("closed");
    }

    @Override
    public int receiveRoom() {
        return Math.max(0, room);
    }
}
