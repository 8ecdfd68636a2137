package dev.jslirp.service;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.wire.DnsMessage;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The names answered here: static ones, and, where there is a local domain, that domain and the network's reverse zone, in
/// which everything is answered, if only with NXDOMAIN.
///
/// A single label stands for itself in the local domain, if it is a name there; else it is not ours.
final class LocalNames {
    /// TTL, of denials too: short, since names come and go.
    private static final int TTL_SECONDS = 5;
    private static final String IN_ADDR_ARPA = ".in-addr.arpa";

    private final AddressPlan plan;
    private final GuestNames guests;
    private final ByteBufAllocator allocator;
    /// The local domain with a dot in front, null when there is none.
    private final String suffix;
    private final Map<String, List<IpAddress>> fixed = new HashMap<>();
    private final Map<String, String> pointers = new HashMap<>();

    LocalNames(DnsConfig config, AddressPlan plan, GuestNames guests, ByteBufAllocator allocator) {
        this.plan = plan;
        this.guests = guests;
        this.allocator = allocator;
        this.suffix = config.localDomain() == null ? null : "." + config.localDomain();
        config.staticNames().forEach((name, addresses) -> {
            fixed.put(name, addresses);
            addresses.forEach(address -> pointers.putIfAbsent(reverseName(address), name));
        });
        if (suffix != null) {
            config.staticNames().forEach((name, addresses) -> {
                if (name.indexOf('.') < 0) {
                    fixed.putIfAbsent(name + suffix, addresses);
                }
            });
            addOwn("gateway", plan.gateway());
            addOwn("host", plan.gateway()); // which stands for the host's loopback
            addOwn("dns", plan.dns());
        }
    }

    private void addOwn(String label, IpAddress address) {
        fixed.putIfAbsent(label + suffix, List.of(address));
        pointers.putIfAbsent(reverseName(address), label + suffix);
    }

    /// The answer to a query with one well-formed question, owned by the caller; null when a resolver must be asked. **Borrows** `bytes`.
    ByteBuf answer(DnsMessage query, ByteBuf bytes, int index, long nowNs) {
        String name = query.name();
        if (query.qclass() != DnsMessage.IN) {
            return isOurs(name) ? refusal(query, bytes, index) : null;
        }
        List<IpAddress> addresses = addresses(name, nowNs);
        if (addresses != null) {
            List<IpAddress> wanted = addresses.stream().filter(address -> query.type() == DnsMessage.ANY
                    || query.type() == (address.isV4() ? DnsMessage.A : DnsMessage.AAAA)).toList();
            if (wanted.isEmpty()) {
                return denial(query, bytes, index, DnsMessage.NOERROR);
            }
            ByteBuf answer = allocator.buffer();
            query.writeAddresses(answer, bytes, index, wanted, TTL_SECONDS);
            return answer;
        }
        String pointer = pointer(name, nowNs);
        if (pointer != null && (query.type() == DnsMessage.PTR || query.type() == DnsMessage.ANY)) {
            ByteBuf answer = allocator.buffer();
            query.writePointer(answer, bytes, index, pointer, TTL_SECONDS);
            return answer;
        }
        if (pointer == null && !isOurs(name)) {
            return null;
        }
        // RFC 8020 §2: NXDOMAIN denies all below as well, so a name with names below it gets "no such data" instead.
        boolean exists = pointer != null || hasNamesBelow(name);
        return denial(query, bytes, index, exists ? DnsMessage.NOERROR : DnsMessage.NXDOMAIN);
    }

    private ByteBuf refusal(DnsMessage query, ByteBuf bytes, int index) {
        ByteBuf answer = allocator.buffer();
        query.writeEmpty(answer, bytes, index, DnsMessage.REFUSED, 0);
        return answer;
    }

    private ByteBuf denial(DnsMessage query, ByteBuf bytes, int index, int rcode) {
        ByteBuf answer = allocator.buffer();
        query.writeDenial(answer, bytes, index, rcode, zoneLabels(query.name()), TTL_SECONDS);
        return answer;
    }

    /// How many labels at the end of a name are the zone that is answered for: the local domain, the network's reverse zone, else the
    /// name itself.
    private int zoneLabels(String name) {
        if (!isOurs(name)) {
            return Integer.MAX_VALUE;
        }
        if (name.endsWith(IN_ADDR_ARPA)) {
            return (plan.prefixLength() + 7) / 8 + 2;
        }
        return (int) suffix.chars().filter(character -> character == '.').count();
    }

    private List<IpAddress> addresses(String name, long nowNs) {
        List<IpAddress> addresses = fixed.get(name);
        if (addresses != null || suffix == null) {
            return addresses;
        }
        boolean bare = name.indexOf('.') < 0;
        if (!bare && !name.endsWith(suffix)) {
            return null;
        }
        addresses = bare ? fixed.get(name + suffix) : null;
        if (addresses != null) {
            return addresses;
        }
        int guest = guests.addressOf(bare ? name : name.substring(0, name.length() - suffix.length()), nowNs);
        return guest == 0 ? null : List.of(IpAddress.v4(guest));
    }

    private String pointer(String name, long nowNs) {
        String pointer = pointers.get(name);
        if (pointer != null || suffix == null || !name.endsWith(IN_ADDR_ARPA)) {
            return pointer;
        }
        Reverse reverse = Reverse.parse(name);
        if (reverse.octets != 4 || reverse.more) {
            return null;
        }
        String label = guests.labelOf(reverse.bits, nowNs);
        // A static name hides the guest's.
        return label.isEmpty() || fixed.containsKey(label + suffix) ? null : label + suffix;
    }

    /// Whether the name lies in the local domain or in the network's reverse zone.
    private boolean isOurs(String name) {
        if (suffix == null) {
            return false;
        }
        if (name.endsWith(suffix) || isDomain(name)) {
            return true;
        }
        if (!name.endsWith(IN_ADDR_ARPA)) {
            return false;
        }
        Reverse reverse = Reverse.parse(name);
        return 8 * reverse.octets >= plan.prefixLength() && (reverse.bits & plan.maskBits()) == plan.network().v4Bits();
    }

    private boolean hasNamesBelow(String name) {
        if (isDomain(name)) {
            return true;
        }
        if (name.endsWith(IN_ADDR_ARPA)) {
            Reverse reverse = Reverse.parse(name);
            return reverse.octets < 4 && !reverse.more;
        }
        String below = "." + name;
        return fixed.keySet().stream().anyMatch(other -> other.endsWith(below));
    }

    private boolean isDomain(String name) {
        return name.length() == suffix.length() - 1 && suffix.endsWith(name);
    }

    /// A name below in-addr.arpa, read from its end: the octets there are, and whether more labels follow.
    private record Reverse(int bits, int octets, boolean more) {
        static Reverse parse(String name) {
            int bits = 0;
            int octets = 0;
            int end = name.length() - IN_ADDR_ARPA.length();
            while (end > 0 && octets < 4) {
                int start = name.lastIndexOf('.', end - 1) + 1;
                int octet = octet(name, start, end);
                if (octet < 0) {
                    break;
                }
                bits |= octet << 24 - 8 * octets++;
                end = start - 1;
            }
            return new Reverse(bits, octets, end > 0);
        }

        private static int octet(String name, int start, int end) {
            int value = end - start >= 1 && end - start <= 3 ? 0 : -1;
            for (int i = start; i < end && value >= 0; i++) {
                int digit = name.charAt(i) - '0';
                value = digit < 0 || digit > 9 ? -1 : value * 10 + digit;
            }
            boolean leadingZero = end - start > 1 && name.charAt(start) == '0';
            return value > 255 || leadingZero ? -1 : value;
        }
    }

    /// The name under which the name of an address is found (RFC 1035 §3.5, RFC 3596 §2.5).
    private static String reverseName(IpAddress address) {
        StringBuilder name = new StringBuilder();
        if (address.isV4()) {
            for (int shift = 0; shift < 32; shift += 8) {
                name.append(address.v4Bits() >>> shift & 0xff).append('.');
            }
            return name.append("in-addr.arpa").toString();
        }
        for (int nibble = 0; nibble < 32; nibble++) {
            long half = nibble < 16 ? address.lo() : address.hi();
            name.append(Character.forDigit((int) (half >>> 4 * (nibble % 16)) & 0xf, 16)).append('.');
        }
        return name.append("ip6.arpa").toString();
    }
}
