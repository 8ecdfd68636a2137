package dev.jslirp.tap.vmm;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.wire.Offload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// Cuts a stream into frames: each follows its length, 32 bits, most significant octet first.
///
/// [#room], then read into [#buffer] at [#index], then [#received]. Frames are lent where they lie. Between bursts no buffer is held.
final class FrameSplitter {
    /// Bytes of a length.
    static final int LENGTH_BYTES = 4;
    /// An Ethernet header.
    static final int FRAME_BYTES_MIN = 14;
    /// Ethernet header, one VLAN tag, the largest IP packet.
    static final int FRAME_BYTES_MAX = 14 + 4 + 65_535;
    /// The answer of [#received] when all is well.
    static final long FINE = -1;

    /// As small as three of the largest frames allow: a part of a frame may be kept by the stack as it is, if it is not too small a part
    /// of the buffer.
    private static final int BUFFER_BYTES = 192 * 1024;
    /// A frame that begins before the room fits whole.
    private static final int ROOM_MIN_BYTES = LENGTH_BYTES + FRAME_BYTES_MAX;

    private final ByteBufAllocator allocator;
    private ByteBuf buffer;
    /// Absolute indexes of the first byte that is not cut, and of the end.
    private int head;
    private int tail;

    FrameSplitter(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    /// Makes room for a read. @return how many bytes, at least the largest frame
    int room() {
        if (buffer == null) {
            buffer = allocator.directBuffer(BUFFER_BYTES, BUFFER_BYTES);
            head = 0;
            tail = 0;
        } else if (BUFFER_BYTES - tail < ROOM_MIN_BYTES) {
            moveRest();
        }
        return BUFFER_BYTES - tail;
    }

    /// To the front; of another buffer, if the stack keeps something of this one.
    private void moveRest() {
        int rest = tail - head;
        if (buffer.refCnt() == 1) {
            buffer.setBytes(0, buffer, head, rest);
        } else {
            ByteBuf fresh = allocator.directBuffer(BUFFER_BYTES, BUFFER_BYTES).setBytes(0, buffer, head, rest);
            buffer.release();
            buffer = fresh;
        }
        head = 0;
        tail = rest;
    }

    /// Where to read to; borrowed until the next call of [#room].
    ByteBuf buffer() {
        return buffer;
    }

    /// Absolute index in [#buffer] where the room begins.
    int index() {
        return tail;
    }

    /// Hands on the frames that `count` more bytes complete.
    ///
    /// @return [#FINE], or the length that no frame can have; the stream is of no use then
    long received(int count, FrameReceiver receiver) {
        tail += count;
        while (tail - head >= LENGTH_BYTES) {
            long length = buffer.getUnsignedInt(head);
            if (length < FRAME_BYTES_MIN || length > FRAME_BYTES_MAX) {
                return length;
            }
            int from = head + LENGTH_BYTES;
            int to = from + (int) length;
            if (to > tail) {
                break;
            }
            head = to;
            buffer.setIndex(from, to);
            receiver.onFrame(buffer, Offload.NONE);
            if (buffer == null) {
                return FINE;
            }
        }
        if (head == tail && buffer.refCnt() == 1) {
            head = 0;
            tail = 0;
        }
        return FINE;
    }

    /// Whether the stream has stopped between two frames.
    boolean isBetweenFrames() {
        return head == tail;
    }

    /// Gives the buffer up if nothing in it is needed.
    void rest() {
        if (isBetweenFrames()) {
            release();
        }
    }

    /// Gives the buffer up; allowed from inside the receiver.
    void release() {
        if (buffer != null) {
            buffer.release();
            buffer = null;
            head = 0;
            tail = 0;
        }
    }
}
