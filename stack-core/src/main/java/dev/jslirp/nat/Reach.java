package dev.jslirp.nat;

import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import java.util.List;

/// How far guests reach from their network. What guests do among themselves, the gateway's own services, and connections that the host
/// makes through port forwards are not touched by it.
///
/// @param mode  what is open
/// @param holes what is open nevertheless, in [Mode#RESTRICTED] only
public record Reach(Mode mode, List<Hole> holes) {
    /// What is open.
    public enum Mode {
        /// Everything that the rest of the policy allows.
        NAT,
        /// Nothing outside, neither the host's loopback nor names that resolvers outside know. Also known as host-only.
        ISOLATED,
        /// Nothing but the holes.
        RESTRICTED
    }

    private static final int DNS_PORT = 53;
    /// Everything.
    public static final Reach NAT = new Reach(Mode.NAT, List.of());
    /// Nothing.
    public static final Reach ISOLATED = new Reach(Mode.ISOLATED, List.of());

    /// @throws IllegalArgumentException if there are holes in another mode than [Mode#RESTRICTED]
    public Reach {
        holes = List.copyOf(holes);
        if (mode != Mode.RESTRICTED && !holes.isEmpty()) {
            throw new IllegalArgumentException("holes are for a restricted network, this one is " + mode);
        }
    }

    /// Nothing but these holes.
    public static Reach restrictedTo(List<Hole> holes) {
        return new Reach(Mode.RESTRICTED, holes);
    }

    /// Whether packets of `protocol` to this address, as guests see it, and port may pass.
    ///
    /// @param port ignored for ICMP
    boolean allows(long hi, long lo, int protocol, int port) {
        return switch (mode) {
            case NAT -> true;
            case ISOLATED -> false;
            case RESTRICTED -> anyHole(hi, lo, protocol, port);
        };
    }

    /// Whether the forwarder at the DNS address `dns` may ask resolvers outside: names tunnel out what a guest likes, so a restricted
    /// network needs a hole to that address.
    public boolean allowsNames(IpAddress dns) {
        return allows(dns.hi(), dns.lo(), Ipv4Header.UDP, DNS_PORT);
    }

    private boolean anyHole(long hi, long lo, int protocol, int port) {
        for (int i = 0; i < holes.size(); i++) {
            if (holes.get(i).covers(hi, lo, protocol, port)) {
                return true;
            }
        }
        return false;
    }
}
