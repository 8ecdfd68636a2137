package dev.jslirp.link;

import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The inner link: remembers what it is told to send, as text where it is text, and delivers frames.
final class FakeLink implements Link {
    /// One frame sent.
    record Sent(byte[] bytes, int headerLength, long offload) {
        String text() {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
    }

    final List<Sent> sent = new ArrayList<>();
    final LinkCapabilities capabilities = LinkCapabilities.plain(1_500);
    int flushes;
    int closes;
    private FrameReceiver receiver;

    /// A frame whose header and payload parts are these texts.
    static OutboundFrame frame(String header, String... parts) {
        return frame(header.getBytes(StandardCharsets.ISO_8859_1), parts);
    }

    static OutboundFrame frame(byte[] header, String... parts) {
        OutboundFrame frame = new OutboundFrame(Unpooled.buffer(OutboundFrame.HEADER_CAPACITY).writeBytes(header));
        for (String part : parts) {
            frame.payload.add(Unpooled.copiedBuffer("xy" + part, StandardCharsets.ISO_8859_1), 2, part.length());
        }
        return frame;
    }

    /// Delivers a frame from the guest and checks that it was only borrowed.
    void deliver(byte[] bytes, long offload) {
        ByteBuf frame = Unpooled.buffer(bytes.length + 3).writeZero(3).skipBytes(3).writeBytes(bytes);
        receiver.onFrame(frame, offload);
        if (frame.readerIndex() != 3 || frame.readableBytes() != bytes.length || frame.refCnt() != 1) {
            throw new AssertionError("a borrowed frame was changed");
        }
    }

    void deliver(String text) {
        deliver(text.getBytes(StandardCharsets.ISO_8859_1), 0);
    }

    List<String> sentTexts() {
        return sent.stream().map(Sent::text).toList();
    }

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver frameReceiver) {
        receiver = frameReceiver;
    }

    @Override
    public void transmit(OutboundFrame frame) {
        ByteBuf copy = Unpooled.buffer(frame.length());
        frame.copyTo(copy);
        sent.add(new Sent(copy.array(), frame.header.readableBytes(), frame.offload));
    }

    @Override
    public void flush() {
        flushes++;
    }

    @Override
    public long dropped() {
        return 42;
    }

    @Override
    public void close() {
        closes++;
    }
}
