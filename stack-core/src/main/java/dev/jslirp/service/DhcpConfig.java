package dev.jslirp.service;

import dev.jslirp.wire.DhcpOptions;
import dev.jslirp.wire.DnsName;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What the DHCP server tells guests (RFC 2131, RFC 2132).
///
/// @param enabled       whether it answers at all
/// @param leaseSeconds  lease time, at least 60
/// @param leasesMax     leases at a time, 1 … 65536
/// @param reservations  fixed addresses by MAC; inside the network, checked by the server
/// @param hostname      option 12, or null
/// @param domain        option 15, or null
/// @param searchDomains option 119 (RFC 3397)
/// @param nextServer    `siaddr` and option 66, IPv4, or null (PXE)
/// @param bootFile      `file` and option 67, at most 127 bytes, or null
/// @param extraOptions  further options by number, 1 … 254, of at most 1024 bytes; sent to clients that ask for them or list nothing
public record DhcpConfig(boolean enabled, int leaseSeconds, int leasesMax, Map<MacAddress, IpAddress> reservations, String hostname,
        String domain, List<String> searchDomains, IpAddress nextServer, String bootFile, Map<Integer, byte[]> extraOptions) {
    private static final Set<Integer> OPTIONS_OF_THE_SERVER = Set.of(DhcpOptions.SUBNET_MASK, DhcpOptions.ROUTER, DhcpOptions.DNS_SERVERS,
            DhcpOptions.HOST_NAME, DhcpOptions.DOMAIN_NAME, DhcpOptions.MTU, DhcpOptions.BROADCAST_ADDRESS, DhcpOptions.REQUESTED_ADDRESS,
            DhcpOptions.LEASE_TIME, DhcpOptions.OVERLOAD, DhcpOptions.MESSAGE_TYPE, DhcpOptions.SERVER_ID, DhcpOptions.PARAMETER_LIST,
            DhcpOptions.MESSAGE, DhcpOptions.MAX_MESSAGE_SIZE, DhcpOptions.RENEWAL_TIME, DhcpOptions.REBINDING_TIME, DhcpOptions.CLIENT_ID,
            DhcpOptions.TFTP_SERVER, DhcpOptions.BOOT_FILE, DhcpOptions.RAPID_COMMIT, DhcpOptions.CLIENT_FQDN, DhcpOptions.DOMAIN_SEARCH);

    /// @throws IllegalArgumentException naming the field that is wrong, and why
    public DhcpConfig {
        require(leaseSeconds >= 60, "lease time " + leaseSeconds + " s is below 60 s");
        require(leasesMax >= 1 && leasesMax <= 65_536, "number of leases " + leasesMax + " is outside 1 to 65536");
        hostname = hostname == null ? null : DnsName.require("host name", hostname);
        domain = domain == null ? null : DnsName.require("domain", domain);
        searchDomains = searchDomains.stream().map(name -> DnsName.require("search domain", name)).toList();
        require(nextServer == null || nextServer.isV4(), "next server " + nextServer + " is not an IPv4 address");
        require(bootFile == null || bootFile.getBytes(StandardCharsets.UTF_8).length <= 127, "boot file name is longer than 127 bytes: "
                + bootFile);
        Set<IpAddress> reserved = new HashSet<>();
        reservations.forEach((mac, address) -> {
            require(address.isV4(), "reservation for " + mac + ": " + address + " is not an IPv4 address");
            require(reserved.add(address), "address " + address + " is reserved twice");
        });
        reservations = Map.copyOf(reservations);
        Map<Integer, byte[]> copies = new LinkedHashMap<>();
        extraOptions.forEach((code, value) -> {
            require(code >= 1 && code <= 254, "DHCP option " + code + " is outside 1 to 254");
            require(!OPTIONS_OF_THE_SERVER.contains(code), "DHCP option " + code + " is set by the server itself");
            require(value.length <= 1024, "DHCP option " + code + " is longer than 1024 bytes");
            copies.put(code, value.clone());
        });
        extraOptions = Collections.unmodifiableMap(copies);
    }

    /// One day, 200 leases, nothing extra.
    public static DhcpConfig defaults() {
        return new DhcpConfig(true, 86_400, 200, Map.of(), null, null, List.of(), null, null, Map.of());
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
