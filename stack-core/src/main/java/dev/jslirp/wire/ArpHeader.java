package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// An ARP message for IPv4 over Ethernet (RFC 826).
///
/// ```
/// +-----------+-----------+------+------+-----------+
/// | htype (2) | ptype (2) | hlen | plen |  oper (2) |
/// +-----------+-----------+------+------+-----------+
/// | sender MAC (6) | sender IP (4) | target MAC (6) | target IP (4) |
/// +----------------+---------------+----------------+---------------+
/// ```
public final class ArpHeader {
    /// Bytes of the message.
    public static final int LENGTH = 28;
    /// Operations.
    public static final int REQUEST = 1, REPLY = 2;
    /// Ethernet, IPv4, 6 and 4 address bytes: the first six bytes of the message.
    private static final long ETHERNET_IPV4 = 0x0001_0800_0604L;

    private ArpHeader() {}

    /// Checks the message at `off`, of which `available` bytes are in the frame; **borrows** `frame`.
    /// Unless the answer is [DropReason#ARP_MALFORMED], the accessors of this class may be used.
    public static DropReason check(ByteBuf frame, int off, int available) {
        if (available < LENGTH || frame.getLong(off) >>> 16 != ETHERNET_IPV4) {
            return DropReason.ARP_MALFORMED;
        }
        int operation = operation(frame, off);
        return operation == REQUEST || operation == REPLY ? DropReason.NONE : DropReason.ARP_MALFORMED;
    }

    /// [#REQUEST] or [#REPLY].
    public static int operation(ByteBuf frame, int off) {
        return frame.getUnsignedShort(off + 6);
    }

    /// The sender's 48 bits.
    public static long senderMac(ByteBuf frame, int off) {
        return frame.getLong(off + 8) >>> 16;
    }

    /// The sender's IPv4 address, 32 bits.
    public static int senderIp(ByteBuf frame, int off) {
        return frame.getInt(off + 14);
    }

    /// The IPv4 address asked about, 32 bits.
    public static int targetIp(ByteBuf frame, int off) {
        return frame.getInt(off + 24);
    }

    /// Writes a message at `off`; **borrows** `buf`. Moves no index.
    public static void write(ByteBuf buf, int off, int operation, long senderMac, int senderIp, long targetMac, int targetIp) {
        buf.setLong(off, ETHERNET_IPV4 << 16 | operation);
        buf.setLong(off + 8, senderMac << 16 | senderIp >>> 16);
        buf.setLong(off + 16, (long) senderIp << 48 | targetMac);
        buf.setInt(off + 24, targetIp);
    }
}
