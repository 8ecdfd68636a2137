package dev.jslirp.service;

import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;

/// An address in use by a guest.
///
/// @param mac       the guest
/// @param address   its address
/// @param hostname  the name it calls itself (printable, at most 63 characters), empty if none
/// @param expiresNs end of the lease in reactor time; who stores leases converts to and from wall-clock time
public record Lease(MacAddress mac, IpAddress address, String hostname, long expiresNs) {}
