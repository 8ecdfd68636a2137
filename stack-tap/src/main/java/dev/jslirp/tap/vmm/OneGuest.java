package dev.jslirp.tap.vmm;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.wire.OutboundFrame;

/// A network for one guest at a time. What the network knows, flows included, outlives the guest's link.
final class OneGuest implements Link, GuestPorts {
    private final LinkCapabilities capabilities;
    private FrameReceiver receiver;
    private Link guest;
    private long dropped;

    OneGuest(int mtuBytes) {
        capabilities = LinkCapabilities.plain(mtuBytes);
    }

    @Override
    public boolean attach(Link newGuest) {
        if (guest != null) {
            return false;
        }
        guest = newGuest;
        guest.start(receiver);
        return true;
    }

    @Override
    public void detach(Link oldGuest) {
        if (guest == oldGuest) {
            dropped += guest.dropped();
            guest = null;
        }
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
        if (guest == null) {
            dropped++;
        } else {
            guest.transmit(frame);
        }
    }

    @Override
    public void flush() {
        if (guest != null) {
            guest.flush();
        }
    }

    @Override
    public long dropped() {
        return guest == null ? dropped : dropped + guest.dropped();
    }

    @Override
    public void close() {
        guest = null;
    }
}
