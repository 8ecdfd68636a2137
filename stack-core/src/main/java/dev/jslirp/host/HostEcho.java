package dev.jslirp.host;

import io.netty.buffer.ByteBuf;

/// One ICMP echo socket: requests of one guest identifier towards one destination.
public interface HostEcho extends AutoCloseable {
    /// Sends an echo request with this sequence number and data. **Borrows** `data`.
    ///
    /// @param ttl time to live to send it with, 1…255
    void request(int sequence, int ttl, ByteBuf data, int index, int length);

    @Override
    void close();
}
