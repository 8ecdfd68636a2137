package dev.jslirp.host;

import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;

/// One UDP socket of the host, non-blocking.
public interface HostDatagrams extends AutoCloseable {
    /// Sends one datagram, at once or with the next [#flush]. **Borrows** `bytes`: the socket retains (or copies) what it keeps.
    /// When the queue is full the datagram is dropped, as UDP may. Failures arrive at [HostDatagramsListener#onError], later.
    /// After [#close] it does nothing.
    ///
    /// @param addressHi, addressLo destination, IPv4 in mapped form
    void send(ByteBuf bytes, int index, int length, long addressHi, long addressLo, int port);

    /// Sends a run of datagrams to one destination: `segmentBytes` each, but for the last, which may be shorter. Otherwise as [#send].
    ///
    /// @param segmentBytes at least 1
    default void sendRun(ByteBuf bytes, int index, int length, int segmentBytes, long addressHi, long addressLo, int port) {
        for (int at = 0; at < length; at += segmentBytes) {
            send(bytes, index + at, Math.min(segmentBytes, length - at), addressHi, addressLo, port);
        }
    }

    /// Hands queued datagrams to the kernel. Called once per batch.
    void flush();

    /// Where it is bound.
    InetSocketAddress localAddress();

    @Override
    void close();
}
