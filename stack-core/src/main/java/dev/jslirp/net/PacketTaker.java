package dev.jslirp.net;

import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// Takes packets of one protocol that are its own, and leaves the others alone.
@FunctionalInterface
public interface PacketTaker {
    /// A whole IPv4 packet whose headers up to there are decoded and checked. **Borrows** `frame`.
    ///
    /// @return whether it was taken; if not, nothing but the view has changed
    boolean takes(PacketView packet, ByteBuf frame, long nowNs);
}
