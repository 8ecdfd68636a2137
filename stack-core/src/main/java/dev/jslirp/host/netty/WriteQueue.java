package dev.jslirp.host.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;

/// Bytes on their way to a socket: a ring of (buffer, index, length), written by gathering writes.
final class WriteQueue {
    private static final int INITIAL_ENTRIES = 4;
    /// A range is retained if it is at least this part of what it pins, else copied.
    private static final int PIN_FACTOR = 4;

    private ByteBuf[] buffers = new ByteBuf[INITIAL_ENTRIES];
    private int[] indexes = new int[INITIAL_ENTRIES];
    private int[] lengths = new int[INITIAL_ENTRIES];
    private int head;
    private int entries;
    private int bytes;

    /// Bytes queued.
    int bytes() {
        return bytes;
    }

    /// Appends a range of `source`. **Borrows** it: retains or copies.
    void add(ByteBuf source, int index, int length, ByteBufAllocator allocator) {
        if (length == 0) {
            return;
        }
        if (entries == buffers.length) {
            grow();
        }
        int at = head + entries & buffers.length - 1;
        if (source.nioBufferCount() != 1 || length < pinnedBytes(source) / PIN_FACTOR) {
            buffers[at] = allocator.directBuffer(length, length).writeBytes(source, index, length);
            indexes[at] = 0;
        } else {
            buffers[at] = source.retain();
            indexes[at] = index;
        }
        lengths[at] = length;
        entries++;
        bytes += length;
    }

    /// Writes until the queue is empty or the socket takes no more.
    ///
    /// @param gather scratch space
    void writeTo(SocketChannel channel, ByteBuffer[] gather) throws IOException {
        while (entries > 0) {
            int count = Math.min(entries, gather.length);
            long offered = gather(gather, count);
            long written = count == 1 ? channel.write(gather[0]) : channel.write(gather, 0, count);
            Arrays.fill(gather, 0, count, null);
            consume(written);
            if (written < offered) {
                return;
            }
        }
    }

    /// Drops everything.
    void release() {
        consume(bytes);
    }

    private long gather(ByteBuffer[] gather, int count) {
        long offered = 0;
        for (int i = 0; i < count; i++) {
            int at = head + i & buffers.length - 1;
            ByteBuffer range = buffers[at].internalNioBuffer(indexes[at], lengths[at]);
            for (int j = 0; j < i; j++) {
                if (gather[j] == range) {
                    // Two ranges of one buffer: its internal view is taken, so the earlier range needs one of its own.
                    int earlier = head + j & buffers.length - 1;
                    gather[j] = buffers[earlier].nioBuffer(indexes[earlier], lengths[earlier]);
                }
            }
            gather[i] = range;
            offered += lengths[at];
        }
        return offered;
    }

    private void consume(long written) {
        bytes -= (int) written;
        while (written > 0) {
            int taken = (int) Math.min(written, lengths[head]);
            indexes[head] += taken;
            lengths[head] -= taken;
            written -= taken;
            if (lengths[head] == 0) {
                buffers[head].release();
                buffers[head] = null;
                head = head + 1 & buffers.length - 1;
                entries--;
            }
        }
    }

    private static int pinnedBytes(ByteBuf buffer) {
        ByteBuf root = buffer;
        for (ByteBuf under = root.unwrap(); under != null; under = under.unwrap()) {
            root = under;
        }
        return root.capacity();
    }

    private void grow() {
        int size = buffers.length;
        ByteBuf[] grownBuffers = new ByteBuf[size * 2];
        int[] grownIndexes = new int[size * 2];
        int[] grownLengths = new int[size * 2];
        for (int i = 0; i < entries; i++) {
            int at = head + i & size - 1;
            grownBuffers[i] = buffers[at];
            grownIndexes[i] = indexes[at];
            grownLengths[i] = lengths[at];
        }
        buffers = grownBuffers;
        indexes = grownIndexes;
        lengths = grownLengths;
        head = 0;
    }
}
