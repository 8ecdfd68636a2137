package dev.jslirp.tap.vhost;

import dev.jslirp.wire.Payload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;

/// Frames that wait for buffers of one receive queue, oldest first.
///
/// They are copies: a retained payload could pin far more than its size, and whoever waits here is slower than a copy. The first eight
/// bytes of each buffer are the frame's offload.
final class Backlog {
    /// What a buffer costs besides its bytes; so many tiny frames count for what they are.
    static final int FRAME_COST_BYTES = 128;
    private static final int OFFLOAD_BYTES = 8;

    private final ByteBufAllocator allocator;
    private final int bytesMax;
    private final ArrayDeque<ByteBuf> frames = new ArrayDeque<>();
    private int bytes;

    /// An empty backlog of at most `bytesMax` bytes.
    Backlog(ByteBufAllocator allocator, int bytesMax) {
        this.allocator = allocator;
        this.bytesMax = bytesMax;
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    /// Appends a frame; **borrows** both buffers. @return whether there was room
    boolean add(ByteBuf header, Payload payload, long offload) {
        int length = OFFLOAD_BYTES + header.readableBytes() + payload.length();
        if (length + FRAME_COST_BYTES > bytesMax - bytes) {
            return false;
        }
        ByteBuf frame = allocator.directBuffer(length, length).writeLong(offload);
        frame.writeBytes(header, header.readerIndex(), header.readableBytes());
        payload.copyTo(frame);
        frame.skipBytes(OFFLOAD_BYTES);
        frames.add(frame);
        bytes += length + FRAME_COST_BYTES;
        return true;
    }

    /// The oldest frame, which stays this backlog's.
    ByteBuf first() {
        return frames.element();
    }

    /// What is left to the guest of [#first].
    long firstOffload() {
        return frames.element().getLong(0);
    }

    /// Releases the oldest frame.
    void removeFirst() {
        ByteBuf frame = frames.remove();
        bytes -= frame.capacity() + FRAME_COST_BYTES;
        frame.release();
    }

    /// Releases every frame. @return how many there were
    int clear() {
        int count = frames.size();
        while (!frames.isEmpty()) {
            removeFirst();
        }
        return count;
    }
}
