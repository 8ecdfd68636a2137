package dev.jslirp.link;

import dev.jslirp.wire.OutboundFrame;

/// A link that passes everything on to another one: what decorators begin with.
abstract class ForwardingLink implements Link {
    /// The decorated link.
    final Link link;

    ForwardingLink(Link link) {
        this.link = link;
    }

    @Override
    public LinkCapabilities capabilities() {
        return link.capabilities();
    }

    @Override
    public void start(FrameReceiver receiver) {
        link.start(receiver);
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
