package dev.jslirp.lan;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.time.Reactor;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/// An Ethernet switch for the guests of one network, which takes it for its link. See the package documentation.
///
/// Everything but the constructor runs on the reactor's owning thread.
public final class VirtualSwitch implements Link {
    private static final SwitchPort[] NONE = {};

    private final SwitchConfig config;
    private final LinkCapabilities capabilities;
    private final Reactor reactor;
    private final Runnable endRound = this::endRound;
    private final long gatewayMac;
    private final MacTable macs;
    private final LeaseBook leases;
    private final PortGuard guard;
    private final FrameShape shape;
    private final Segmenter segmenter;
    /// The frame that goes from one guest to others.
    private final OutboundFrame relayed;
    /// Replaced when a port comes or goes, so that whoever walks through it is not disturbed.
    private SwitchPort[] ports = NONE;
    private FrameReceiver uplink;
    private boolean inRound;
    private boolean spreading;
    private long nowNs;
    /// What ports that are gone had counted.
    private long droppedBefore;
    private long macLimitsBefore;
    private final long[] dropsBefore = new long[PortDrop.values().length];
    private long portsRefused;
    private boolean closed;

    /// A switch without ports for a network with the addresses of `plan`.
    ///
    /// @param random    where the hash key comes from; a secure one outside of tests
    /// @param allocator where the two header buffers come from
    public VirtualSwitch(SwitchConfig config, AddressPlan plan, Reactor reactor, RandomGenerator random, ByteBufAllocator allocator) {
        this.config = config;
        this.reactor = reactor;
        capabilities = LinkCapabilities.offloading(config.mtuBytes(), true);
        gatewayMac = plan.gatewayMac().bits();
        macs = new MacTable(config, random);
        leases = new LeaseBook(config.leasesMax());
        guard = new PortGuard(plan);
        shape = new FrameShape(config);
        segmenter = new Segmenter(allocator);
        relayed = new OutboundFrame(allocator.directBuffer(OutboundFrame.HEADER_CAPACITY, OutboundFrame.HEADER_CAPACITY));
    }

    // ---- ports

    /// Adds a port for a guest. The switch owns `link` from now on, and has started it if the network has started. The link delivers
    /// no frame from inside its `transmit`; that one would be dropped.
    ///
    /// @return the port; null when there are `portsMax` already, or the switch is closed: then `link` stays the caller's
    /// @throws IllegalArgumentException if the link's MTU is below the network's, or the MAC address is the gateway's or another guarded port's
    public SwitchPort add(PortConfig portConfig, Link link) {
        int mtuBytes = link.capabilities().mtuBytes();
        if (mtuBytes < config.mtuBytes()) {
            throw new IllegalArgumentException("port " + portConfig.name() + ": its MTU " + mtuBytes + " is below the network's "
                    + config.mtuBytes());
        }
        if (portConfig.mac() != null) {
            requireFree(portConfig);
        }
        if (closed || ports.length == config.portsMax()) {
            portsRefused++;
            return null;
        }
        SwitchPort port = new SwitchPort(this, portConfig, link);
        ports = Arrays.copyOf(ports, ports.length + 1);
        ports[ports.length - 1] = port;
        if (uplink != null) {
            port.start();
        }
        return port;
    }

    private void requireFree(PortConfig portConfig) {
        long mac = portConfig.mac().bits();
        if (mac == gatewayMac || guarding(mac) != null) {
            throw new IllegalArgumentException("port " + portConfig.name() + ": MAC address " + portConfig.mac() + " is "
                    + (mac == gatewayMac ? "the gateway's" : "another port's"));
        }
        macs.forget(mac);
    }

    /// The guarded port with this MAC address, or null.
    private SwitchPort guarding(long mac) {
        for (SwitchPort port : ports) {
            if (port.guardedMac() == mac && mac != 0) {
                return port;
            }
        }
        return null;
    }

    void removed(SwitchPort port) {
        macs.forgetAll(port);
        droppedBefore += port.linkDropped();
        macLimitsBefore += port.macLimits();
        for (PortDrop reason : PortDrop.values()) {
            dropsBefore[reason.ordinal()] += port.dropped(reason);
        }
        List<SwitchPort> left = new ArrayList<>(Arrays.asList(ports));
        left.remove(port);
        ports = left.toArray(NONE);
    }

    /// The ports there are, oldest first.
    public List<SwitchPort> ports() {
        return List.of(ports);
    }

    /// Ports not added because of `portsMax`.
    public long portsRefused() {
        return portsRefused;
    }

    /// Frames of guests that were dropped for this reason, those of ports that are gone included.
    public long dropped(PortDrop reason) {
        long dropped = dropsBefore[reason.ordinal()];
        for (SwitchPort port : ports) {
            dropped += port.dropped(reason);
        }
        return dropped;
    }

    /// How often a MAC address was forgotten because of a limit, at ports that are gone included.
    public long macLimits() {
        long limits = macLimitsBefore;
        for (SwitchPort port : ports) {
            limits += port.macLimits();
        }
        return limits;
    }

    /// MAC addresses known now.
    public int macsKnown() {
        return macs.size();
    }

    // ---- leases

    /// An address was leased to a station, or prolonged, which ends what was leased to it before and whoever had the address. Guarded ports
    /// go by this; it is meant for the network's lease listener, leases it restores, and guests with fixed addresses.
    ///
    /// @param address IPv4
    public void lease(MacAddress mac, IpAddress address) {
        leases.put(mac.bits(), address.v4Bits());
        for (SwitchPort port : ports) {
            port.leased(mac.bits(), address.v4Bits());
        }
    }

    int leasedTo(long mac) {
        return leases.addressOf(mac);
    }

    /// Leases forgotten because of `leasesMax`.
    public long leaseLimits() {
        return leases.limits();
    }

    // ---- frames of guests

    /// A frame of the guest at `from`. **Borrows** `frame`.
    void onFrame(SwitchPort from, ByteBuf frame, long offload) {
        if (spreading) {
            from.drop(PortDrop.NESTED);
            return;
        }
        beginRound();
        int off = frame.readerIndex();
        int length = frame.readableBytes();
        if (length < EthernetHeader.LENGTH || length > capabilities.maxFrameBytes()) {
            from.drop(PortDrop.LENGTH);
            return;
        }
        long srcMac = frame.getLong(off + 6) >>> 16;
        int etherType = frame.getUnsignedShort(off + 12);
        PortDrop reason = guard.check(frame, off, length, srcMac, etherType);
        if (reason == PortDrop.NONE && !macs.heard(srcMac, from, nowNs)) {
            reason = admit(srcMac, from);
        }
        if (reason == PortDrop.NONE && from.isGuarded()) {
            reason = guard.checkGuarded(frame, off, length, etherType, from.guardedMac(), from.leasedAddress());
        }
        if (reason == PortDrop.NONE) {
            reason = forward(from, frame, off, length, etherType, offload);
        }
        if (reason != PortDrop.NONE) {
            from.drop(reason);
        }
    }

    /// A station heard for the first time, or at another port than before.
    private PortDrop admit(long mac, SwitchPort from) {
        SwitchPort holder = guarding(mac);
        if (holder != null && holder != from || from.guardedMac() != 0 && from.guardedMac() != mac) {
            return PortDrop.SPOOFED_MAC;
        }
        if (from.isGuarded() && holder == null) {
            from.guard(mac);
        }
        macs.learn(mac, from, ports, nowNs);
        return PortDrop.NONE;
    }

    private PortDrop forward(SwitchPort from, ByteBuf frame, int off, int length, int etherType, long offload) {
        long dstMac = frame.getLong(off) >>> 16;
        if (dstMac == gatewayMac) {
            uplink.onFrame(frame, offload);
            return PortDrop.NONE;
        }
        PortDrop reason = shape.check(frame, off, length, etherType, offload);
        if (reason != PortDrop.NONE) {
            return reason;
        }
        boolean group = MacAddress.isGroup(dstMac);
        SwitchPort known = group ? null : holderOf(dstMac);
        if (known == from) {
            return PortDrop.SAME_PORT;
        }
        relay(frame, off);
        spread(relayed, known, group, from);
        relayed.payload.clear();
        if (group) {
            // Last, for the network may answer at once, through this very switch.
            uplink.onFrame(frame, offload);
        }
        return PortDrop.NONE;
    }

    /// Makes the relayed frame of one in hand that has been checked.
    private void relay(ByteBuf frame, int off) {
        int headerBytes = shape.headerBytes;
        ByteBuf header = relayed.header;
        header.setIndex(0, 0).writeBytes(frame, off, headerBytes);
        relayed.offload = shape.offload;
        int field = Offload.csumStart(shape.offload) + Offload.csumOffset(shape.offload);
        if (shape.pseudoSum >= 0) {
            header.setShort(field, shape.pseudoSum);
        }
        if (shape.udpLength >= 0) {
            header.setShort(field - 2, shape.udpLength);
        }
        relayed.payload.clear();
        if (shape.frameBytes > headerBytes) {
            relayed.payload.add(frame, off + headerBytes, shape.frameBytes - headerBytes);
        }
    }

    /// The port of a station, or null when nobody knows.
    private SwitchPort holderOf(long mac) {
        SwitchPort known = macs.find(mac, nowNs);
        return known != null ? known : guarding(mac);
    }

    /// Sends a frame to the port that is known, else to all that may want it. A guarded port has one station, so it does not want
    /// unicast to one that is nowhere.
    private void spread(OutboundFrame frame, SwitchPort known, boolean group, SwitchPort from) {
        spreading = true;
        try {
            if (known != null) {
                segmenter.transmit(frame, known);
                return;
            }
            for (SwitchPort port : ports) {
                if (port != from && (group || !port.isGuarded())) {
                    segmenter.transmit(frame, port);
                }
            }
        } finally {
            spreading = false;
        }
    }

    // ---- the network's side

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver receiver) {
        uplink = receiver;
        for (SwitchPort port : ports) {
            port.start();
        }
    }

    @Override
    public void transmit(OutboundFrame frame) {
        beginRound();
        long dstMac = frame.header.getLong(frame.header.readerIndex()) >>> 16;
        boolean group = MacAddress.isGroup(dstMac);
        spread(frame, group ? null : holderOf(dstMac), group, null);
    }

    private void beginRound() {
        if (!inRound) {
            inRound = true;
            nowNs = reactor.nowNs();
            reactor.execute(endRound);
        }
    }

    private void endRound() {
        inRound = false;
        flush();
    }

    @Override
    public void flush() {
        for (SwitchPort port : ports) {
            port.flush();
        }
    }

    /// Frames that the guests' links dropped, those of ports that are gone included.
    @Override
    public long dropped() {
        long dropped = droppedBefore;
        for (SwitchPort port : ports) {
            dropped += port.linkDropped();
        }
        return dropped;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (SwitchPort port : ports) {
            port.close();
        }
        segmenter.close();
        relayed.header.release();
    }
}
