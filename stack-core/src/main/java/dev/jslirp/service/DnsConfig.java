package dev.jslirp.service;

import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// How the DNS forwarder works. Times in nanoseconds.
///
/// @param enabled       whether it answers at all
/// @param upstreams     the resolvers to ask, best first; asked again when `refreshNs` has passed, so it may follow a file
/// @param refreshNs     how long an answer of `upstreams` is used
/// @param staticNames   names answered locally (lower case, no trailing dot)
/// @param pendingMax    queries waiting for an answer
/// @param tcpStreamsMax guest TCP connections to the forwarder
/// @param timeoutNs     time one resolver gets before the next is asked
/// @param attempts      rounds over all resolvers before the guest gets SERVFAIL
public record DnsConfig(boolean enabled, Supplier<List<InetSocketAddress>> upstreams, long refreshNs,
        Map<String, List<IpAddress>> staticNames, int pendingMax, int tcpStreamsMax, long timeoutNs, int attempts) {
    /// Forwards to `upstreams`.
    public static DnsConfig forwardingTo(Supplier<List<InetSocketAddress>> upstreams) {
        return new DnsConfig(true, upstreams, 5_000_000_000L, Map.of(), 1_024, 64, 2_000_000_000L, 2);
    }
}
