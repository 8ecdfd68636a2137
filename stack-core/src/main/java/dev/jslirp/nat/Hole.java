package dev.jslirp.nat;

import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Destinations that a restricted network may reach: `192.0.2.0/24`, `10.2.0.1:80,443`, `udp:[2001:db8::]/32:53`, `10.0.2.2:8000-8100`.
///
/// @param protocol     TCP or UDP alone; null for both, and for ping if no ports are given
/// @param network      first address of the range, host bits zero, as guests see it: a range that holds the gateway's opens the host's
///                     loopback too, where `hostLoopback` is on, and one that holds the DNS address opens names
/// @param prefixLength 0 … 32, or 128 for IPv6
/// @param ports        none for all
public record Hole(PortForward.Protocol protocol, IpAddress network, int prefixLength, List<PortRange> ports) {
    private static final String GRAMMAR = "[tcp:|udp:]address[/prefix][:port[-port],...]";
    private static final String RANGE = "\\d{1,5}(-\\d{1,5})?";
    private static final Pattern TEXT = Pattern.compile("((?<protocol>tcp|udp):)?(?<address>[0-9.]+|\\[[0-9a-fA-F:.]+])"
            + "(/(?<prefix>\\d{1,3}))?(:(?<ports>" + RANGE + "(," + RANGE + ")*))?");

    /// Ports `from` to `to`.
    public record PortRange(int from, int to) {
        /// @throws IllegalArgumentException if these are no ports, or in the wrong order
        public PortRange {
            if (from < 1 || to > 65_535 || from > to) {
                throw new IllegalArgumentException("ports " + from + "-" + to + " are no range within 1 to 65535");
            }
        }
    }

    /// @throws IllegalArgumentException saying what is wrong
    public Hole {
        ports = List.copyOf(ports);
        int bits = network.isV4() ? 32 : 128;
        if (prefixLength < 0 || prefixLength > bits) {
            throw new IllegalArgumentException("prefix length " + prefixLength + " is not within 0 to " + bits);
        }
        if ((network.hi() & ~maskHi(network, prefixLength)) != 0 || (network.lo() & ~maskLo(network, prefixLength)) != 0) {
            throw new IllegalArgumentException("network " + network + "/" + prefixLength + " has host bits set");
        }
    }

    /// Reads a hole; without a prefix it is one address.
    ///
    /// @throws IllegalArgumentException quoting the text and saying what is wrong
    public static Hole parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw malformed(text, "expected " + GRAMMAR);
        }
        try {
            IpAddress network = IpAddress.parse(matcher.group("address").replaceAll("[\\[\\]]", ""));
            String prefix = matcher.group("prefix");
            int prefixLength = prefix != null ? Integer.parseInt(prefix) : network.isV4() ? 32 : 128;
            return new Hole(protocol(matcher.group("protocol")), network, prefixLength, ports(matcher.group("ports")));
        } catch (IllegalArgumentException e) {
            throw malformed(text, e.getMessage());
        }
    }

    private static PortForward.Protocol protocol(String text) {
        return text == null ? null : PortForward.Protocol.valueOf(text.toUpperCase(Locale.ROOT));
    }

    private static List<PortRange> ports(String text) {
        List<PortRange> ranges = new ArrayList<>();
        if (text != null) {
            for (String range : text.split(",")) {
                String[] ends = range.split("-");
                ranges.add(new PortRange(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1])));
            }
        }
        return ranges;
    }

    private static IllegalArgumentException malformed(String text, String problem) {
        return new IllegalArgumentException("hole '" + text + "': " + problem);
    }

    boolean covers(long hi, long lo, int ipProtocol, int port) {
        return IpAddress.isV4(hi, lo) == network.isV4()
                && (hi & maskHi(network, prefixLength)) == network.hi() && (lo & maskLo(network, prefixLength)) == network.lo()
                && coversProtocol(ipProtocol) && (ports.isEmpty() || coversPort(port));
    }

    private boolean coversProtocol(int ipProtocol) {
        return switch (ipProtocol) {
            case Ipv4Header.TCP -> protocol != PortForward.Protocol.UDP;
            case Ipv4Header.UDP -> protocol != PortForward.Protocol.TCP;
            default -> protocol == null && ports.isEmpty();
        };
    }

    private boolean coversPort(int port) {
        for (int i = 0; i < ports.size(); i++) {
            if (port >= ports.get(i).from && port <= ports.get(i).to) {
                return true;
            }
        }
        return false;
    }

    /// The mapped form of IPv4 has 96 bits before the address.
    private static int prefixOf128(IpAddress network, int prefixLength) {
        return network.isV4() ? 96 + prefixLength : prefixLength;
    }

    private static long maskHi(IpAddress network, int prefixLength) {
        int bits = prefixOf128(network, prefixLength);
        return bits >= 64 ? -1 : bits == 0 ? 0 : -1L << 64 - bits;
    }

    private static long maskLo(IpAddress network, int prefixLength) {
        int bits = prefixOf128(network, prefixLength);
        return bits <= 64 ? 0 : -1L << 128 - bits;
    }
}
