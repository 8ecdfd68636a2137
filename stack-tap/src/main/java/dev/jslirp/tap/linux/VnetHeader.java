package dev.jslirp.tap.linux;

import dev.jslirp.wire.Offload;

/// The ten bytes of a virtio-net header (`struct virtio_net_hdr`) to and from [Offload]. A TAP speaks it
/// in the machine's byte order, which is little-endian on every platform this module supports.
///
/// ```
///   0      1        2            4          6             8            10
/// +------+--------+------------+----------+-------------+------------+
/// | flags| gsoType| headerLen  | gsoSize  | csumStart   | csumOffset |
/// +------+--------+------------+----------+-------------+------------+
/// ```
/// Its first eight bytes travel as one `long`, the checksum offset as a `short`.
public final class VnetHeader {
    /// The super-frame's first segment carries CWR; the stack does not look at it.
    private static final int GSO_ECN = 0x80;

    private VnetHeader() {}

    /// The packed form of a header read from a TAP.
    ///
    /// @param first      bytes 0 … 7
    /// @param csumOffset bytes 8 … 9
    public static long decode(long first, short csumOffset) {
        return Offload.pack((int) first & (Offload.NEEDS_CSUM | Offload.DATA_VALID), (int) (first >>> 8) & 0xff & ~GSO_ECN,
                (int) (first >>> 32) & 0xffff, (int) (first >>> 16) & 0xffff, (int) (first >>> 48), csumOffset);
    }

    /// Bytes 0 … 7 of the header for `offload`.
    public static long first(long offload) {
        return Offload.flags(offload) | (long) Offload.gsoType(offload) << 8 | (long) Offload.headerLength(offload) << 16
                | (long) Offload.gsoSize(offload) << 32 | (long) Offload.csumStart(offload) << 48;
    }

    /// Bytes 8 … 9 of the header for `offload`.
    public static short csumOffset(long offload) {
        return (short) Offload.csumOffset(offload);
    }
}
