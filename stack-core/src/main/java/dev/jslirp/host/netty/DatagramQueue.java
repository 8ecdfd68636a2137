package dev.jslirp.host.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;

/// Datagrams a socket could not send at once, bounded in number and bytes.
final class DatagramQueue {
    static final int MAX_DATAGRAMS = 256;
    static final int MAX_BYTES = 1024 * 1024;

    private final ArrayDeque<ByteBuf> datagrams = new ArrayDeque<>(0);
    private final ArrayDeque<InetSocketAddress> targets = new ArrayDeque<>(0);
    private int bytes;

    /// Appends a copy, unless the queue is full. **Borrows** `source`.
    void add(ByteBuf source, int index, int length, InetSocketAddress target, ByteBufAllocator allocator) {
        if (datagrams.size() == MAX_DATAGRAMS || bytes + length > MAX_BYTES) {
            return;
        }
        datagrams.add(allocator.directBuffer(length, length).writeBytes(source, index, length));
        targets.add(target);
        bytes += length;
    }

    boolean isEmpty() {
        return datagrams.isEmpty();
    }

    /// The oldest datagram, still owned by the queue.
    ByteBuf first() {
        return datagrams.getFirst();
    }

    InetSocketAddress firstTarget() {
        return targets.getFirst();
    }

    void removeFirst() {
        targets.removeFirst();
        ByteBuf datagram = datagrams.removeFirst();
        bytes -= datagram.readableBytes();
        datagram.release();
    }

    void release() {
        while (!isEmpty()) {
            removeFirst();
        }
    }
}
