package dev.jslirp.tcp;

import dev.jslirp.wire.Payload;
import dev.jslirp.wire.PinnedMemory;
import io.netty.buffer.ByteBuf;

/// A send buffer made of owned buffers in a ring. Each slot knows its position in the stream, so an offset is
/// found by binary search, or at once when it continues the last one.
///
/// What it pins stays in proportion to what it holds: bytes that are few, or few beside the buffer they lie in, are
/// copied to the end of a buffer of its own, so that a stream of single bytes fills a few buffers instead of holding one each.
public final class QueuedSendBuffer implements SendBuffer {
    private static final int INITIAL_SLOTS = 2;
    /// A ring larger than this is dropped when it runs empty, so that an idle connection stays small.
    private static final int KEPT_SLOTS = 64;
    /// Appends below this many bytes are copied.
    private static final int COPIED_BELOW = 512;
    /// Capacity of a buffer that copies are collected in, at least.
    private static final int COPY_CAPACITY = 2_048;
    /// An append that fills less than one part in this many of its buffer is copied.
    private static final int PINNED_MAX_RATIO = 4;

    private ByteBuf[] buffers;
    private long[] starts;
    /// Slots ever taken from and put into the ring; their low bits index it.
    private long head;
    private long tail;
    /// Stream positions of the first byte held and of the end.
    private long first;
    private long end;
    private long hint;
    /// The last slot's buffer when it is one of ours with room at its end, else null.
    private ByteBuf collecting;
    private boolean released;

    /// Creates an empty one.
    public QueuedSendBuffer() {}

    /// Appends the readable bytes; after [#release] they are freed at once. **Consumes** `bytes`.
    public void append(ByteBuf bytes) {
        int length = bytes.readableBytes();
        if (length == 0 || released) {
            bytes.release();
            return;
        }
        if (length >= COPIED_BELOW && PinnedMemory.bytes(bytes) / PINNED_MAX_RATIO <= length) {
            collecting = null;
            add(bytes);
        } else {
            copy(bytes, length);
        }
        end += length;
    }

    private void copy(ByteBuf bytes, int length) {
        try {
            if (collecting == null || collecting.writableBytes() < length) {
                int capacity = Math.max(COPY_CAPACITY, length);
                ByteBuf own = bytes.alloc().buffer(capacity, capacity);
                add(own);
                collecting = own;
            }
            collecting.writeBytes(bytes);
        } finally {
            bytes.release();
        }
    }

    private void add(ByteBuf bytes) {
        if (buffers == null || tail - head == buffers.length) {
            grow();
        }
        int slot = slot(tail);
        buffers[slot] = bytes;
        starts[slot] = end;
        tail++;
    }

    private void grow() {
        int size = buffers == null ? INITIAL_SLOTS : 2 * buffers.length;
        ByteBuf[] newBuffers = new ByteBuf[size];
        long[] newStarts = new long[size];
        for (long i = head; i < tail; i++) {
            newBuffers[(int) i & size - 1] = buffers[slot(i)];
            newStarts[(int) i & size - 1] = starts[slot(i)];
        }
        buffers = newBuffers;
        starts = newStarts;
    }

    private int slot(long i) {
        return (int) i & buffers.length - 1;
    }

    @Override
    public int available() {
        return (int) (end - first);
    }

    @Override
    public int gather(int offset, int length, Payload payload) {
        long at = first + offset;
        long to = Math.min(at + length, end);
        long i = at < to ? find(at) : tail;
        while (at < to) {
            int slot = slot(i);
            ByteBuf buffer = buffers[slot];
            int skip = (int) (at - starts[slot]);
            int count = (int) Math.min(buffer.readableBytes() - skip, to - at);
            if (!payload.add(buffer, buffer.readerIndex() + skip, count)) {
                break;
            }
            at += count;
            hint = i++;
        }
        return (int) (at - first) - offset;
    }

    private long find(long position) {
        for (long i = Math.max(hint, head); i < Math.min(hint + 2, tail); i++) {
            if (holds(i, position)) {
                return i;
            }
        }
        long low = head;
        long high = tail - 1;
        while (low < high) {
            long middle = low + high + 1 >>> 1;
            if (starts[slot(middle)] <= position) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private boolean holds(long i, long position) {
        int slot = slot(i);
        return starts[slot] <= position && position < starts[slot] + buffers[slot].readableBytes();
    }

    @Override
    public void acknowledged(int count) {
        first = Math.min(first + count, end);
        while (head < tail) {
            int slot = slot(head);
            if (starts[slot] + buffers[slot].readableBytes() > first) {
                return;
            }
            buffers[slot].release();
            buffers[slot] = null;
            head++;
        }
        collecting = null;
        if (buffers != null && buffers.length > KEPT_SLOTS) {
            buffers = null;
            starts = null;
        }
    }

    @Override
    public void release() {
        released = true;
        acknowledged(available());
        buffers = null;
        starts = null;
    }
}
