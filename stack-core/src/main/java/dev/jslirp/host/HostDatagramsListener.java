package dev.jslirp.host;

import io.netty.buffer.ByteBuf;

/// What happens on a [HostDatagrams].
public interface HostDatagramsListener {
    /// One datagram at the readable bytes of `datagram`. **Borrows** `datagram`.
    ///
    /// @param addressHi, addressLo source, IPv4 in mapped form
    void onDatagram(ByteBuf datagram, long addressHi, long addressLo, int port);

    /// A run of datagrams from one source at the readable bytes of `datagrams`: `segmentBytes` each, but for the last, which may be
    /// shorter. **Borrows** `datagrams`.
    default void onDatagrams(ByteBuf datagrams, int segmentBytes, long addressHi, long addressLo, int port) {
        int end = datagrams.writerIndex();
        for (int at = datagrams.readerIndex(); at < end; at += segmentBytes) {
            datagrams.setIndex(at, Math.min(at + segmentBytes, end));
            onDatagram(datagrams, addressHi, addressLo, port);
        }
    }

    /// The network refused a datagram sent to this destination, where the platform shows it.
    void onError(HostError error, long addressHi, long addressLo, int port);
}
