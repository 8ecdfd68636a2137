package dev.jslirp.host;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// The buffer all streams of a loop read into, one after the other. For those who implement [HostStream]: [#room], then read into
/// [#buffer] at [#index], then [#take] what came.
///
/// A large read is handed out as a slice of the chunk; a small one is copied to a buffer of its size and its
/// room used again, so that few bytes never pin much memory. Idle streams hold no buffer at all. One thread only.
public final class ReadChunk {
    private static final int CHUNK_BYTES = 256 * 1024;
    /// With less room than this a new chunk is begun, so a read that fills its room is at least this long.
    public static final int MIN_ROOM_BYTES = 64 * 1024;
    /// Reads below this are copied: a slice pins at most 16 times its size.
    private static final int COPY_BELOW_BYTES = 16 * 1024;
    /// Reads begin at a cache line.
    private static final int ALIGN_BYTES = 64;

    private final ByteBufAllocator allocator;
    private ByteBuf chunk;
    private int tail;

    /// Chunks come from `allocator`.
    public ReadChunk(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    /// Makes room for a read. @return how many bytes, at least [#MIN_ROOM_BYTES]
    public int room() {
        if (chunk == null || CHUNK_BYTES - tail < MIN_ROOM_BYTES) {
            release();
            chunk = allocator.directBuffer(CHUNK_BYTES, CHUNK_BYTES).writerIndex(CHUNK_BYTES);
            tail = 0;
        }
        return CHUNK_BYTES - tail;
    }

    /// Where to read to; borrowed until the next [#room].
    public ByteBuf buffer() {
        return chunk;
    }

    /// Absolute index in [#buffer] where the room begins.
    public int index() {
        return tail;
    }

    /// The `length` bytes (at least one) just read. @return **owned** by the caller
    public ByteBuf take(int length) {
        if (length < COPY_BELOW_BYTES) {
            return allocator.directBuffer(length, length).writeBytes(chunk, tail, length);
        }
        ByteBuf bytes = chunk.retainedSlice(tail, length);
        tail += length + ALIGN_BYTES - 1 & -ALIGN_BYTES;
        return bytes;
    }

    /// Gives the chunk up; the next [#room] begins a new one.
    public void release() {
        if (chunk != null) {
            chunk.release();
            chunk = null;
        }
    }
}
