package dev.jslirp.host;

/// Why the host side failed, as far as the guest can be told. Classified in one place per
/// `HostNetwork` implementation.
public enum HostError {
    /// Nobody listens there (ECONNREFUSED). TCP: reset. UDP: ICMP port unreachable.
    REFUSED,
    /// No route to the host (EHOSTUNREACH, EHOSTDOWN). ICMP host unreachable.
    HOST_UNREACHABLE,
    /// No route to the network (ENETUNREACH, ENETDOWN, no address of that family). ICMP net unreachable.
    NETWORK_UNREACHABLE,
    /// A filter forbids it (EACCES, EPERM). ICMP administratively prohibited.
    PROHIBITED,
    /// Nobody answered (ETIMEDOUT). Silence: the guest's own timer decides.
    TIMED_OUT,
    /// The peer reset the connection (ECONNRESET, EPIPE). TCP: reset.
    RESET,
    /// The datagram is too long for the path (EMSGSIZE). ICMP fragmentation needed.
    TOO_BIG,
    /// Descriptors, ports or memory ran out (EMFILE, ENFILE, EADDRNOTAVAIL, ENOBUFS, ENOMEM).
    NO_RESOURCES,
    /// The platform cannot do it (ping sockets without permission).
    UNSUPPORTED,
    /// Anything else.
    OTHER
}
