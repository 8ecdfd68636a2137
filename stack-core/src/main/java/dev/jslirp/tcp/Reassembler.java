package dev.jslirp.tcp;

import dev.jslirp.wire.PinnedMemory;
import dev.jslirp.wire.SeqNum;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;

/// Bytes that arrived ahead of `RCV.NXT`: disjoint, sorted ranges, each a chain of buffers.
///
/// Appending to a range, prepending and joining two ranges touch only the ends of chains, so the work per
/// segment depends on [#MAX_RANGES] alone. Memory is counted by what the buffers pin.
final class Reassembler {
    /// Holes a guest may keep open at once. What lies beyond is not acknowledged selectively, and a sender takes it to be in flight: few
    /// ranges would turn one burst of losses into a round trip per segment.
    static final int MAX_RANGES = 512;
    private static final int INITIAL_RANGES = 8;
    /// Capacity of a buffer that small payloads are copied to, bytes.
    private static final int COPY_CAPACITY = 512;

    private static final class Piece {
        final ByteBuf bytes;
        final int pinnedBytes;
        final boolean copied;
        Piece next;

        Piece(ByteBuf bytes, int pinnedBytes, boolean copied) {
            this.bytes = bytes;
            this.pinnedBytes = pinnedBytes;
            this.copied = copied;
        }
    }

    private static final class Range {
        int left;
        int right;
        int touched;
        Piece head;
        Piece tail;
    }

    private final ByteBufAllocator allocator;
    private final int bytesMax;
    private Range[] ranges = new Range[INITIAL_RANGES];
    private int count;
    private int pinnedBytes;
    private int clock;

    Reassembler(ByteBufAllocator allocator, int bytesMax) {
        this.allocator = allocator;
        this.bytesMax = bytesMax;
    }

    boolean isEmpty() {
        return count == 0;
    }

    /// Memory held.
    int pinnedBytes() {
        return pinnedBytes;
    }

    /// Disjoint ranges held.
    int ranges() {
        return count;
    }

    /// What became of a segment.
    enum Result {
        /// At least one byte is new.
        STORED,
        /// Every byte was held already.
        DUPLICATE,
        /// A limit was hit; a prefix may have been stored.
        LIMIT
    }

    /// Stores the bytes `[seq, seq + length)` that lie at `index` of `frame`, except those held already. **Borrows** `frame`.
    Result add(int seq, ByteBuf frame, int index, int length) {
        int end = seq + length;
        int i = 0;
        while (i < count && SeqNum.lt(ranges[i].right, seq)) {
            i++;
        }
        Range range;
        if (i < count && SeqNum.leq(ranges[i].left, seq)) {
            range = ranges[i];
        } else {
            if (count == MAX_RANGES) {
                return Result.LIMIT;
            }
            range = new Range();
            range.left = seq;
            range.right = seq;
            insert(i, range);
        }
        range.touched = ++clock;
        return fill(i, range, seq, end, frame, index);
    }

    private Result fill(int i, Range range, int seq, int end, ByteBuf frame, int index) {
        Result result = Result.DUPLICATE;
        join(i, range);
        while (SeqNum.lt(range.right, end)) {
            int at = range.right;
            int gapEnd = i + 1 < count ? SeqNum.min(ranges[i + 1].left, end) : end;
            if (!append(range, frame, index + (at - seq), gapEnd - at)) {
                if (range.left == range.right) {
                    remove(i);
                }
                return Result.LIMIT;
            }
            result = Result.STORED;
            join(i, range);
        }
        return result;
    }

    private void join(int i, Range range) {
        if (i + 1 < count && ranges[i + 1].left == range.right) {
            Range next = ranges[i + 1];
            if (range.tail == null) {
                range.head = next.head;
            } else {
                range.tail.next = next.head;
            }
            range.tail = next.tail;
            range.right = next.right;
            remove(i + 1);
        }
    }

    private boolean append(Range range, ByteBuf frame, int index, int length) {
        Piece tail = range.tail;
        if (tail != null && tail.copied && tail.bytes.writableBytes() >= length) {
            tail.bytes.writeBytes(frame, index, length);
            range.right += length;
            return true;
        }
        int framePins = PinnedMemory.bytes(frame);
        boolean copy = length < framePins / 4;
        int pins = copy ? Math.max(length, COPY_CAPACITY) : framePins;
        if (pins > bytesMax - pinnedBytes) {
            return false;
        }
        ByteBuf bytes = copy ? allocator.buffer(pins, pins).writeBytes(frame, index, length) : frame.retainedSlice(index, length);
        Piece piece = new Piece(bytes, pins, copy);
        if (tail == null) {
            range.head = piece;
        } else {
            tail.next = piece;
        }
        range.tail = piece;
        range.right += length;
        pinnedBytes += pins;
        return true;
    }

    /// The next held bytes if they reach `rcvNxt` and beyond, with everything before `rcvNxt` removed.
    ///
    /// @return the bytes, **returned owned**, or null
    ByteBuf poll(int rcvNxt) {
        while (count > 0 && SeqNum.leq(ranges[0].left, rcvNxt)) {
            Range range = ranges[0];
            Piece piece = range.head;
            ByteBuf bytes = piece.bytes;
            int skip = rcvNxt - range.left;
            range.left += bytes.readableBytes();
            range.head = piece.next;
            pinnedBytes -= piece.pinnedBytes;
            if (range.head == null) {
                remove(0);
            }
            if (skip < bytes.readableBytes()) {
                return bytes.skipBytes(skip);
            }
            bytes.release();
        }
        return null;
    }

    /// Writes up to `max` SACK blocks behind the `blocks` ones already in `sack`, most recently touched first (RFC 2018 §4).
    ///
    /// @return blocks in `sack` afterwards
    int writeSack(int[] sack, int blocks, int max) {
        int at = blocks;
        int newestAllowed = clock + 1;
        while (at < max) {
            Range next = null;
            for (int i = 0; i < count; i++) {
                Range range = ranges[i];
                if (range.touched - newestAllowed < 0 && (next == null || range.touched - next.touched > 0)) {
                    next = range;
                }
            }
            if (next == null) {
                return at;
            }
            sack[2 * at] = next.left;
            sack[2 * at + 1] = next.right;
            newestAllowed = next.touched;
            at++;
        }
        return at;
    }

    /// Frees everything.
    void release() {
        for (int i = 0; i < count; i++) {
            for (Piece piece = ranges[i].head; piece != null; piece = piece.next) {
                piece.bytes.release();
            }
            ranges[i] = null;
        }
        count = 0;
        pinnedBytes = 0;
    }

    private void insert(int i, Range range) {
        if (count == ranges.length) {
            ranges = Arrays.copyOf(ranges, 2 * count);
        }
        System.arraycopy(ranges, i, ranges, i + 1, count - i);
        ranges[i] = range;
        count++;
    }

    private void remove(int i) {
        System.arraycopy(ranges, i + 1, ranges, i, count - i - 1);
        ranges[--count] = null;
    }
}
