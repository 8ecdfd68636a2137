package dev.jslirp.service;

import dev.jslirp.wire.DnsName;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/// How the DNS forwarder works. Times in nanoseconds.
///
/// @param enabled       whether it answers at all
/// @param upstreams     the resolvers to ask, best first; asked again when `refreshNs` has passed, so it may follow a file
/// @param refreshNs     how long an answer of `upstreams` is used
/// @param staticNames   names answered locally, at most 16 addresses each; held in lower case without the final dot
/// @param localDomain   the domain guests have names in, in lower case without the final dot; null for none. Never forwarded, and neither
///                      is the network's reverse zone, so a domain that is somebody else's hides his names: take one below
///                      `internal`, which ICANN reserved for this; `internal` itself would hide names of clouds; `local` is for
///                      multicast DNS (RFC 6762 §3)
/// @param pendingMax    queries waiting for an answer, 1 … 16384
/// @param tcpStreamsMax guest TCP connections to the forwarder, at least 0; a new one ends one that is idle, if any is
/// @param tcpExchangesMax queries of one such connection answered at a time, at least 1; the rest of its input waits
/// @param tcpInputBytesMax input of one such connection not yet taken, `tcpQueryBytesMax` + 2 at least: the window offered to the guest
/// @param tcpUnreadBytesMax answers one such connection's guest has not read, at least 1; above it queries wait
/// @param tcpQueryBytesMax longest query by TCP, 512 … 65535; a longer one resets the connection
/// @param tcpIdleNs     time in which one such connection must bring a whole query (RFC 7766 §6.2.3)
/// @param timeoutNs     time one resolver gets before the next is asked
/// @param attempts      rounds over all resolvers before the guest gets SERVFAIL, 1 … 10
/// @param socketsMax    UDP sockets, and thereby ports, that queries to one resolver are spread over at a time, 1 … 4096
/// @param socketQueriesMax queries one such socket sends before another takes its place, at least 1
/// @param socketAgeNs   age at which another takes its place
/// @param socketIdleNs  time without a query after which it is closed
public record DnsConfig(boolean enabled, Supplier<List<InetSocketAddress>> upstreams, long refreshNs,
        Map<String, List<IpAddress>> staticNames, String localDomain, int pendingMax, int tcpStreamsMax, int tcpExchangesMax,
        int tcpInputBytesMax, int tcpUnreadBytesMax, int tcpQueryBytesMax, long tcpIdleNs, long timeoutNs, int attempts,
        int socketsMax, int socketQueriesMax, long socketAgeNs, long socketIdleNs) {
    /// The local domain unless told otherwise.
    public static final String LOCAL_DOMAIN = "jslirp.internal";

    private static final int ADDRESSES_MAX = 16;

    /// @throws IllegalArgumentException naming the field that is wrong, and why
    public DnsConfig {
        require(upstreams != null, "no supplier of DNS resolvers");
        require(refreshNs >= 0, "DNS refresh time " + refreshNs + " ns is negative");
        require(pendingMax >= 1, "pending DNS queries " + pendingMax + ": at least 1");
        require(tcpStreamsMax >= 0, "DNS over TCP streams " + tcpStreamsMax + ": at least 0");
        require(tcpExchangesMax >= 1, "DNS queries at a time of a TCP stream " + tcpExchangesMax + ": at least 1");
        require(tcpQueryBytesMax >= 512 && tcpQueryBytesMax <= 65_535, "longest DNS query " + tcpQueryBytesMax
                + " is outside 512 to 65535");
        require(tcpInputBytesMax >= tcpQueryBytesMax + 2, "DNS input of a TCP stream " + tcpInputBytesMax + " holds no query of "
                + tcpQueryBytesMax + " bytes");
        require(tcpUnreadBytesMax >= 1, "unread DNS answers of a TCP stream " + tcpUnreadBytesMax + ": at least 1");
        require(tcpIdleNs > 0, "idle time of a DNS TCP stream " + tcpIdleNs + " ns: must be positive");
        require(timeoutNs > 0, "DNS timeout " + timeoutNs + " ns: must be positive");
        require(attempts >= 1 && attempts <= 10, "DNS attempts " + attempts + " are outside 1 to 10");
        require(socketsMax >= 1 && socketsMax <= 4_096, "UDP sockets per DNS resolver " + socketsMax + " are outside 1 to 4096");
        require(socketQueriesMax >= 1, "queries of a DNS socket " + socketQueriesMax + ": at least 1");
        require(socketAgeNs > 0, "age of a DNS socket " + socketAgeNs + " ns: must be positive");
        require(socketIdleNs > 0, "idle time of a DNS socket " + socketIdleNs + " ns: must be positive");
        require(pendingMax <= 16_384, "pending DNS queries " + pendingMax + ": at most 16384, a quarter of the ids there are");
        localDomain = localDomain == null ? null : DnsName.require("local domain", localDomain);
        require(localDomain == null || !("." + localDomain).endsWith(".local"), "local domain '" + localDomain
                + "': .local is for multicast DNS (RFC 6762); take one below .internal");
        require(localDomain == null || !("." + localDomain).endsWith(".arpa"), "local domain '" + localDomain + "' is for addresses");
        Map<String, List<IpAddress>> names = new TreeMap<>();
        staticNames.forEach((name, addresses) -> {
            require(addresses.size() <= ADDRESSES_MAX, "name '" + name + "' has more than " + ADDRESSES_MAX + " addresses");
            names.put(DnsName.require("name", name), List.copyOf(addresses));
        });
        staticNames = Collections.unmodifiableMap(names);
    }

    /// Forwards to `upstreams`.
    public static DnsConfig forwardingTo(Supplier<List<InetSocketAddress>> upstreams) {
        return new DnsConfig(true, upstreams, 5_000_000_000L, Map.of(), LOCAL_DOMAIN, 1_024, 64, 16, 64 << 10, 128 << 10, 4_096,
                10_000_000_000L, 2_000_000_000L, 2, 32, 1_000, 10_000_000_000L, 1_000_000_000L);
    }

    /// This configuration with other resolvers; without any, only names known here are answered, all others fail.
    public DnsConfig withUpstreams(Supplier<List<InetSocketAddress>> changed) {
        return new DnsConfig(enabled, changed, refreshNs, staticNames, localDomain, pendingMax, tcpStreamsMax, tcpExchangesMax,
                tcpInputBytesMax, tcpUnreadBytesMax, tcpQueryBytesMax, tcpIdleNs, timeoutNs, attempts, socketsMax, socketQueriesMax,
                socketAgeNs, socketIdleNs);
    }

    /// No forwarder: nothing answers at its address, unless the program listens there itself.
    public static DnsConfig disabled() {
        DnsConfig c = forwardingTo(List::of);
        return new DnsConfig(false, c.upstreams, c.refreshNs, c.staticNames, c.localDomain, c.pendingMax, c.tcpStreamsMax,
                c.tcpExchangesMax, c.tcpInputBytesMax, c.tcpUnreadBytesMax, c.tcpQueryBytesMax, c.tcpIdleNs, c.timeoutNs, c.attempts,
                c.socketsMax, c.socketQueriesMax, c.socketAgeNs, c.socketIdleNs);
    }

    /// This configuration with names answered locally.
    public DnsConfig withStaticNames(Map<String, List<IpAddress>> changed) {
        return new DnsConfig(enabled, upstreams, refreshNs, changed, localDomain, pendingMax, tcpStreamsMax, tcpExchangesMax,
                tcpInputBytesMax, tcpUnreadBytesMax, tcpQueryBytesMax, tcpIdleNs, timeoutNs, attempts, socketsMax, socketQueriesMax,
                socketAgeNs, socketIdleNs);
    }

    /// This configuration with another local domain; null for none.
    public DnsConfig withLocalDomain(String changed) {
        return new DnsConfig(enabled, upstreams, refreshNs, staticNames, changed, pendingMax, tcpStreamsMax, tcpExchangesMax,
                tcpInputBytesMax, tcpUnreadBytesMax, tcpQueryBytesMax, tcpIdleNs, timeoutNs, attempts, socketsMax, socketQueriesMax,
                socketAgeNs, socketIdleNs);
    }

    /// This configuration with other limits on what waits.
    public DnsConfig withLimits(int pendingMax, int tcpStreamsMax) {
        return new DnsConfig(enabled, upstreams, refreshNs, staticNames, localDomain, pendingMax, tcpStreamsMax, tcpExchangesMax,
                tcpInputBytesMax, tcpUnreadBytesMax, tcpQueryBytesMax, tcpIdleNs, timeoutNs, attempts, socketsMax, socketQueriesMax,
                socketAgeNs, socketIdleNs);
    }

    /// This configuration with other patience: with one resolver, and how often each is asked.
    public DnsConfig withRetries(long timeoutNs, int attempts) {
        return new DnsConfig(enabled, upstreams, refreshNs, staticNames, localDomain, pendingMax, tcpStreamsMax, tcpExchangesMax,
                tcpInputBytesMax, tcpUnreadBytesMax, tcpQueryBytesMax, tcpIdleNs, timeoutNs, attempts, socketsMax, socketQueriesMax,
                socketAgeNs, socketIdleNs);
    }

    /// This configuration with other UDP sockets: how many per resolver, and how long each lives.
    public DnsConfig withSockets(int socketsMax, int socketQueriesMax, long socketAgeNs, long socketIdleNs) {
        return new DnsConfig(enabled, upstreams, refreshNs, staticNames, localDomain, pendingMax, tcpStreamsMax, tcpExchangesMax,
                tcpInputBytesMax, tcpUnreadBytesMax, tcpQueryBytesMax, tcpIdleNs, timeoutNs, attempts, socketsMax, socketQueriesMax,
                socketAgeNs, socketIdleNs);
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
