package dev.jslirp.tap.vmm;

import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.Payload;
import dev.jslirp.wire.PinnedMemory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// Frames on their way to one guest: a ring of (buffer, index, length) for gathering writes.
///
/// A frame is taken whole or not at all, and once taken it is never dropped but by [#release]. Headers and small parts are copied behind
/// each other, so that a batch of small frames is one range; large parts are retained.
final class FrameQueue {
    /// Parts below this are copied: a range of its own costs the kernel as much.
    private static final int RETAINED_MIN_BYTES = 4_096;
    /// A part is retained if what it pins is at most so many times its size. Buffers that their owner fills again whoever holds them (the
    /// slots host datagrams are received into) are a megabyte, hence always copied.
    static final int PIN_FACTOR = 8;
    /// IEEE 802.3: without check sequence. Real network cards, and models of them, may drop what is shorter.
    private static final int FRAME_BYTES_LEAST = 60;
    private static final int COLLECTING_BYTES = 32 * 1024;
    private static final int INITIAL_RANGES = 16;

    private final ByteBufAllocator allocator;
    private final boolean lengthPrefixed;
    private final int bytesMax;

    private ByteBuf[] buffers = new ByteBuf[INITIAL_RANGES];
    private int[] indexes = new int[INITIAL_RANGES];
    private int[] lengths = new int[INITIAL_RANGES];
    /// Whether a frame ends with the range; not kept where lengths tell.
    private boolean[] ends = new boolean[INITIAL_RANGES];
    private int head;
    private int ranges;
    private int bytes;
    /// Where copies go, at its writer index; null when there is none with room.
    private ByteBuf collecting;

    /// An empty queue.
    ///
    /// @param lengthPrefixed whether each frame follows its length, as on streams
    /// @param bytesMax       bytes it holds at most
    FrameQueue(ByteBufAllocator allocator, boolean lengthPrefixed, int bytesMax) {
        this.allocator = allocator;
        this.lengthPrefixed = lengthPrefixed;
        this.bytesMax = bytesMax;
    }

    /// Appends a frame; **borrows** it. @return whether there was room
    boolean add(OutboundFrame frame) {
        int padding = Math.max(0, FRAME_BYTES_LEAST - frame.length());
        int length = frame.length() + padding;
        int needed = lengthPrefixed ? length + FrameSplitter.LENGTH_BYTES : length;
        if (needed > bytesMax - bytes) {
            return false;
        }
        boolean joins = lengthPrefixed;
        if (lengthPrefixed) {
            collect(FrameSplitter.LENGTH_BYTES).writeInt(length);
            grew(FrameSplitter.LENGTH_BYTES, true);
        }
        copy(frame.header, frame.header.readerIndex(), frame.header.readableBytes(), joins);
        Payload payload = frame.payload;
        for (int i = 0; i < payload.parts(); i++) {
            ByteBuf part = payload.buffer(i);
            if (isRetainable(part, payload.length(i))) {
                append(part.retain(), payload.index(i), payload.length(i));
            } else {
                copy(part, payload.index(i), payload.length(i), true);
            }
        }
        pad(padding);
        ends[slot(ranges - 1)] = true;
        bytes += needed;
        return true;
    }

    private static boolean isRetainable(ByteBuf part, int length) {
        return length >= RETAINED_MIN_BYTES && part.hasMemoryAddress() && PinnedMemory.bytes(part) / PIN_FACTOR <= length;
    }

    private void copy(ByteBuf source, int index, int length, boolean joins) {
        int from = index;
        int left = length;
        boolean join = joins;
        while (left > 0) {
            int count = Math.min(left, collect(1).writableBytes());
            collecting.writeBytes(source, from, count);
            grew(count, join);
            from += count;
            left -= count;
            join = true;
        }
    }

    private void pad(int length) {
        int left = length;
        while (left > 0) {
            int count = Math.min(left, collect(1).writableBytes());
            collecting.writeZero(count);
            grew(count, true);
            left -= count;
        }
    }

    /// The buffer for copies, with room for `count` bytes at least.
    private ByteBuf collect(int count) {
        if (collecting != null && collecting.writableBytes() < count) {
            collecting.release();
            collecting = null;
        }
        if (collecting == null) {
            collecting = allocator.directBuffer(COLLECTING_BYTES, COLLECTING_BYTES);
        }
        return collecting;
    }

    /// `count` bytes were written to the buffer for copies: more of the last range, if that ends there.
    private void grew(int count, boolean joins) {
        int index = collecting.writerIndex() - count;
        int last = slot(ranges - 1);
        if (joins && ranges > 0 && buffers[last] == collecting && indexes[last] + lengths[last] == index) {
            lengths[last] += count;
        } else {
            append(collecting.retain(), index, count);
        }
    }

    private void append(ByteBuf buffer, int index, int length) {
        if (ranges == buffers.length) {
            grow();
        }
        int at = slot(ranges);
        buffers[at] = buffer;
        indexes[at] = index;
        lengths[at] = length;
        ends[at] = false;
        ranges++;
    }

    private void grow() {
        int size = buffers.length;
        ByteBuf[] grownBuffers = new ByteBuf[size * 2];
        int[] grownIndexes = new int[size * 2];
        int[] grownLengths = new int[size * 2];
        boolean[] grownEnds = new boolean[size * 2];
        for (int i = 0; i < ranges; i++) {
            int at = slot(i);
            grownBuffers[i] = buffers[at];
            grownIndexes[i] = indexes[at];
            grownLengths[i] = lengths[at];
            grownEnds[i] = ends[at];
        }
        buffers = grownBuffers;
        indexes = grownIndexes;
        lengths = grownLengths;
        ends = grownEnds;
        head = 0;
    }

    private int slot(int range) {
        return head + range & buffers.length - 1;
    }

    /// Bytes that wait, lengths included.
    int bytes() {
        return bytes;
    }

    /// Ranges that wait.
    int ranges() {
        return ranges;
    }

    /// Where the bytes of range `range` are, counted from the oldest.
    long address(int range) {
        int at = slot(range);
        return buffers[at].memoryAddress() + indexes[at];
    }

    /// Bytes of range `range`.
    int length(int range) {
        return lengths[slot(range)];
    }

    /// Whether a frame ends with range `range`; only for queues without lengths.
    boolean isEnd(int range) {
        return ends[slot(range)];
    }

    /// Forgets the oldest `count` bytes, which were written.
    void consume(long count) {
        bytes -= (int) count;
        long left = count;
        while (left > 0) {
            int taken = (int) Math.min(left, lengths[head]);
            indexes[head] += taken;
            lengths[head] -= taken;
            left -= taken;
            if (lengths[head] == 0) {
                buffers[head].release();
                buffers[head] = null;
                head = head + 1 & buffers.length - 1;
                ranges--;
            }
        }
        if (bytes == 0 && collecting != null) {
            collecting.release();
            collecting = null;
        }
    }

    /// Forgets the oldest `count` frames; only for queues without lengths.
    void consumeFrames(int count) {
        for (int left = count; left > 0;) {
            left -= ends[head] ? 1 : 0;
            consume(lengths[head]);
        }
    }

    /// Drops everything.
    void release() {
        consume(bytes);
    }
}
