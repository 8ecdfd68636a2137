package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// The Ethernet II header.
///
/// ```
/// +-----------------+-----------------+-----------+
/// | destination (6) |   source (6)    | type (2)  |
/// +-----------------+-----------------+-----------+
/// ```
public final class EthernetHeader {
    /// Bytes of the header.
    public static final int LENGTH = 14;
    /// EtherTypes (IANA).
    public static final int TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd;

    private EthernetHeader() {}

    /// Decodes the header at `off` of a frame of `length` bytes; **borrows** `frame`. Afterwards the
    /// Ethernet fields of `view` are set and `length >= LENGTH` holds.
    public static DropReason decode(ByteBuf frame, int off, int length, PacketView view) {
        if (length < LENGTH) {
            return DropReason.ETHERNET_LENGTH;
        }
        long first = frame.getLong(off);
        long second = frame.getLong(off + 6);
        view.dstMac = first >>> 16;
        view.srcMac = second >>> 16;
        view.etherType = (int) second & 0xffff;
        return MacAddress.isGroup(view.srcMac) ? DropReason.ETHERNET_SOURCE : DropReason.NONE;
    }

    /// Writes the header at `off`; **borrows** `buf`. Moves no index.
    public static void write(ByteBuf buf, int off, long dstMac, long srcMac, int etherType) {
        buf.setLong(off, dstMac << 16 | srcMac >>> 32);
        buf.setLong(off + 6, srcMac << 16 | etherType);
    }
}
