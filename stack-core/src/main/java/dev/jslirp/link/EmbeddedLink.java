package dev.jslirp.link;

import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;

/// The link of a Java program that holds the guest itself: an emulator, a virtual machine monitor, a test.
///
/// The program hands in the guest's frames with [#receive] and gets those for the guest in its [FrameSink]. Both happen on the
/// network's owning thread, and both borrow.
public final class EmbeddedLink implements Link {
    /// Takes frames for the guest.
    @FunctionalInterface
    public interface FrameSink {
        /// One frame for the guest. **Borrows** `frame`: copy what is needed later, for example with
        /// [OutboundFrame#copyTo]. Without offloads in the link's capabilities it is a complete Ethernet frame.
        ///
        /// @return whether the guest took it; a frame refused counts as dropped, and TCP sends it again
        boolean onFrame(OutboundFrame frame);
    }

    private final LinkCapabilities capabilities;
    private final FrameSink sink;
    private FrameReceiver receiver;
    private boolean closed;
    private long dropped;

    /// A link with these capabilities that gives its frames to `sink`.
    public EmbeddedLink(LinkCapabilities capabilities, FrameSink sink) {
        this.capabilities = capabilities;
        this.sink = sink;
    }

    /// Hands in a complete Ethernet frame from the guest at the readable bytes. **Borrows** `frame`.
    public void receive(ByteBuf frame) {
        receive(frame, Offload.NONE);
    }

    /// Hands in a frame from the guest that may leave work to the stack. **Borrows** `frame`. Before the network has
    /// started, and after it has closed, nothing happens.
    ///
    /// @param offload see [Offload]
    public void receive(ByteBuf frame, long offload) {
        if (receiver != null && !closed) {
            receiver.onFrame(frame, offload);
        }
    }

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver receiver) {
        this.receiver = receiver;
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (closed || !sink.onFrame(frame)) {
            dropped++;
        }
    }

    @Override
    public void flush() {
        // The sink has had every frame.
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
