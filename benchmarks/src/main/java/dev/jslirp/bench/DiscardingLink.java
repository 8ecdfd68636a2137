package dev.jslirp.bench;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.OutboundFrame;

/// A link whose guest remembers of each frame only what it must acknowledge.
final class DiscardingLink implements Link {
    private static final int SEQ = EthernetHeader.LENGTH + Ipv4Header.MIN_LENGTH + 4;

    FrameReceiver receiver;
    /// Sequence number of the last TCP segment, and the one behind its payload.
    int seq;
    int seqEnd;
    long frames;
    private final LinkCapabilities capabilities;

    DiscardingLink(LinkCapabilities capabilities) {
        this.capabilities = capabilities;
    }

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver receiver) {
        this.receiver = receiver;
    }

    @Override
    public void transmit(OutboundFrame frame) {
        frames++;
        seq = frame.header.getInt(SEQ);
        seqEnd = seq + frame.payload.length();
    }

    @Override
    public void flush() {}

    @Override
    public long dropped() {
        return 0;
    }

    @Override
    public void close() {}
}
