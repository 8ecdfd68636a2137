package dev.jslirp.net;

import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.ArpHeader;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// Takes ARP from guests: answers for the gateway's addresses, learns where guests are.
public final class ArpResponder {
    private final GuestLink link;
    private final AddressPlan plan;
    private final NeighborTable neighbors;
    private final Counters counters;

    /// Answers through `link` for the addresses that are ours in `plan`, teaches `neighbors`.
    public ArpResponder(GuestLink link, AddressPlan plan, NeighborTable neighbors, Counters counters) {
        this.link = link;
        this.plan = plan;
        this.neighbors = neighbors;
        this.counters = counters;
    }

    /// One ARP message behind the Ethernet header that `view` holds. **Borrows** `frame`.
    void onArp(PacketView view, ByteBuf frame, int off, int available, long nowNs) {
        DropReason reason = hear(view, frame, off, available, nowNs);
        if (reason != DropReason.NONE) {
            counters.drop(reason);
            return;
        }
        int target = ArpHeader.targetIp(frame, off);
        if (ArpHeader.operation(frame, off) == ArpHeader.REQUEST && plan.isOurs(0, IpAddress.v4Lo(target))) {
            reply(ArpHeader.senderMac(frame, off), ArpHeader.senderIp(frame, off), target);
        }
    }

    /// Learns from a message as [#onArp] does, and does nothing else.
    ///
    /// @return why nothing may be learned from it
    DropReason hear(PacketView view, ByteBuf frame, int off, int available, long nowNs) {
        DropReason reason = ArpHeader.check(frame, off, available);
        return reason == DropReason.NONE ? learn(view, frame, off, nowNs) : reason;
    }

    private DropReason learn(PacketView view, ByteBuf frame, int off, long nowNs) {
        long mac = ArpHeader.senderMac(frame, off);
        if (mac == 0 || MacAddress.isGroup(mac)) {
            return DropReason.ARP_MALFORMED;
        }
        // Who speaks for another station's hardware address would divert that station's packets, or ours.
        if (mac != view.srcMac) {
            return DropReason.ARP_SPOOFED;
        }
        int sender = ArpHeader.senderIp(frame, off);
        if (sender == 0) {
            // RFC 5227 §2.1.1: a probe claims nothing, so nothing is learned.
            return ArpHeader.operation(frame, off) == ArpHeader.REQUEST ? DropReason.NONE : DropReason.ARP_MALFORMED;
        }
        long senderLo = IpAddress.v4Lo(sender);
        if (!plan.isGuest(0, senderLo)) {
            return DropReason.ARP_SPOOFED;
        }
        neighbors.heard(0, senderLo, mac, nowNs);
        return DropReason.NONE;
    }

    private void reply(long targetMac, int targetIp, int ourIp) {
        long ours = plan.gatewayMac().bits();
        OutboundFrame out = link.begin(EthernetHeader.LENGTH + ArpHeader.LENGTH);
        EthernetHeader.write(out.header, 0, targetMac, ours, EthernetHeader.TYPE_ARP);
        ArpHeader.write(out.header, EthernetHeader.LENGTH, ArpHeader.REPLY, ours, ourIp, targetMac, targetIp);
        link.transmit();
        counters.increment(Counter.ARP_REPLIES_SENT);
    }
}
