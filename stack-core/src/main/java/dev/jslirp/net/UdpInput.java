package dev.jslirp.net;

import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.UdpHeader;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/// UDP from guests: to the gateway's services by port, to address translation, or refused.
public final class UdpInput implements PacketHandler {
    private final AddressPlan plan;
    private final FrameOutput output;
    private final PacketHandler nat;
    private final Counters counters;
    /// A handful at most: searched, not hashed.
    private int[] ports = {};
    private GatewayService[] services = {};

    /// An input that gives what no service takes to `nat`, decoded: datagrams to the outside, and to the gateway's
    /// address, behind which policy may put the host's loopback.
    public UdpInput(AddressPlan plan, FrameOutput output, PacketHandler nat, Counters counters) {
        this.plan = plan;
        this.output = output;
        this.nat = nat;
        this.counters = counters;
    }

    /// Gives datagrams to `port` of the gateway's addresses and of the broadcast addresses to `service`.
    ///
    /// @throws IllegalArgumentException if the port is not within 1 to 65535, or is taken
    public void register(int port, GatewayService service) {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port " + port + " is not within 1 to 65535");
        }
        if (service(port) != null) {
            throw new IllegalArgumentException("UDP port " + port + " has a service already");
        }
        ports = Arrays.copyOf(ports, ports.length + 1);
        services = Arrays.copyOf(services, ports.length);
        ports[ports.length - 1] = port;
        services[ports.length - 1] = service;
    }

    @Override
    public void onPacket(PacketView view, ByteBuf frame, long nowNs) {
        DropReason reason = UdpHeader.decode(frame, view);
        if (reason == DropReason.NONE) {
            reason = switch (plan.destination(view.dstHi, view.dstLo)) {
                case OURS -> toGateway(view, frame, nowNs);
                case BROADCAST -> serve(view, frame, nowNs) ? DropReason.NONE : DropReason.UDP_REFUSED;
                case OUTSIDE -> toNat(view, frame, nowNs);
                case MULTICAST, GUEST, INVALID -> DropReason.UDP_REFUSED;
            };
        }
        if (reason != DropReason.NONE) {
            counters.drop(reason);
        }
    }

    private DropReason toGateway(PacketView view, ByteBuf frame, long nowNs) {
        if (serve(view, frame, nowNs)) {
            return DropReason.NONE;
        }
        if (view.dstLo == plan.gateway().lo()) {
            return toNat(view, frame, nowNs);
        }
        output.icmpError(view, frame, IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.PORT_UNREACHABLE, 0, nowNs);
        return DropReason.UDP_REFUSED;
    }

    private DropReason toNat(PacketView view, ByteBuf frame, long nowNs) {
        nat.onPacket(view, frame, nowNs);
        return DropReason.NONE;
    }

    private boolean serve(PacketView view, ByteBuf frame, long nowNs) {
        GatewayService service = service(view.dstPort);
        if (service == null) {
            return false;
        }
        service.onDatagram(view, frame, nowNs);
        return true;
    }

    private GatewayService service(int port) {
        for (int i = 0; i < ports.length; i++) {
            if (ports[i] == port) {
                return services[i];
            }
        }
        return null;
    }
}
