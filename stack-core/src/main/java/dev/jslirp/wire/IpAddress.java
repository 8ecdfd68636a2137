package dev.jslirp.wire;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/// An IPv4 or IPv6 address in 128 bits; IPv4 is held in its mapped form `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2).
///
/// The frame path carries the two bare `long`s (`hi`, `lo`); this record is for configuration, the
/// control plane and text. A *literal* IPv6 packet from a mapped address never gets here: the decoder
/// drops it, so a mapped value always means IPv4.
///
/// @param hi the first 64 bits in network order; 0 for IPv4
/// @param lo the last 64 bits in network order; `0x0000_ffff_AABB_CCDD` for IPv4
public record IpAddress(long hi, long lo) {
    private static final long V4_MAPPED = 0xffffL << 32;
    private static final Pattern FOUR_OCTETS = Pattern.compile("((0|[1-9]\\d{0,2})\\.){3}(0|[1-9]\\d{0,2})");
    /// No brackets and no zone, which `java.net` would take.
    private static final Pattern WITH_COLONS = Pattern.compile("[0-9a-fA-F.]*:[0-9a-fA-F:.]*");

    /// The IPv4 address with these 32 bits (most significant octet first).
    public static IpAddress v4(int bits) {
        return new IpAddress(0, v4Lo(bits));
    }

    /// The low half of the mapped form of an IPv4 address; the high half is 0.
    public static long v4Lo(int bits) {
        return V4_MAPPED | bits & 0xffff_ffffL;
    }

    /// Whether the two halves are a mapped IPv4 address.
    public static boolean isV4(long hi, long lo) {
        return hi == 0 && lo >>> 32 == 0xffff;
    }

    /// Whether this is an IPv4 address.
    public boolean isV4() {
        return isV4(hi, lo);
    }

    /// The 32 bits of an IPv4 address; meaningless otherwise.
    public int v4Bits() {
        return (int) lo;
    }

    /// Reads a numeric IPv4 or IPv6 address. Names are never looked up. An IPv4 address must have four decimal octets
    /// without leading zeros, which others read as octal; brackets and a zone (`%eth0`) are not taken.
    ///
    /// @throws IllegalArgumentException if the text is no numeric address
    public static IpAddress parse(String text) {
        if (FOUR_OCTETS.matcher(text).matches() || WITH_COLONS.matcher(text).matches()) {
            try {
                return of(InetAddress.ofLiteral(text));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("not an IP address: '" + text + "'", e);
            }
        }
        throw new IllegalArgumentException("not an IP address: '" + text + "'");
    }

    /// The address of a `java.net` address.
    public static IpAddress of(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == 4) {
            return v4(intAt(bytes, 0));
        }
        return new IpAddress(longAt(bytes, 0), longAt(bytes, 8));
    }

    /// This address for `java.net`; allocates, so not for the frame path.
    public InetAddress toInetAddress() {
        return toInetAddress(hi, lo);
    }

    /// The `java.net` address with these halves; allocates.
    public static InetAddress toInetAddress(long hi, long lo) {
        try {
            if (isV4(hi, lo)) {
                int bits = (int) lo;
                return InetAddress.getByAddress(new byte[] {(byte) (bits >> 24), (byte) (bits >> 16), (byte) (bits >> 8), (byte) bits});
            }
            byte[] bytes = new byte[16];
            for (int i = 0; i < 8; i++) {
                bytes[i] = (byte) (hi >> 56 - 8 * i);
                bytes[8 + i] = (byte) (lo >> 56 - 8 * i);
            }
            return Inet6Address.getByAddress(null, bytes, -1);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 and 16 octets are always an address", e);
        }
    }

    /// Whether these halves are a loopback address (127/8 or ::1).
    public static boolean isLoopback(long hi, long lo) {
        return isV4(hi, lo) ? (lo >>> 24 & 0xff) == 127 : hi == 0 && lo == 1;
    }

    /// Whether these halves are 0.0.0.0 or ::.
    public static boolean isUnspecified(long hi, long lo) {
        return hi == 0 && (lo == 0 || lo == V4_MAPPED);
    }

    /// Whether these halves are 224/4 or ff00::/8.
    public static boolean isMulticast(long hi, long lo) {
        return isV4(hi, lo) ? (lo >>> 28 & 0xf) == 0xe : hi >>> 56 == 0xff;
    }

    /// Whether these halves are the limited broadcast address 255.255.255.255.
    public static boolean isLimitedBroadcast(long hi, long lo) {
        return hi == 0 && lo == (V4_MAPPED | 0xffff_ffffL);
    }

    /// Whether these halves are link-local (169.254/16 or fe80::/10).
    public static boolean isLinkLocal(long hi, long lo) {
        return isV4(hi, lo) ? (lo >>> 16 & 0xffff) == 0xa9fe : hi >>> 54 == 0xfe80 >>> 6;
    }

    @Override
    public String toString() {
        return toInetAddress().getHostAddress();
    }

    private static int intAt(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 24 | (bytes[at + 1] & 0xff) << 16 | (bytes[at + 2] & 0xff) << 8 | bytes[at + 3] & 0xff;
    }

    private static long longAt(byte[] bytes, int at) {
        return (long) intAt(bytes, at) << 32 | intAt(bytes, at + 4) & 0xffff_ffffL;
    }
}
