package dev.jslirp.net;

import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import java.util.List;

/// Who is who on the guest network. IPv4 today; the types hold 128 bits.
///
/// @param network      network address, host bits zero
/// @param prefixLength 8 … 29
/// @param gateway      the router; also stands for the host's loopback where policy allows
/// @param dns          the DNS forwarder's address
/// @param firstLease   first address the DHCP server hands out
/// @param gatewayMac   Ethernet address of the gateway and all its services
/// @param peers        further addresses of the network that are the gateway's: where a program in this process listens, or dials from
public record AddressPlan(IpAddress network, int prefixLength, IpAddress gateway, IpAddress dns, IpAddress firstLease,
        MacAddress gatewayMac, List<IpAddress> peers) {
    /// 52:55:0a:00:02:02: locally administered, spells the default gateway, as users of Slirp know it.
    public static final MacAddress DEFAULT_GATEWAY_MAC = new MacAddress(0x5255_0a00_0202L);

    /// @throws IllegalArgumentException naming the address that does not fit, and why
    public AddressPlan {
        if (!network.isV4() || prefixLength < 8 || prefixLength > 29) {
            throw new IllegalArgumentException("network " + network + "/" + prefixLength + ": expected IPv4 with a prefix of 8 to 29");
        }
        int mask = -1 << 32 - prefixLength;
        if ((network.v4Bits() & ~mask) != 0) {
            throw new IllegalArgumentException("network " + network + "/" + prefixLength + " has host bits set; did you mean "
                    + IpAddress.v4(network.v4Bits() & mask) + "/" + prefixLength + "?");
        }
        requireInside("gateway", gateway, network, mask);
        requireInside("DNS address", dns, network, mask);
        requireInside("guest address", firstLease, network, mask);
        if (gateway.equals(dns) || gateway.equals(firstLease) || dns.equals(firstLease)) {
            throw new IllegalArgumentException("gateway " + gateway + ", DNS " + dns + " and first guest address " + firstLease
                    + " must differ");
        }
        if (MacAddress.isGroup(gatewayMac.bits())) {
            throw new IllegalArgumentException("gateway MAC " + gatewayMac + " is a group address");
        }
        peers = List.copyOf(peers);
        for (IpAddress peer : peers) {
            requireInside("peer address", peer, network, mask);
            if (peer.equals(firstLease)) {
                throw new IllegalArgumentException("peer address " + peer + " is the first guest address");
            }
        }
    }

    /// A plan without further addresses.
    public AddressPlan(IpAddress network, int prefixLength, IpAddress gateway, IpAddress dns, IpAddress firstLease,
            MacAddress gatewayMac) {
        this(network, prefixLength, gateway, dns, firstLease, gatewayMac, List.of());
    }

    /// This plan with further addresses for a program in this process.
    public AddressPlan withPeers(IpAddress... addresses) {
        return new AddressPlan(network, prefixLength, gateway, dns, firstLease, gatewayMac, List.of(addresses));
    }

    /// 10.0.2.0/24 with gateway .2, DNS .3, first lease .15.
    public static AddressPlan defaults() {
        return of(IpAddress.parse("10.0.2.0"), 24);
    }

    /// Slirp's plan for any network: gateway at host 2, DNS at 3, first lease at 15, or at 4 where the
    /// network is too small for that.
    public static AddressPlan of(IpAddress network, int prefixLength) {
        int base = network.v4Bits();
        return new AddressPlan(network, prefixLength, IpAddress.v4(base + 2), IpAddress.v4(base + 3),
                IpAddress.v4(base + (prefixLength < 28 ? 15 : 4)), DEFAULT_GATEWAY_MAC);
    }

    private static void requireInside(String what, IpAddress address, IpAddress network, int mask) {
        int host = address.v4Bits() & ~mask;
        if (!address.isV4() || (address.v4Bits() & mask) != network.v4Bits() || host == 0 || host == ~mask) {
            throw new IllegalArgumentException(what + " " + address + " is not a host address inside " + network + "/"
                    + (32 - Integer.numberOfTrailingZeros(mask)));
        }
    }

    /// The netmask as 32 bits.
    public int maskBits() {
        return -1 << 32 - prefixLength;
    }

    /// Whether these halves are an IPv4 address of the network.
    public boolean contains(long hi, long lo) {
        return IpAddress.isV4(hi, lo) && ((int) lo & maskBits()) == network.v4Bits();
    }

    /// Whether these halves are one of the gateway's own addresses (router, DNS or peers).
    public boolean isOurs(long hi, long lo) {
        return hi == 0 && (lo == gateway.lo() || lo == dns.lo() || !peers.isEmpty() && isPeer(lo));
    }

    private boolean isPeer(long lo) {
        for (int i = 0; i < peers.size(); i++) {
            if (peers.get(i).lo() == lo) {
                return true;
            }
        }
        return false;
    }

    /// The network's directed broadcast address, low half of the mapped form.
    public long broadcastLo() {
        return IpAddress.v4Lo(network.v4Bits() | ~maskBits());
    }

    /// Whether these halves are an address a guest may have: inside the network, neither its first nor its last
    /// address, and not one of ours.
    public boolean isGuest(long hi, long lo) {
        int host = (int) lo & ~maskBits();
        return contains(hi, lo) && host != 0 && host != ~maskBits() && !isOurs(hi, lo);
    }

    /// What a packet to this IPv4 address asks of the gateway.
    public Destination destination(long hi, long lo) {
        if (isOurs(hi, lo)) {
            return Destination.OURS;
        }
        if (lo == broadcastLo() || IpAddress.isLimitedBroadcast(hi, lo)) {
            return Destination.BROADCAST;
        }
        if (contains(hi, lo)) {
            return lo == network.lo() ? Destination.INVALID : Destination.GUEST;
        }
        if (IpAddress.isMulticast(hi, lo)) {
            return Destination.MULTICAST;
        }
        // RFC 1122 §3.2.1.3 (a), (g): 0/8 and 127/8 never appear as a destination on a network.
        boolean thisNetwork = (lo >>> 24 & 0xff) == 0;
        return thisNetwork || IpAddress.isLoopback(hi, lo) ? Destination.INVALID : Destination.OUTSIDE;
    }
}
