package dev.jslirp.host;

import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;

/// One UDP socket of the host, non-blocking.
public interface HostDatagrams extends AutoCloseable {
    /// Queues one datagram for [#flush]. **Borrows** `bytes`: the socket retains (or copies) what it keeps.
    /// When the queue is full the datagram is dropped, as UDP may.
    ///
    /// @param addressHi, addressLo destination, IPv4 in mapped form
    void send(ByteBuf bytes, int index, int length, long addressHi, long addressLo, int port);

    /// Hands the queued datagrams to the kernel. Called once per batch.
    void flush();

    /// Where it is bound.
    InetSocketAddress localAddress();

    @Override
    void close();
}
