package dev.jslirp.link;

import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/// Frames whose byte *n* is `n * 7`, whole and in parts.
final class Frames {
    private Frames() {}

    static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 7);
        }
        return bytes;
    }

    /// The pattern with a header of `header` bytes and payload parts of these lengths.
    static OutboundFrame outbound(int header, int... parts) {
        OutboundFrame frame = new OutboundFrame(Unpooled.wrappedBuffer(pattern(header)));
        int at = header;
        for (int part : parts) {
            frame.payload.add(Unpooled.wrappedBuffer(pattern(at + part)), at, part);
            at += part;
        }
        return frame;
    }

    static byte[] bytes(OutboundFrame frame) {
        ByteBuf whole = Unpooled.buffer(frame.length());
        frame.copyTo(whole);
        byte[] bytes = new byte[whole.readableBytes()];
        whole.readBytes(bytes);
        return bytes;
    }
}
