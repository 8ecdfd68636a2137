package dev.jslirp.link;

import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;

/// Narrows a link: it announces a smaller MTU and no segmentation, and drops every frame of either direction that is longer, as a real
/// wire with that MTU would. For guests behind a tunnel, and to see what a small MTU does.
public final class MtuLink extends ForwardingLink {
    private static final int ETHERNET_HEADER = 14;

    private final LinkCapabilities narrowed;
    private long tooLong;

    /// Narrows `link` to `mtuBytes`, which must be one that [LinkCapabilities] takes; a larger one than the link's own changes nothing.
    public MtuLink(Link link, int mtuBytes) {
        super(link);
        LinkCapabilities wide = link.capabilities();
        int mtu = Math.min(mtuBytes, wide.mtuBytes());
        narrowed = new LinkCapabilities(mtu, wide.checksumOffload(), false, false, mtu + ETHERNET_HEADER);
    }

    @Override
    public LinkCapabilities capabilities() {
        return narrowed;
    }

    @Override
    public void start(FrameReceiver receiver) {
        link.start((frame, offload) -> {
            if (fits(frame.readableBytes(), offload)) {
                receiver.onFrame(frame, offload);
            }
        });
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (fits(frame.length(), frame.offload)) {
            link.transmit(frame);
        }
    }

    private boolean fits(int length, long offload) {
        if (length <= narrowed.maxFrameBytes() && Offload.gsoType(offload) == Offload.GSO_NONE) {
            return true;
        }
        tooLong++;
        return false;
    }

    /// Frames dropped here, of both directions, and those the link itself dropped.
    @Override
    public long dropped() {
        return tooLong + link.dropped();
    }
}
