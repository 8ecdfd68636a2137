package dev.jslirp.nat;

import dev.jslirp.wire.IpAddress;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One rule that makes a guest's port reachable on the host.
///
/// @param protocol    TCP or UDP
/// @param hostAddress where the host listens; the wildcard address for all
/// @param hostPort    1 … 65 535, or 0 for any free port
/// @param guestAddress the guest; the first lease's address when the rule names none
/// @param guestPort   1 … 65 535
public record PortForward(Protocol protocol, InetAddress hostAddress, int hostPort, IpAddress guestAddress, int guestPort) {
    /// What is forwarded.
    public enum Protocol { TCP, UDP }

    private static final String GRAMMAR = "[tcp|udp]:[hostaddr]:hostport[-hostport]-[guestaddr]:guestport[-guestport]";
    private static final Pattern RULE = Pattern.compile("(?<protocol>[^:]*):(?<host>\\[[^\\]]*\\]|[^:\\[\\]]*):(?<hostFrom>[^:-]*)"
            + "(-(?<hostTo>[^:-]*))?-(?<guest>[^:-]*):(?<guestFrom>[^:-]*)(-(?<guestTo>[^:-]*))?");
    private static final IpAddress ANY = IpAddress.v4(0);

    /// @throws IllegalArgumentException naming the port that is out of range
    public PortForward {
        if (protocol == null || hostAddress == null || guestAddress == null) {
            throw new IllegalArgumentException("a forward needs protocol, host address and guest address");
        }
        if (hostPort < 0 || hostPort > 65_535) {
            throw new IllegalArgumentException("host port " + hostPort + " is not within 0 to 65535");
        }
        if (guestPort < 1 || guestPort > 65_535) {
            throw new IllegalArgumentException("guest port " + guestPort + " is not within 1 to 65535");
        }
    }

    /// Reads `[tcp|udp]:[hostaddr]:hostport[-hostport]-[guestaddr]:guestport[-guestport]`: no protocol means TCP, no
    /// host address means every IPv4 address of the host, an IPv6 one stands in brackets.
    ///
    /// @param defaultGuest the guest of a rule that names none
    /// @return one rule for each port of the range
    /// @throws IllegalArgumentException quoting the text and saying which part is wrong, and how
    public static List<PortForward> parse(String text, IpAddress defaultGuest) {
        Matcher rule = RULE.matcher(text);
        if (!rule.matches()) {
            throw malformed(text, "expected " + GRAMMAR);
        }
        Protocol protocol = protocol(text, rule.group("protocol"));
        InetAddress host = address(text, "host", rule.group("host"), ANY).toInetAddress();
        IpAddress guest = address(text, "guest", rule.group("guest"), defaultGuest);
        int hostFrom = port(text, "host", rule.group("hostFrom"), 0);
        int guestFrom = port(text, "guest", rule.group("guestFrom"), 1);
        int count = count(text, "host", hostFrom, rule.group("hostTo"));
        int guestCount = count(text, "guest", guestFrom, rule.group("guestTo"));
        if (count != guestCount) {
            throw malformed(text, "the host range has " + count + " ports, the guest range " + guestCount);
        }
        if (hostFrom == 0 && count > 1) {
            throw malformed(text, "a range cannot begin with host port 0");
        }
        List<PortForward> rules = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            rules.add(new PortForward(protocol, host, hostFrom + i, guest, guestFrom + i));
        }
        return rules;
    }

    private static Protocol protocol(String text, String part) {
        return switch (part) {
            case "", "tcp" -> Protocol.TCP;
            case "udp" -> Protocol.UDP;
            default -> throw malformed(text, "unknown protocol '" + part + "', expected tcp or udp");
        };
    }

    private static IpAddress address(String text, String side, String part, IpAddress whenEmpty) {
        if (part.isEmpty()) {
            return whenEmpty;
        }
        boolean bracketed = part.startsWith("[");
        String bare = bracketed ? part.substring(1, part.length() - 1) : part;
        if (bracketed != bare.contains(":")) {
            throw malformed(text, "bad " + side + " address '" + part + "': brackets are for IPv6 addresses");
        }
        try {
            return IpAddress.parse(bare);
        } catch (IllegalArgumentException e) {
            throw malformed(text, "bad " + side + " address '" + part + "': expected a numeric IP address");
        }
    }

    private static int port(String text, String side, String part, int min) {
        int port = part.matches("\\d{1,5}") ? Integer.parseInt(part) : -1;
        if (port < min || port > 65_535) {
            throw malformed(text, "bad " + side + " port '" + part + "': expected " + min + " to 65535");
        }
        return port;
    }

    private static int count(String text, String side, int from, String part) {
        if (part == null) {
            return 1;
        }
        int to = port(text, side, part, 1);
        if (to < from) {
            throw malformed(text, "the " + side + " range " + from + "-" + to + " runs backwards");
        }
        return to - from + 1;
    }

    private static IllegalArgumentException malformed(String text, String problem) {
        return new IllegalArgumentException("port forward '" + text + "': " + problem);
    }

    PortForward boundTo(int boundHostPort) {
        return new PortForward(protocol, hostAddress, boundHostPort, guestAddress, guestPort);
    }

    /// `tcp 127.0.0.1:8080`: what a message about this rule's host side begins with.
    String hostSide() {
        String address = hostAddress.getHostAddress();
        return protocol.name().toLowerCase(Locale.ROOT) + " " + (address.contains(":") ? "[" + address + "]" : address) + ":" + hostPort;
    }

    @Override
    public String toString() {
        return hostSide() + " -> " + guestAddress + ":" + guestPort;
    }
}
