package dev.jslirp.wire;

/// What a frame leaves to the other end of the link, packed into one `long`: the meaning of a
/// virtio-net header (Virtual I/O Device 1.2 §5.1.6) without its bytes.
///
/// `0` ([#NONE]) is an ordinary frame: checksums are complete, and it is not longer than the MTU.
///
/// ```
///  63      56 55           40 39           24 23            8 7      4 3      0
/// +----------+---------------+---------------+---------------+--------+--------+
/// |csumOffset|   csumStart   | headerLength  |    gsoSize    | flags  |gsoType |
/// +----------+---------------+---------------+---------------+--------+--------+
/// ```
/// Offsets count from the first byte of the Ethernet header.
public final class Offload {
    /// A complete, ordinary frame.
    public static final long NONE = 0;
    /// No segmentation.
    public static final int GSO_NONE = 0;
    /// One TCP/IPv4 super-segment to be cut into segments of `gsoSize` bytes.
    public static final int GSO_TCPV4 = 1;
    /// As [#GSO_TCPV4], for IPv6.
    public static final int GSO_TCPV6 = 4;
    /// One UDP super-datagram to be cut into datagrams of `gsoSize` bytes (UDP_L4).
    public static final int GSO_UDP_L4 = 5;
    /// The checksum field holds only the pseudo-header's sum; the receiver of the frame completes it.
    public static final int NEEDS_CSUM = 1;
    /// The checksum was validated by who handed us the frame; do not check it again.
    public static final int DATA_VALID = 2;

    private Offload() {}

    /// Packs the fields.
    public static long pack(int flags, int gsoType, int gsoSize, int headerLength, int csumStart, int csumOffset) {
        return (long) (csumOffset & 0xff) << 56 | (long) (csumStart & 0xffff) << 40 | (long) (headerLength & 0xffff) << 24
                | (long) (gsoSize & 0xffff) << 8 | (long) (flags & 0xf) << 4 | gsoType & 0xf;
    }

    /// One of the `GSO_` constants (the ECN bit of virtio removed).
    public static int gsoType(long offload) {
        return (int) offload & 0xf;
    }

    /// [#NEEDS_CSUM], [#DATA_VALID] or both.
    public static int flags(long offload) {
        return (int) offload >> 4 & 0xf;
    }

    /// Payload bytes of each packet the super-frame stands for.
    public static int gsoSize(long offload) {
        return (int) (offload >> 8) & 0xffff;
    }

    /// Bytes before the payload, Ethernet header included.
    public static int headerLength(long offload) {
        return (int) (offload >> 24) & 0xffff;
    }

    /// Where the checksummed range begins.
    public static int csumStart(long offload) {
        return (int) (offload >> 40) & 0xffff;
    }

    /// Where the checksum goes, counted from [#csumStart].
    public static int csumOffset(long offload) {
        return (int) (offload >>> 56);
    }

    /// Whether the transport checksum need not be verified: validated already, or never computed
    /// because the frame did not leave the machine.
    public static boolean checksumTrusted(long offload) {
        return flags(offload) != 0;
    }
}
