package dev.jslirp.service;

import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import java.util.List;
import java.util.Map;

/// What the DHCP server tells guests (RFC 2131, RFC 2132).
///
/// @param enabled       whether it answers at all
/// @param leaseSeconds  lease time
/// @param leasesMax     leases at a time
/// @param reservations  fixed addresses by MAC
/// @param hostname      option 12, or null
/// @param domain        option 15, or null
/// @param searchDomains option 119 (RFC 3397)
/// @param nextServer    `siaddr`, or null (PXE)
/// @param bootFile      `file` and option 67, or null
/// @param extraOptions  further options by number, 1 … 254
public record DhcpConfig(boolean enabled, int leaseSeconds, int leasesMax, Map<MacAddress, IpAddress> reservations, String hostname,
        String domain, List<String> searchDomains, IpAddress nextServer, String bootFile, Map<Integer, byte[]> extraOptions) {
    /// One day, 200 leases, nothing extra.
    public static DhcpConfig defaults() {
        return new DhcpConfig(true, 86_400, 200, Map.of(), null, null, List.of(), null, null, Map.of());
    }
}
