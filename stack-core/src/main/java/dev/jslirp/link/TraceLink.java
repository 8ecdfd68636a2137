package dev.jslirp.link;

import dev.jslirp.wire.FrameText;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.function.Consumer;

/// Tells of every frame in one line of text, in the notation of [FrameText]: `<` from the guest, `>` to it.
///
/// For debugging: it allocates for every frame.
public final class TraceLink extends LinkDecorator {
    private final Consumer<String> lines;
    private final ByteBuf head;
    private boolean closed;

    /// Gives each line to `lines`, for instance `LOG::trace`.
    ///
    /// @param allocator of a small buffer that headers are put together in
    public TraceLink(Link link, Consumer<String> lines, ByteBufAllocator allocator) {
        super(link);
        this.lines = lines;
        head = allocator.buffer(FrameText.HEAD_BYTES, FrameText.HEAD_BYTES);
    }

    @Override
    void onFrame(ByteBuf frame, long offload) {
        lines.accept("< " + FrameText.of(frame, frame.readerIndex(), frame.readableBytes(), offload));
        receiver.onFrame(frame, offload);
    }

    @Override
    public void transmit(OutboundFrame frame) {
        head.clear();
        append(frame.header, frame.header.readerIndex(), frame.header.readableBytes());
        for (int i = 0; i < frame.payload.parts() && head.isWritable(); i++) {
            append(frame.payload.buffer(i), frame.payload.index(i), frame.payload.length(i));
        }
        lines.accept("> " + FrameText.of(head, 0, frame.length(), frame.offload));
        link.transmit(frame);
    }

    private void append(ByteBuf bytes, int index, int length) {
        head.writeBytes(bytes, index, Math.min(length, head.writableBytes()));
    }

    @Override
    public void close() {
        link.close();
        if (!closed) {
            closed = true;
            head.release();
        }
    }
}
