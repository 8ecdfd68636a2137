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
import java.net.InetAddress;
import java.net.InetSocketAddress;

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
        UdpMapping exact = exactFlow(packet);
        if (exact != null) {
            exact.send(packet, frame, nowNs);
        } else if (nat.policy().isAsked()) {
            onPacketAsAsked(packet, frame, nowNs);
        } else {
            onPacketByAddress(packet, frame, nowNs);
        }
    }

    private void onPacketAsAsked(PacketView packet, ByteBuf frame, long nowNs) {
        if (nat.policy().classify(packet.dstHi, packet.dstLo) == NatPolicy.Destination.GROUP) {
            nat.counters().drop(DropReason.POLICY);
            return;
        }
        UdpFlow known = flowOf(packet);
        if (known != null && known.hasSentTo(packet)) {
            known.send(packet, frame, nowNs);
            return;
        }
        switch (nat.policy().ask(PortForward.Protocol.UDP, packet)) {
            case FlowPolicy.Verdict.Pass _ -> onPacketByAddress(packet, frame, nowNs);
            case FlowPolicy.Verdict.Deny(HostError error) -> deny(error, packet, nowNs);
            case FlowPolicy.Verdict.Redirect(InetSocketAddress host) ->
                sendBy(open(packet, host, nowNs), packet, frame, nowNs);
            case FlowPolicy.Verdict.Connect _ -> deny(HostError.PROHIBITED, packet, nowNs);
        }
    }

    private void onPacketByAddress(PacketView packet, ByteBuf frame, long nowNs) {
        switch (nat.policy().classify(packet.dstHi, packet.dstLo, Ipv4Header.UDP, packet.dstPort)) {
            case OUTSIDE, HOST_LOOPBACK -> {
                UdpFlow known = flowOf(packet);
                sendBy(known != null ? known : open(packet, null, nowNs), packet, frame, nowNs);
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

    private void deny(HostError error, PacketView packet, long nowNs) {
        nat.counters().drop(DropReason.POLICY);
        unreachable(error, packet.srcHi, packet.srcLo, packet.srcPort, packet.dstHi, packet.dstLo, packet.dstPort, nowNs);
    }

    private static void sendBy(UdpFlow flow, PacketView packet, ByteBuf frame, long nowNs) {
        if (flow != null) {
            flow.send(packet, frame, nowNs);
        }
    }

    /// The flow that has this very destination: a forward's peer, which the guest sees at the gateway, or a redirected flow. Null if
    /// there is none.
    private UdpMapping exactFlow(PacketView packet) {
        if (packet.dstLo != nat.plan().gateway().lo() && !nat.policy().isAsked()) {
            return null;
        }
        return (UdpMapping) nat.flows().find(packet.srcHi, packet.srcLo, packet.dstHi, packet.dstLo,
                Flow.ports(packet.srcPort, packet.dstPort), Ipv4Header.UDP);
    }

    /// The flow of the guest's endpoint, wherever it sends to; null if there is none.
    private UdpFlow flowOf(PacketView packet) {
        return (UdpFlow) nat.flows().find(packet.srcHi, packet.srcLo, 0, 0, Flow.ports(packet.srcPort, 0), Ipv4Header.UDP);
    }

    /// Opens a flow and its socket.
    ///
    /// @param redirect where all it sends goes, null for where the guest says
    /// @return the flow, null when there is no room or no socket
    private UdpFlow open(PacketView packet, InetSocketAddress redirect, long nowNs) {
        if (!admit(packet.srcHi, packet.srcLo)) {
            nat.counters().drop(DropReason.FLOW_LIMIT);
            return null;
        }
        UdpFlow flow = redirect == null ? UdpFlow.toAnywhere(this, packet, nowNs) : UdpFlow.redirected(this, packet, redirect, nowNs);
        add(flow);
        try {
            InetAddress family = redirect == null ? IpAddress.toInetAddress(packet.dstHi, packet.dstLo) : redirect.getAddress();
            flow.opened(nat.host().openDatagrams(null, family, flow));
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
        if (nat.flows().isShut()) {
            return false;
        }
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
