package dev.jslirp.net;

/// What a destination address means to the gateway.
public enum Destination {
    /// One of the gateway's own addresses: router or DNS.
    OURS,
    /// The limited broadcast address or the network's own.
    BROADCAST,
    /// A multicast group.
    MULTICAST,
    /// Another station of the guest network.
    GUEST,
    /// Anything that lies beyond the gateway.
    OUTSIDE,
    /// No destination at all: 0/8, loopback, the network's address (RFC 1122 §3.2.1.3).
    INVALID
}
