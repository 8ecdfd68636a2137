package dev.jslirp.net;

import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// A copy of a whole outbound frame whose next hop is being resolved.
final class HeldFrame {
    private final ByteBuf bytes;
    private final int headerLength;
    private final long offload;

    HeldFrame(OutboundFrame frame, ByteBufAllocator allocator) {
        headerLength = frame.header.readableBytes();
        offload = frame.offload;
        bytes = allocator.directBuffer(frame.length(), frame.length());
        frame.copyTo(bytes);
    }

    /// Sends and releases it.
    void sendTo(long mac, GuestLink link) {
        try {
            OutboundFrame frame = link.begin(headerLength);
            frame.offload = offload;
            frame.header.setBytes(0, bytes, 0, headerLength);
            // The destination is the first 48 bits; the source behind it stands already.
            frame.header.setInt(0, (int) (mac >>> 16));
            frame.header.setShort(4, (int) mac);
            if (bytes.writerIndex() > headerLength) {
                frame.payload.add(bytes, headerLength, bytes.writerIndex() - headerLength);
            }
            link.transmit();
        } finally {
            release();
        }
    }

    int heldBytes() {
        return bytes.capacity();
    }

    void release() {
        bytes.release();
    }
}
