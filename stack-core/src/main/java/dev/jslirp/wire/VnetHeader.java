package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// A virtio-net header (`struct virtio_net_hdr`, Virtual I/O Device 1.2 §5.1.6) to and from [Offload]: what a TAP puts before each frame,
/// and what a machine monitor finds before each frame in the queues of its virtio-net device.
///
/// ```
///   0      1        2            4          6             8            10            12
/// +------+--------+------------+----------+-------------+------------+-------------+
/// | flags| gsoType| headerLen  | gsoSize  | csumStart   | csumOffset | bufferCount |
/// +------+--------+------------+----------+-------------+------------+-------------+
/// ```
/// All fields are little-endian, as a modern device and every TAP on the platforms of this project have them. The last field is there if
/// the device negotiated `VIRTIO_F_VERSION_1` or `VIRTIO_NET_F_MRG_RXBUF`. The first eight bytes travel as one `long`, the
/// checksum's offset as a `short`, for who has no [ByteBuf].
///
/// A guest writes what it likes: the fields are cut to their ranges and nothing else is believed of them here.
public final class VnetHeader {
    /// Bytes of a header without `bufferCount`.
    public static final int LENGTH = 10;
    /// Bytes of a header with `bufferCount`.
    public static final int LENGTH_WITH_BUFFER_COUNT = 12;

    /// The super-frame's first segment carries CWR; the stack does not look at it.
    private static final int GSO_ECN = 0x80;

    private VnetHeader() {}

    /// What the header at absolute `index` says; `bufferCount`, which means nothing from a guest, is not looked at. **Borrows** `bytes`.
    public static long decode(ByteBuf bytes, int index) {
        return decode(bytes.getLongLE(index), bytes.getShortLE(index + 8));
    }

    /// What a header says.
    ///
    /// @param first      bytes 0 … 7, little-endian
    /// @param csumOffset bytes 8 … 9
    public static long decode(long first, short csumOffset) {
        return Offload.pack((int) first & (Offload.NEEDS_CSUM | Offload.DATA_VALID), (int) (first >>> 8) & 0xff & ~GSO_ECN,
                (int) (first >>> 32) & 0xffff, (int) (first >>> 16) & 0xffff, (int) (first >>> 48), csumOffset);
    }

    /// Appends the header for `offload` to `target`. **Borrows** `target`.
    ///
    /// @param length [#LENGTH], or [#LENGTH_WITH_BUFFER_COUNT] for a frame that fills one buffer of the guest
    public static void write(ByteBuf target, long offload, int length) {
        target.writeLongLE(first(offload)).writeShortLE(csumOffset(offload));
        switch (length) {
            case LENGTH -> { }
            case LENGTH_WITH_BUFFER_COUNT -> target.writeShortLE(1);
            default -> throw new IllegalArgumentException("a virtio-net header has " + LENGTH + " or " + LENGTH_WITH_BUFFER_COUNT
                    + " bytes, not " + length);
        }
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
