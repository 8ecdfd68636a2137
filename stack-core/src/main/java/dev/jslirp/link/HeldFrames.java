package dev.jslirp.link;

import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;

/// Frames that a guest has no room for yet, copied, oldest first, within a number of frames and bytes.
final class HeldFrames {
    private record Held(ByteBuf bytes, int headerLength, long offload) {}

    private final ByteBufAllocator allocator;
    private final int framesMax;
    private final int bytesMax;
    private final ArrayDeque<Held> frames = new ArrayDeque<>();
    private int bytes;
    /// The oldest one as a sink sees it.
    private OutboundFrame view;

    HeldFrames(ByteBufAllocator allocator, int framesMax, int bytesMax) {
        this.allocator = allocator;
        this.framesMax = framesMax;
        this.bytesMax = bytesMax;
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    int size() {
        return frames.size();
    }

    /// Keeps a copy. **Borrows** `frame`. @return false when there is no room
    boolean add(OutboundFrame frame) {
        int length = frame.length();
        if (frames.size() >= framesMax || length > bytesMax - bytes) {
            return false;
        }
        ByteBuf copy = allocator.directBuffer(length, length);
        frame.copyTo(copy);
        frames.add(new Held(copy, frame.header.readableBytes(), frame.offload));
        bytes += length;
        return true;
    }

    /// The oldest frame, valid until the next call; there must be one.
    OutboundFrame first() {
        if (view == null) {
            view = new OutboundFrame(allocator.directBuffer(OutboundFrame.HEADER_CAPACITY, OutboundFrame.HEADER_CAPACITY));
        }
        Held first = frames.peek();
        view.header.clear().writeBytes(first.bytes, 0, first.headerLength);
        view.payload.clear();
        if (first.bytes.readableBytes() > first.headerLength) {
            view.payload.add(first.bytes, first.headerLength, first.bytes.readableBytes() - first.headerLength);
        }
        view.offload = first.offload;
        return view;
    }

    void removeFirst() {
        Held first = frames.poll();
        bytes -= first.bytes.readableBytes();
        first.bytes.release();
        if (frames.isEmpty()) {
            releaseView();
        }
    }

    private void releaseView() {
        if (view != null) {
            view.payload.clear();
            view.header.release();
            view = null;
        }
    }

    /// Drops everything. @return how many frames
    int release() {
        int count = frames.size();
        while (!frames.isEmpty()) {
            removeFirst();
        }
        releaseView();
        return count;
    }
}
