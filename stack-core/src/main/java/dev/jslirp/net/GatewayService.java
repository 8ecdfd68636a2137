package dev.jslirp.net;

import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// A UDP service that the gateway answers itself (DHCP, DNS), registered by port.
public interface GatewayService {
    /// One datagram, decoded and checked. **Borrows** `frame`; `packet` is valid during the call.
    void onDatagram(PacketView packet, ByteBuf frame, long nowNs);
}
