package dev.jslirp.nat;

import dev.jslirp.host.HostError;
import dev.jslirp.net.PacketHandler;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.UdpHeader;
import io.netty.buffer.ByteBuf;
import java.io.IOException;

/// The guest's UDP datagrams that no service of the gateway takes.
public final class UdpNat implements PacketHandler {
    final NatShared nat;
    /// All UDP flows, the one quiet for longest first.
    private final FlowList flows = new FlowList();

    /// The UDP part of `nat`.
    public UdpNat(NatShared nat) {
        this.nat = nat;
    }

    /// One datagram whose UDP header is decoded and checked. **Borrows** `frame`.
    @Override
    public void onPacket(PacketView packet, ByteBuf frame, long nowNs) {
        UdpMapping answered = forwardAnsweredBy(packet);
        if (answered != null) {
            answered.send(packet, frame, nowNs);
            return;
        }
        switch (nat.policy().classify(packet.dstHi, packet.dstLo)) {
            case OUTSIDE, HOST_LOOPBACK -> {
                UdpMapping flow = flowOf(packet, nowNs);
                if (flow != null) {
                    flow.send(packet, frame, nowNs);
                }
            }
            case SERVICES_ONLY -> {
                nat.counters().drop(DropReason.UDP_REFUSED);
                unreachable(HostError.REFUSED, packet.srcHi, packet.srcLo, packet.srcPort, packet.dstHi, packet.dstLo,
                        packet.dstPort, nowNs);
            }
            case REFUSED -> {
                nat.counters().drop(DropReason.POLICY);
                nat.output().icmpError(packet, frame, IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.ADMIN_PROHIBITED, 0, nowNs);
            }
            case ON_LINK -> {
                nat.counters().drop(DropReason.POLICY);
                nat.output().icmpError(packet, frame, IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.HOST_UNREACHABLE, 0, nowNs);
            }
            case GROUP -> nat.counters().drop(DropReason.POLICY);
        }
    }

    /// The forward's peer that the guest answers with this datagram, or null.
    private UdpMapping forwardAnsweredBy(PacketView packet) {
        if (packet.dstLo != nat.plan().gateway().lo()) {
            return null;
        }
        return (UdpMapping) nat.flows().find(packet.srcHi, packet.srcLo, packet.dstHi, packet.dstLo,
                Flow.ports(packet.srcPort, packet.dstPort), Ipv4Header.UDP);
    }

    private UdpMapping flowOf(PacketView packet, long nowNs) {
        UdpMapping known = (UdpMapping) nat.flows().find(packet.srcHi, packet.srcLo, 0, 0, Flow.ports(packet.srcPort, 0), Ipv4Header.UDP);
        return known != null ? known : open(packet, nowNs);
    }

    private UdpFlow open(PacketView packet, long nowNs) {
        if (!admit(packet.srcHi, packet.srcLo)) {
            nat.counters().drop(DropReason.FLOW_LIMIT);
            return null;
        }
        UdpFlow flow = new UdpFlow(this, packet, nowNs);
        add(flow);
        try {
            flow.opened(nat.host().openDatagrams(null, IpAddress.toInetAddress(packet.dstHi, packet.dstLo), flow));
        } catch (IOException e) {
            // Out of descriptors, most likely. The guest's own retry comes when there may be some again.
            nat.counters().increment(Counter.UDP_SEND_FAILED);
            flow.remove();
            return null;
        }
        return flow;
    }

    /// Makes room for one more flow by ending the one quiet for longest, of a guest that has its share or more: UDP does not
    /// say when a conversation is over, so that is the one most likely over, and a guest that scans cannot lock out name look-ups.
    boolean admit(long guestHi, long guestLo) {
        if (nat.flows().sizeOf(guestHi, guestLo) >= nat.config().flowsPerGuestMax()) {
            nat.counters().increment(Counter.GUEST_FLOW_LIMIT);
            return false;
        }
        boolean full = nat.flows().size() >= nat.config().flowsMax();
        if (full || flows.size() >= nat.config().udpFlowsMax()) {
            nat.counters().increment(Counter.UDP_FLOW_LIMIT);
            if (flows.oldest() == null) {
                return false;
            }
            flows.victim().remove();
        }
        return true;
    }

    void add(UdpMapping flow) {
        nat.flows().add(flow);
        flows.add(flow);
        nat.counters().increment(Counter.UDP_FLOWS_OPENED);
    }

    /// Tells the guest what became of a datagram it sent to the far endpoint.
    void unreachable(HostError error, long guestHi, long guestLo, int guestPort, long farHi, long farLo, int farPort, long nowNs) {
        int code = switch (error) {
            case REFUSED, RESET -> IcmpHeader.PORT_UNREACHABLE;
            case HOST_UNREACHABLE -> IcmpHeader.HOST_UNREACHABLE;
            case NETWORK_UNREACHABLE -> IcmpHeader.NET_UNREACHABLE;
            case PROHIBITED -> IcmpHeader.ADMIN_PROHIBITED;
            // The path's MTU is not known here, and "fragmentation needed" without it only stalls the guest.
            case TOO_BIG, TIMED_OUT, NO_RESOURCES, UNSUPPORTED, OTHER -> -1;
        };
        if (code < 0) {
            nat.counters().increment(Counter.UDP_SEND_FAILED);
            return;
        }
        // Only the addressed host itself can say that a port is closed; it speaks under the name the guest knows.
        boolean fromHost = code == IcmpHeader.PORT_UNREACHABLE;
        IpAddress gateway = nat.plan().gateway();
        long header = (long) Flow.ports(guestPort, farPort) << 32 | (long) UdpHeader.LENGTH << 16;
        nat.output().icmpErrorFor(fromHost ? farHi : gateway.hi(), fromHost ? farLo : gateway.lo(), guestHi, guestLo, farHi, farLo,
                Ipv4Header.UDP, header, IcmpHeader.DESTINATION_UNREACHABLE, code, 0, nowNs);
    }
}
