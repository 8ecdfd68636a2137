package dev.jslirp.link;

import io.netty.buffer.ByteBuf;

/// Where one loop hands frames over to another loop. Used by the loop that hands over only.
public interface HandOver {
    /// Hands over a copy of a frame from the guest. **Borrows** `frame`.
    ///
    /// @param offload see [dev.jslirp.wire.Offload]
    /// @return false when as many frames wait as may
    boolean offer(ByteBuf frame, long offload);

    /// Lets the other loop see what was offered; once per batch.
    void submit();
}
