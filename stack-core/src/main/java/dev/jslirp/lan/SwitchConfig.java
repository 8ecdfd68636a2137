package dev.jslirp.lan;

import dev.jslirp.link.LinkCapabilities;

/// Limits and times of a switch.
///
/// @param mtuBytes       MTU of the network, 576 … 65 535; no guest's link may have a smaller one
/// @param portsMax       ports, 1 … 4 096
/// @param macsMax        MAC addresses remembered, `portsMax` … 65 536
/// @param macsPerPortMax of these on one port, at least 1
/// @param macAgeNs       how long a MAC address is remembered without being heard, at least 1 s, in nanoseconds (IEEE 802.1D §7.9.2: 300 s)
/// @param leasesMax      leases remembered for guarded ports, at least 1
/// @param segmentsMax    frames one super-frame between guests may become, at least 45; 125 are 64 KiB at an MTU of 576
public record SwitchConfig(int mtuBytes, int portsMax, int macsMax, int macsPerPortMax, long macAgeNs, int leasesMax, int segmentsMax) {
    private static final long S = 1_000_000_000L;
    private static final int MTU_MIN = 576;
    private static final int MACS_LIMIT = 65_536;

    /// @throws IllegalArgumentException naming the parameter that is out of range, and the range
    public SwitchConfig {
        require("mtuBytes", mtuBytes, MTU_MIN, LinkCapabilities.MAX_MTU);
        require("portsMax", portsMax, 1, 4_096);
        require("macsMax", macsMax, portsMax, MACS_LIMIT);
        require("macsPerPortMax", macsPerPortMax, 1, MACS_LIMIT);
        require("macAgeNs", macAgeNs, S, Long.MAX_VALUE / 4);
        require("leasesMax", leasesMax, 1, MACS_LIMIT);
        require("segmentsMax", segmentsMax, 45, 65_535);
    }

    /// Defaults fit for a hundred guests.
    public static SwitchConfig defaults(int mtuBytes) {
        return new SwitchConfig(mtuBytes, 256, 4_096, 64, 300 * S, 4_096, 256);
    }

    /// This configuration with other limits on ports and MAC addresses.
    public SwitchConfig withLimits(int portsMax, int macsMax, int macsPerPortMax) {
        return new SwitchConfig(mtuBytes, portsMax, macsMax, macsPerPortMax, macAgeNs, leasesMax, segmentsMax);
    }

    /// This configuration with another limit on leases remembered.
    public SwitchConfig withLeases(int leasesMax) {
        return new SwitchConfig(mtuBytes, portsMax, macsMax, macsPerPortMax, macAgeNs, leasesMax, segmentsMax);
    }

    private static void require(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + " " + value + " is not within " + min + " to " + max);
        }
    }
}
