package dev.jslirp.host;

import io.netty.buffer.ByteBuf;

/// What happens on a [HostDatagrams].
public interface HostDatagramsListener {
    /// One datagram at the readable bytes of `datagram`. **Borrows** `datagram`.
    ///
    /// @param addressHi, addressLo source, IPv4 in mapped form
    void onDatagram(ByteBuf datagram, long addressHi, long addressLo, int port);

    /// The network refused a datagram sent to this destination, where the platform shows it.
    void onError(HostError error, long addressHi, long addressLo, int port);
}
