package dev.jslirp.link;

import dev.jslirp.wire.OutboundFrame;

/// Where the guest is attached: frames in, frames out, nothing else. Implemented by TAP, VMM sockets,
/// shared memory, an embedder, and by the decorators of this package.
///
/// All methods are called on the network's owning thread, and the link delivers frames there too.
public interface Link extends AutoCloseable {
    /// What this link can do; constant over its life.
    LinkCapabilities capabilities();

    /// Begins delivery of frames to `receiver`. Called once.
    void start(FrameReceiver receiver);

    /// Sends one frame towards the guest. **Borrows** `frame`: the link writes it now, or copies and
    /// retains what it must queue. A link that is full drops the frame and counts it in [#dropped];
    /// it never blocks.
    void transmit(OutboundFrame frame);

    /// Pushes out what [#transmit] queued; called once per batch.
    void flush();

    /// Frames dropped because the link was full or refused them.
    long dropped();

    /// Stops delivery and frees everything; idempotent.
    @Override
    void close();
}
