package dev.jslirp.nat;

import dev.jslirp.host.HostException;
import dev.jslirp.net.PacketHandler;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The guest's echo requests to addresses beyond the gateway.
public final class IcmpEchoNat implements PacketHandler {
    private static final Logger LOG = LoggerFactory.getLogger(IcmpEchoNat.class);

    final NatShared nat;
    /// All echo flows, the one quiet for longest first.
    private final FlowList flows = new FlowList();
    private boolean warned;

    /// The echo part of `nat`.
    public IcmpEchoNat(NatShared nat) {
        this.nat = nat;
    }

    /// One echo request whose ICMP header is decoded and checked. **Borrows** `frame`.
    @Override
    public void onPacket(PacketView packet, ByteBuf frame, long nowNs) {
        switch (nat.policy().classify(packet.dstHi, packet.dstLo, Ipv4Header.ICMP, 0)) {
            case OUTSIDE -> {
                EchoFlow flow = flowOf(packet, frame, nowNs);
                if (flow != null) {
                    flow.request(packet, frame, nowNs);
                }
            }
            case ON_LINK -> refuse(packet, frame, IcmpHeader.HOST_UNREACHABLE, nowNs);
            case REFUSED -> refuse(packet, frame, IcmpHeader.ADMIN_PROHIBITED, nowNs);
            // The gateway's own addresses are answered before this handler is asked.
            case GROUP, HOST_LOOPBACK, SERVICES_ONLY -> nat.counters().drop(DropReason.POLICY);
        }
    }

    private void refuse(PacketView packet, ByteBuf frame, int code, long nowNs) {
        nat.counters().drop(DropReason.POLICY);
        unreachable(packet, frame, code, nowNs);
    }

    private EchoFlow flowOf(PacketView packet, ByteBuf frame, long nowNs) {
        EchoFlow known = (EchoFlow) nat.flows().find(packet.srcHi, packet.srcLo, packet.dstHi, packet.dstLo,
                Flow.ports(packet.icmpId, 0), Ipv4Header.ICMP);
        return known != null ? known : open(packet, frame, nowNs);
    }

    private EchoFlow open(PacketView packet, ByteBuf frame, long nowNs) {
        if (!admit(packet.srcHi, packet.srcLo)) {
            nat.counters().drop(DropReason.FLOW_LIMIT);
            return null;
        }
        EchoFlow flow = new EchoFlow(this, packet, nowNs);
        nat.flows().add(flow);
        flows.add(flow);
        nat.counters().increment(Counter.ECHO_FLOWS_OPENED);
        try {
            flow.opened(nat.host().openEcho(IpAddress.toInetAddress(packet.dstHi, packet.dstLo), flow));
        } catch (HostException e) {
            flow.remove();
            failed(e, packet, frame, nowNs);
            return null;
        }
        return flow;
    }

    private boolean admit(long guestHi, long guestLo) {
        if (nat.flows().sizeOf(guestHi, guestLo) >= nat.config().flowsPerGuestMax()) {
            nat.counters().increment(Counter.GUEST_FLOW_LIMIT);
            return false;
        }
        if (nat.flows().size() >= nat.config().flowsMax() || flows.size() >= nat.config().echoFlowsMax()) {
            nat.counters().increment(Counter.ECHO_FLOW_LIMIT);
            if (flows.oldest() == null) {
                return false;
            }
            flows.victim().remove();
        }
        return true;
    }

    /// Tells the guest why it will hear no echo, unless another request may fare better.
    private void failed(HostException e, PacketView packet, ByteBuf frame, long nowNs) {
        nat.counters().increment(Counter.ECHO_FAILED);
        if (!warned) {
            warned = true;
            LOG.warn("Guests cannot ping beyond the gateway: {}", e.getMessage());
        }
        switch (e.error()) {
            case UNSUPPORTED, PROHIBITED -> unreachable(packet, frame, IcmpHeader.ADMIN_PROHIBITED, nowNs);
            case NETWORK_UNREACHABLE -> unreachable(packet, frame, IcmpHeader.NET_UNREACHABLE, nowNs);
            case HOST_UNREACHABLE -> unreachable(packet, frame, IcmpHeader.HOST_UNREACHABLE, nowNs);
            case NO_RESOURCES, REFUSED, TIMED_OUT, RESET, TOO_BIG, OTHER -> {
                // Silence.
            }
        }
    }

    private void unreachable(PacketView packet, ByteBuf frame, int code, long nowNs) {
        nat.output().icmpError(packet, frame, IcmpHeader.DESTINATION_UNREACHABLE, code, 0, nowNs);
    }
}
