package dev.jslirp.link;

import dev.jslirp.wire.OutboundFrame;

/// Where an [EmbeddedLink] puts the frames for the guest: the side of an embedding program.
@FunctionalInterface
public interface FrameSink {
    /// One frame for the guest. **Borrows** `frame`: its bytes are valid during the call only.
    void onFrame(OutboundFrame frame);

    /// The frames of one batch are out: the place to ring the guest's doorbell once.
    default void onFlush() {}
}
