package dev.jslirp.host.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.channels.SocketChannel;

/// The buffer all streams of a loop read into, one after the other.
///
/// A large read is handed out as a slice of the chunk; a small one is copied to a buffer of its size and its
/// room used again, so that few bytes never pin much memory. Idle streams hold no buffer at all.
final class ReadChunk {
    private static final int CHUNK_BYTES = 256 * 1024;
    /// With less room than this a new chunk is begun.
    private static final int MIN_ROOM_BYTES = 64 * 1024;
    /// Reads below this are copied: a slice pins at most 16 times its size.
    private static final int COPY_BELOW_BYTES = 16 * 1024;
    /// Reads begin at a cache line.
    private static final int ALIGN_BYTES = 64;

    private final ByteBufAllocator allocator;
    private ByteBuf chunk;
    private int tail;
    private boolean filled;
    private boolean eof;

    ReadChunk(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    /// Reads once. @return the bytes, **owned** by the caller; null if there were none or at the [#eof]
    ByteBuf read(SocketChannel channel) throws IOException {
        int room = room();
        int length = channel.read(chunk.internalNioBuffer(tail, room));
        eof = length < 0;
        filled = length == room;
        if (length <= 0) {
            return null;
        }
        if (length < COPY_BELOW_BYTES) {
            return allocator.directBuffer(length, length).writeBytes(chunk, tail, length);
        }
        ByteBuf bytes = chunk.retainedSlice(tail, length);
        tail += length + ALIGN_BYTES - 1 & -ALIGN_BYTES;
        return bytes;
    }

    /// Reads once and forgets the bytes. @return whether there may be more
    boolean discard(SocketChannel channel) throws IOException {
        int room = room();
        return channel.read(chunk.internalNioBuffer(tail, room)) == room;
    }

    /// Whether the last read met the end of the stream.
    boolean eof() {
        return eof;
    }

    /// Whether the last read filled its room, so that more bytes may wait.
    boolean filled() {
        return filled;
    }

    void release() {
        if (chunk != null) {
            chunk.release();
            chunk = null;
        }
    }

    private int room() {
        if (chunk == null || CHUNK_BYTES - tail < MIN_ROOM_BYTES) {
            release();
            chunk = allocator.directBuffer(CHUNK_BYTES, CHUNK_BYTES).writerIndex(CHUNK_BYTES);
            tail = 0;
        }
        return CHUNK_BYTES - tail;
    }
}
