package dev.jslirp.net;

import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.UdpHeader;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/// UDP from guests: to the gateway's services by address and port, to address translation, or refused.
public final class UdpInput implements PacketHandler {
    /// Where a service is found.
    private record Registration(long addressLo, int port, GatewayService service) {}

    /// Datagrams one super-frame may stand for, each of which is a call of the host's kernel. Linux puts 128 into one (`UDP_MAX_SEGMENTS`);
    /// without a limit a guest makes 65 507 of one frame.
    static final int SEGMENTS_MAX = 256;
    /// Stands for both broadcast addresses.
    private static final IpAddress BROADCAST = IpAddress.v4(-1);

    private final AddressPlan plan;
    private final FrameOutput output;
    private final PacketHandler nat;
    private final Counters counters;
    /// A handful at most: searched, not hashed.
    private final List<Registration> registrations = new ArrayList<>();

    /// An input that gives what no service takes to `nat`, decoded: datagrams to the outside, and to the gateway's
    /// address, behind which policy may put the host's loopback.
    public UdpInput(AddressPlan plan, FrameOutput output, PacketHandler nat, Counters counters) {
        this.plan = plan;
        this.output = output;
        this.nat = nat;
        this.counters = counters;
    }

    /// Gives datagrams to `port` of `address`, one of the gateway's own or one outside of the network, to `service`.
    ///
    /// @throws IllegalArgumentException if no datagram to the address comes here, or the port is not within 1 to 65535 or taken
    public void register(IpAddress address, int port, GatewayService service) {
        switch (plan.destination(address.hi(), address.lo())) {
            case OURS, OUTSIDE -> add(address, port, service);
            case GUEST, BROADCAST, MULTICAST, INVALID -> throw new IllegalArgumentException(address + " is not an address of the gateway");
        }
    }

    /// Takes a service away that was given by [#register].
    public void unregister(IpAddress address, int port) {
        registrations.removeIf(registration -> registration.port == port && registration.addressLo == address.lo());
    }

    /// Gives datagrams to `port` of the broadcast addresses to `service`.
    ///
    /// @throws IllegalArgumentException if the port is not within 1 to 65535, or is taken
    public void registerBroadcast(int port, GatewayService service) {
        add(BROADCAST, port, service);
    }

    private void add(IpAddress address, int port, GatewayService service) {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port " + port + " is not within 1 to 65535");
        }
        if (service(address.lo(), port) != null) {
            throw new IllegalArgumentException("UDP port " + port + " of " + address + " has a service already");
        }
        registrations.add(new Registration(address.lo(), port, service));
    }

    @Override
    public void onPacket(PacketView view, ByteBuf frame, long nowNs) {
        DropReason reason = UdpHeader.decode(frame, view);
        if (reason == DropReason.NONE && isCutTooFine(view)) {
            reason = DropReason.UDP_SEGMENTS;
        }
        if (reason == DropReason.NONE) {
            reason = switch (plan.destination(view.dstHi, view.dstLo)) {
                case OURS -> toGateway(view, frame, nowNs);
                case BROADCAST -> serve(BROADCAST.lo(), view, frame, nowNs) ? DropReason.NONE : DropReason.UDP_REFUSED;
                case OUTSIDE -> serve(view.dstLo, view, frame, nowNs) ? DropReason.NONE : toNat(view, frame, nowNs);
                case MULTICAST, GUEST, INVALID -> DropReason.UDP_REFUSED;
            };
        }
        if (reason != DropReason.NONE) {
            counters.drop(reason);
        }
    }

    private static boolean isCutTooFine(PacketView view) {
        int gsoSize = Offload.gsoSize(view.offload);
        return Offload.gsoType(view.offload) == Offload.GSO_UDP_L4 && gsoSize > 0 && (view.payloadLength - 1) / gsoSize >= SEGMENTS_MAX;
    }

    private DropReason toGateway(PacketView view, ByteBuf frame, long nowNs) {
        if (serve(view.dstLo, view, frame, nowNs)) {
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

    private boolean serve(long addressLo, PacketView view, ByteBuf frame, long nowNs) {
        GatewayService service = service(addressLo, view.dstPort);
        if (service == null) {
            return false;
        }
        service.onDatagram(view, frame, nowNs);
        return true;
    }

    private GatewayService service(long addressLo, int port) {
        for (int i = 0; i < registrations.size(); i++) {
            Registration registration = registrations.get(i);
            if (registration.port == port && registration.addressLo == addressLo) {
                return registration.service;
            }
        }
        return null;
    }
}
