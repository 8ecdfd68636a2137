package dev.jslirp.net;

import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// IPv4 from guests: checks header, source, destination and TTL, reassembles, hands on by protocol.
///
/// Handlers get packets for [Destination#OURS], `BROADCAST`, `MULTICAST` and `OUTSIDE`, told apart with
/// [AddressPlan#destination].
public final class Ipv4Input {
    private final AddressPlan plan;
    private final NeighborTable neighbors;
    private final Ipv4Reassembler reassembler;
    private final FrameOutput output;
    private final Counters counters;
    private final PacketHandler[] handlers = new PacketHandler[256];

    /// An input without handlers, see [#register].
    public Ipv4Input(AddressPlan plan, NeighborTable neighbors, Ipv4Reassembler reassembler, FrameOutput output, Counters counters) {
        this.plan = plan;
        this.neighbors = neighbors;
        this.reassembler = reassembler;
        this.output = output;
        this.counters = counters;
    }

    /// Sends all packets of an IP protocol (0 … 255) to `handler`, in place of any earlier one.
    public void register(int protocol, PacketHandler handler) {
        handlers[protocol] = handler;
    }

    /// One packet at `off` behind the Ethernet header that `view` holds. **Borrows** `frame`.
    void onPacket(PacketView view, ByteBuf frame, int off, int available, long nowNs) {
        DropReason reason = Ipv4Header.decode(frame, off, available, view);
        if (reason == DropReason.NONE) {
            reason = checkSource(view);
        }
        if (reason == DropReason.NONE) {
            if (!IpAddress.isUnspecified(view.srcHi, view.srcLo)) {
                neighbors.heard(view.srcHi, view.srcLo, view.srcMac, nowNs);
            }
            reason = checkDestination(view, frame, nowNs);
        }
        if (reason != DropReason.NONE) {
            counters.drop(reason);
        } else if (view.isFragment()) {
            onFragment(view, frame, nowNs);
        } else {
            deliver(view, frame, nowNs);
        }
    }

    private DropReason checkSource(PacketView view) {
        if (plan.isGuest(view.srcHi, view.srcLo)) {
            return DropReason.NONE;
        }
        // RFC 1122 §3.2.1.3 (a): 0.0.0.0 is a source only of a host that learns its address, that is of DHCP.
        boolean booting = IpAddress.isUnspecified(view.srcHi, view.srcLo) && view.protocol == Ipv4Header.UDP
                && IpAddress.isLimitedBroadcast(view.dstHi, view.dstLo);
        return booting ? DropReason.NONE : DropReason.IPV4_SOURCE;
    }

    private DropReason checkDestination(PacketView view, ByteBuf frame, long nowNs) {
        Destination destination = plan.destination(view.dstHi, view.dstLo);
        switch (destination) {
            case BROADCAST, MULTICAST -> {
                return DropReason.NONE;
            }
            case INVALID -> {
                return DropReason.IPV4_DESTINATION;
            }
            case OURS, GUEST, OUTSIDE -> {
                // RFC 1122 §3.3.6, RFC 1812 §5.3.4: a link-layer broadcast carries no unicast.
                if (MacAddress.isGroup(view.dstMac)) {
                    return DropReason.IPV4_DESTINATION;
                }
            }
        }
        if (destination == Destination.GUEST) {
            // Guests reach each other on the link, never through the gateway.
            output.icmpError(view, frame, IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.HOST_UNREACHABLE, 0, nowNs);
            return DropReason.IPV4_DESTINATION;
        }
        if (destination == Destination.OUTSIDE && view.ttl <= 1) {
            output.icmpError(view, frame, IcmpHeader.TIME_EXCEEDED, IcmpHeader.TTL_EXCEEDED, 0, nowNs);
            return DropReason.IPV4_TTL;
        }
        return DropReason.NONE;
    }

    private void onFragment(PacketView view, ByteBuf frame, long nowNs) {
        ByteBuf whole = reassembler.add(view, frame, nowNs);
        if (whole == null) {
            return;
        }
        try {
            view.offload = Offload.NONE;
            DropReason reason = Ipv4Header.decode(whole, 0, whole.readableBytes(), view);
            if (reason == DropReason.NONE) {
                deliver(view, whole, nowNs);
            } else {
                counters.drop(reason);
            }
        } finally {
            whole.release();
        }
    }

    private void deliver(PacketView view, ByteBuf frame, long nowNs) {
        PacketHandler handler = handlers[view.protocol];
        if (handler == null) {
            output.icmpError(view, frame, IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.PROTOCOL_UNREACHABLE, 0, nowNs);
            counters.drop(DropReason.IP_PROTOCOL);
            return;
        }
        handler.onPacket(view, frame, nowNs);
    }
}
