package dev.jslirp.net;

import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// Takes the packets of one transport protocol whose IP layer is checked, complete (reassembled) and
/// addressed to something this handler serves. The handler decodes its own header first.
public interface PacketHandler {
    /// One packet. **Borrows** `frame`; `packet` is valid during the call.
    void onPacket(PacketView packet, ByteBuf frame, long nowNs);
}
