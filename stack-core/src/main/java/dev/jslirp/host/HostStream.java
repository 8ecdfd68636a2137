package dev.jslirp.host;

import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;

/// One TCP connection of the host, non-blocking. After [#reset], [#close] or a terminal event
/// (`onConnectFailed`, `onReset`) every method is a no-op and no further event arrives.
public interface HostStream {
    /// Queues `length` bytes at absolute `index`, to be written by [#flush]. **Borrows** `bytes`: the
    /// stream retains (or copies) what it keeps. The caller bounds the queue by [#unsentBytes].
    void write(ByteBuf bytes, int index, int length);

    /// Writes as much of the queue as the kernel takes. Called once per batch; the rest follows by itself
    /// when the socket becomes writable, with [HostStreamListener#onDrained].
    void flush();

    /// Bytes queued that the kernel has not taken.
    int unsentBytes();

    /// Bytes that may still be written although nothing limits [#unsentBytes]; a stream that ends in this process may
    /// have little room. [HostStreamListener#onDrained] tells of more.
    default int roomBytes() {
        return Integer.MAX_VALUE;
    }

    /// Sends FIN once the queue is empty. No write may follow.
    void shutdownOutput();

    /// Drops the queue and resets the connection (SO_LINGER 0), also while connecting.
    void reset();

    /// As [#reset()]; a peer within this process is told the cause.
    default void reset(HostError cause) {
        reset();
    }

    /// Closes after the queue is written; unread bytes of the peer are discarded. While connecting it gives up.
    void close();

    /// Stops reading from the socket; bytes in flight may still arrive in this round. A reset by the peer may
    /// then go unnoticed until the next write or [#resumeReads].
    void pauseReads();

    /// Starts reading again.
    void resumeReads();

    /// The connection's own address; null until it is known.
    InetSocketAddress localAddress();

    /// The peer's address.
    InetSocketAddress remoteAddress();
}
