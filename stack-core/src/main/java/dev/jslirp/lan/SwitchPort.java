package dev.jslirp.lan;

import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;

/// One guest's place on the switch. It owns the guest's link. Everything happens on the owning thread.
public final class SwitchPort implements AutoCloseable {
    /// The first and the last of this port's entries in the table, -1 if there are none, and how many.
    int oldestMac = -1;
    int newestMac = -1;
    int macs;
    long macLimits;

    private final VirtualSwitch lan;
    private final PortConfig config;
    private final Link link;
    private final LinkCapabilities capabilities;
    private final long[] drops = new long[PortDrop.values().length];
    /// The one MAC address of a guarded port; 0 until there is one.
    private long guardedMac;
    /// The address leased to it, or 0.
    private int leasedAddress;
    private long framesFromGuest;
    private long bytesFromGuest;
    private long framesToGuest;
    private long bytesToGuest;
    private boolean written;
    private boolean closed;

    SwitchPort(VirtualSwitch lan, PortConfig config, Link link) {
        this.lan = lan;
        this.config = config;
        this.link = link;
        capabilities = link.capabilities();
        if (config.mac() != null) {
            guard(config.mac().bits());
        }
    }

    void start() {
        link.start(this::onFrame);
    }

    private void onFrame(ByteBuf frame, long offload) {
        if (!closed) {
            framesFromGuest++;
            bytesFromGuest += frame.readableBytes();
            lan.onFrame(this, frame, offload);
        }
    }

    // ---- what the switch asks and tells

    boolean isGuarded() {
        return config.guarded();
    }

    /// The MAC address of a guarded port; 0 before the first frame, and of other ports.
    long guardedMac() {
        return guardedMac;
    }

    int leasedAddress() {
        return leasedAddress;
    }

    /// Holds the port to `mac`.
    void guard(long mac) {
        guardedMac = mac;
        leasedAddress = lan.leasedTo(mac);
    }

    /// Somebody was leased `address`.
    void leased(long mac, int address) {
        if (guardedMac == mac) {
            leasedAddress = address;
        } else if (leasedAddress == address) {
            leasedAddress = 0;
        }
    }

    void drop(PortDrop reason) {
        drops[reason.ordinal()]++;
    }

    LinkCapabilities capabilities() {
        return capabilities;
    }

    /// Sends a frame that fits the link's capabilities; nothing happens when the port has closed meanwhile. **Borrows** `frame`.
    void transmit(OutboundFrame frame) {
        if (!closed) {
            framesToGuest++;
            bytesToGuest += frame.length();
            written = true;
            link.transmit(frame);
        }
    }

    void flush() {
        if (written && !closed) {
            written = false;
            link.flush();
        }
    }

    // ---- statistics

    /// The name it was given.
    public String name() {
        return config.name();
    }

    /// Frames the guest sent.
    public long framesFromGuest() {
        return framesFromGuest;
    }

    /// Bytes of these.
    public long bytesFromGuest() {
        return bytesFromGuest;
    }

    /// Frames handed to the guest's link, segments counted one by one; see [#linkDropped].
    public long framesToGuest() {
        return framesToGuest;
    }

    /// Bytes of these.
    public long bytesToGuest() {
        return bytesToGuest;
    }

    /// Frames of the guest that were dropped for this reason.
    public long dropped(PortDrop reason) {
        return drops[reason.ordinal()];
    }

    /// Frames to the guest that its link dropped, having no room.
    public long linkDropped() {
        return link.dropped();
    }

    /// How often one of this guest's MAC addresses was forgotten because of a limit.
    public long macLimits() {
        return macLimits;
    }

    /// Whether the port has left the switch.
    public boolean isClosed() {
        return closed;
    }

    /// Takes the port off the switch, which forgets its addresses, and closes its link. Idempotent; may be called from inside
    /// a call of the link.
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            link.close();
            lan.removed(this);
        }
    }
}
