package dev.jslirp.nat;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;

/// Which addresses a guest may talk to, and where on the host they lead. Stateless; the whole table is
/// in [#classify]. The program's [FlowPolicy], if it has one, is asked first.
///
/// The host's loopback can be reached under one name only, the gateway's address, and only where
/// the configuration allows it. Every other name of it (127/8, 0/8, `::1`, `::`, and the IPv4-compatible
/// form) is refused, as the host's kernel would take each of them for itself.
public final class NatPolicy {
    /// What a far address is.
    public enum Destination {
        /// Somewhere beyond the host: translated.
        OUTSIDE,
        /// The gateway, standing for the host's loopback: translated.
        HOST_LOOPBACK,
        /// One of the gateway's addresses where only registered services answer; refused otherwise.
        SERVICES_ONLY,
        /// Forbidden by policy. TCP: reset. UDP, ICMP: administratively prohibited.
        REFUSED,
        /// An address of the guest network that is not the gateway's; guests reach each other on the link, so nobody is
        /// there. Host unreachable.
        ON_LINK,
        /// Multicast or broadcast; never translated and never answered (RFC 1122 §3.2.2).
        GROUP
    }

    private static final long LOOPBACK_LO = IpAddress.v4Lo(0x7f00_0001);

    private final NatConfig config;
    private final AddressPlan plan;

    private final FlowPolicy flows;

    NatPolicy(NatConfig config, AddressPlan plan, FlowPolicy flows) {
        this.config = config;
        this.plan = plan;
        this.flows = flows;
    }

    /// Whether the program wants to be asked about flows.
    boolean isAsked() {
        return flows != FlowPolicy.NONE;
    }

    /// What the program says about the flow that the packet in hand would open.
    FlowPolicy.Verdict ask(PortForward.Protocol protocol, PacketView packet) {
        return flows.decide(new FlowPolicy.Request(protocol, new IpAddress(packet.srcHi, packet.srcLo), packet.srcPort,
                new IpAddress(packet.dstHi, packet.dstLo), packet.dstPort));
    }

    /// What a packet of `protocol` to this address and port may do. An address that leads outside, or to the host, is refused where the
    /// guests' reach ends before it.
    ///
    /// @param port 0 for ICMP
    public Destination classify(long hi, long lo, int protocol, int port) {
        Destination destination = classify(hi, lo);
        return switch (destination) {
            case OUTSIDE, HOST_LOOPBACK -> config.reach().allows(hi, lo, protocol, port) ? destination : Destination.REFUSED;
            case SERVICES_ONLY, REFUSED, ON_LINK, GROUP -> destination;
        };
    }

    /// What the address with these halves is, whatever the guests' reach.
    public Destination classify(long hi, long lo) {
        if (plan.isOurs(hi, lo)) {
            return lo != plan.gateway().lo() ? Destination.SERVICES_ONLY
                    : config.hostLoopback() ? Destination.HOST_LOOPBACK : Destination.REFUSED;
        }
        if (plan.contains(hi, lo)) {
            return lo == plan.broadcastLo() || lo == plan.network().lo() ? Destination.GROUP : Destination.ON_LINK;
        }
        if (IpAddress.isMulticast(hi, lo) || IpAddress.isLimitedBroadcast(hi, lo)) {
            return Destination.GROUP;
        }
        if (namesThisHost(hi, lo) || IpAddress.isLinkLocal(hi, lo) && !config.linkLocal()) {
            return Destination.REFUSED;
        }
        return Destination.OUTSIDE;
    }

    /// Loopback and the unspecified address in all their forms.
    private static boolean namesThisHost(long hi, long lo) {
        // RFC 1122 §3.2.1.3: 0/8 is "this host on this network"; RFC 4291 §2.5.5.1: ::/96 holds ::, ::1 and ::127.0.0.1.
        return IpAddress.isLoopback(hi, lo) || IpAddress.isV4(hi, lo) && (lo >>> 24 & 0xff) == 0 || hi == 0 && lo >>> 32 == 0;
    }

    /// The low half of the host's address for a far address that is [Destination#OUTSIDE] or [Destination#HOST_LOOPBACK]; the
    /// high half stays.
    long toHostLo(long hi, long lo) {
        return hi == 0 && lo == plan.gateway().lo() ? LOOPBACK_LO : lo;
    }

    /// The inverse of [#toHostLo].
    long toFarLo(long hi, long lo) {
        return hi == 0 && lo == LOOPBACK_LO ? plan.gateway().lo() : lo;
    }

    /// Whether a datagram that arrived on the host from this endpoint may be shown to a guest: its far address must be one
    /// the guest could talk to, so nobody can speak in the name of the guest network.
    boolean mayArriveFrom(long hi, long lo, int port) {
        if (hi == 0 && lo == LOOPBACK_LO) {
            return classify(hi, plan.gateway().lo(), Ipv4Header.UDP, port) == Destination.HOST_LOOPBACK;
        }
        return classify(hi, lo, Ipv4Header.UDP, port) == Destination.OUTSIDE;
    }
}
