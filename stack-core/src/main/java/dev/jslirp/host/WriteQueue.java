package dev.jslirp.host;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// Bytes on their way to a socket: a ring of (buffer, index, length), for gathering writes. For those who implement [HostStream].
///
/// All buffers in it have one contiguous range of direct memory. One thread only.
public final class WriteQueue {
    private static final int INITIAL_ENTRIES = 2;
    /// A range is retained if it is at least this part of what it pins, else copied.
    private static final int PIN_FACTOR = 4;

    private ByteBuf[] buffers = new ByteBuf[INITIAL_ENTRIES];
    private int[] indexes = new int[INITIAL_ENTRIES];
    private int[] lengths = new int[INITIAL_ENTRIES];
    private int head;
    private int entries;
    private int bytes;

    /// Bytes queued.
    public int bytes() {
        return bytes;
    }

    /// Appends a range of `source`. **Borrows** it: retains or copies.
    public void add(ByteBuf source, int index, int length, ByteBufAllocator allocator) {
        if (length == 0) {
            return;
        }
        if (entries == buffers.length) {
            grow();
        }
        int at = head + entries & buffers.length - 1;
        if (!source.isDirect() || source.nioBufferCount() != 1 || length < pinnedBytes(source) / PIN_FACTOR) {
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

    /// Ranges queued.
    public int entries() {
        return entries;
    }

    /// The buffer of range `entry`, counted from the oldest; borrowed.
    public ByteBuf buffer(int entry) {
        return buffers[head + entry & buffers.length - 1];
    }

    /// Absolute index of range `entry` in its buffer.
    public int index(int entry) {
        return indexes[head + entry & buffers.length - 1];
    }

    /// Bytes of range `entry`.
    public int length(int entry) {
        return lengths[head + entry & buffers.length - 1];
    }

    /// Forgets the oldest `count` bytes, which were written.
    public void consume(long count) {
        bytes -= (int) count;
        while (count > 0) {
            int taken = (int) Math.min(count, lengths[head]);
            indexes[head] += taken;
            lengths[head] -= taken;
            count -= taken;
            if (lengths[head] == 0) {
                buffers[head].release();
                buffers[head] = null;
                head = head + 1 & buffers.length - 1;
                entries--;
            }
        }
    }

    /// Drops everything.
    public void release() {
        consume(bytes);
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
