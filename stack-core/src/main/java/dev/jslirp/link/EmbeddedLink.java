package dev.jslirp.link;

import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;

/// The link of a program that embeds the stack: it calls [#receive] with what its guest sends, and gets what its
/// guest is to receive in a [FrameSink].
///
/// All calls are made on the network's owning thread. [#receive] may be called from inside the sink, as it begins a
/// batch or joins the one under way; answers come at the end of that batch.
public final class EmbeddedLink implements Link {
    private final LinkCapabilities capabilities;
    private final FrameSink sink;
    private FrameReceiver receiver;
    private long dropped;
    private boolean closed;

    /// A link to `sink`.
    ///
    /// @param capabilities what the sink takes; without offloads it gets complete frames within the MTU only
    public EmbeddedLink(LinkCapabilities capabilities, FrameSink sink) {
        this.capabilities = capabilities;
        this.sink = sink;
    }

    /// Hands in one frame of the guest; see [FrameReceiver#onFrame]. **Borrows** `frame`: when its reference count is
    /// higher afterwards, the stack still needs its bytes, and the caller must not overwrite them. Before the network has
    /// started and after it was closed, the frame is dropped and counted.
    ///
    /// @param offload see `wire.Offload`; [dev.jslirp.wire.Offload#NONE] for a complete frame
    public void receive(ByteBuf frame, long offload) {
        if (receiver == null || closed) {
            dropped++;
            return;
        }
        receiver.onFrame(frame, offload);
    }

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver frameReceiver) {
        receiver = frameReceiver;
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (closed) {
            dropped++;
            return;
        }
        sink.onFrame(frame);
    }

    @Override
    public void flush() {
        if (!closed) {
            sink.onFlush();
        }
    }

    @Override
    public long dropped() {
        return dropped;
    }

    @Override
    public void close() {
        closed = true;
    }
}
