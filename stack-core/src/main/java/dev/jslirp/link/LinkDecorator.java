package dev.jslirp.link;

import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;

/// A link around another link, which it owns: everything passes, and a subclass overrides what it looks at.
abstract class LinkDecorator implements Link {
    final Link link;
    /// Set by [#start].
    FrameReceiver receiver;

    LinkDecorator(Link link) {
        this.link = link;
    }

    /// A frame from the guest, to be passed to [#receiver]. **Borrows** `frame`.
    abstract void onFrame(ByteBuf frame, long offload);

    @Override
    public LinkCapabilities capabilities() {
        return link.capabilities();
    }

    @Override
    public void start(FrameReceiver frameReceiver) {
        receiver = frameReceiver;
        link.start(this::onFrame);
    }

    @Override
    public void transmit(OutboundFrame frame) {
        link.transmit(frame);
    }

    @Override
    public void flush() {
        link.flush();
    }

    @Override
    public long dropped() {
        return link.dropped();
    }

    @Override
    public void close() {
        link.close();
    }
}
