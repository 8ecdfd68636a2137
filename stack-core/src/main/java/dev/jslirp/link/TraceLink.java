package dev.jslirp.link;

import dev.jslirp.wire.FrameText;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.function.Consumer;

/// Describes every frame in one line of text: `<` from the guest, `>` to the guest. For eyes, not for speed: it copies and allocates.
public final class TraceLink extends ForwardingLink {
    private final Consumer<String> lines;
    private final ByteBufAllocator allocator;
    private final FrameText text = new FrameText();

    /// Describes what passes through `link` to `lines`.
    public TraceLink(Link link, Consumer<String> lines, ByteBufAllocator allocator) {
        super(link);
        this.lines = lines;
        this.allocator = allocator;
    }

    @Override
    public void start(FrameReceiver receiver) {
        link.start((frame, offload) -> {
            lines.accept("< " + text.describe(frame, offload));
            receiver.onFrame(frame, offload);
        });
    }

    @Override
    public void transmit(OutboundFrame frame) {
        ByteBuf whole = allocator.buffer(frame.length(), frame.length());
        frame.copyTo(whole);
        lines.accept("> " + text.describe(whole, frame.offload));
        whole.release();
        link.transmit(frame);
    }
}
