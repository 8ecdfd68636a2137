package dev.jslirp.net;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;

/// Keeps a heap copy of every frame sent; or only counts them.
final class RecordingLink implements Link {
    /// One frame: its bytes on the heap (nothing to release) and its offload state.
    record Sent(ByteBuf bytes, long offload, int payloadParts) {}

    final ArrayDeque<Sent> sent = new ArrayDeque<>();
    boolean recording = true;
    long transmitted;
    private final LinkCapabilities capabilities;

    RecordingLink(LinkCapabilities capabilities) {
        this.capabilities = capabilities;
    }

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver receiver) {}

    @Override
    public void transmit(OutboundFrame frame) {
        transmitted++;
        if (recording) {
            byte[] bytes = new byte[frame.length()];
            frame.copyTo(Unpooled.wrappedBuffer(bytes).clear());
            sent.add(new Sent(Unpooled.wrappedBuffer(bytes), frame.offload, frame.payload.parts()));
        }
    }

    @Override
    public void flush() {}

    @Override
    public long dropped() {
        return 0;
    }

    @Override
    public void close() {}
}
