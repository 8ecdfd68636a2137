package dev.jslirp.wire;

import java.util.Locale;

/// An Ethernet address as 48 bits in the low end of a `long`.
///
/// The frame path carries the bare `long`; this record is for configuration, leases and text.
///
/// @param bits the address, most significant octet first, `0` … `0xffff_ffff_ffff`
public record MacAddress(long bits) {
    /// ff:ff:ff:ff:ff:ff.
    public static final long BROADCAST = 0xffff_ffff_ffffL;

    public MacAddress {
        if (bits < 0 || bits > BROADCAST) {
            throw new IllegalArgumentException("not a 48-bit address: 0x" + Long.toHexString(bits));
        }
    }

    /// Whether the group bit is set (multicast and broadcast).
    public static boolean isGroup(long bits) {
        return (bits & 0x0100_0000_0000L) != 0;
    }

    /// Reads `52:54:00:12:34:56` (also with `-`).
    ///
    /// @throws IllegalArgumentException if the text is not six two-digit octets
    public static MacAddress parse(String text) {
        String[] octets = text.split("[:-]", -1);
        if (octets.length != 6) {
            throw new IllegalArgumentException("not a MAC address: '" + text + "' (expected six octets like 52:54:00:12:34:56)");
        }
        long bits = 0;
        for (String octet : octets) {
            if (!octet.matches("[0-9a-fA-F]{2}")) {
                throw new IllegalArgumentException("not a MAC address: '" + text + "' (octet '" + octet + "')");
            }
            bits = bits << 8 | Integer.parseInt(octet, 16);
        }
        return new MacAddress(bits);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%02x:%02x:%02x:%02x:%02x:%02x",
                bits >> 40 & 0xff, bits >> 32 & 0xff, bits >> 24 & 0xff, bits >> 16 & 0xff, bits >> 8 & 0xff, bits & 0xff);
    }
}
