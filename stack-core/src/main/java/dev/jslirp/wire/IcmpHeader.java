package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// The ICMP header (RFC 792): type, code, checksum, and four bytes whose meaning depends on the type.
public final class IcmpHeader {
    /// Bytes of the header.
    public static final int LENGTH = 8;
    /// Types (IANA ICMP parameters).
    public static final int ECHO_REPLY = 0, DESTINATION_UNREACHABLE = 3, ECHO_REQUEST = 8, TIME_EXCEEDED = 11, PARAMETER_PROBLEM = 12;
    /// Codes of [#DESTINATION_UNREACHABLE] (RFC 792, RFC 1122 §3.2.2.1).
    public static final int NET_UNREACHABLE = 0, HOST_UNREACHABLE = 1, PROTOCOL_UNREACHABLE = 2, PORT_UNREACHABLE = 3,
            FRAGMENTATION_NEEDED = 4, ADMIN_PROHIBITED = 13;
    /// Codes of [#TIME_EXCEEDED].
    public static final int TTL_EXCEEDED = 0, REASSEMBLY_TIME_EXCEEDED = 1;
    /// Offset of the checksum.
    public static final int CHECKSUM = 2;

    private IcmpHeader() {}

    /// Checks and decodes the message at `view.l4Offset` (set by the IP decoder); **borrows** `frame`.
    /// Afterwards the ICMP fields and the payload range (what follows the 8-byte header) are set.
    public static DropReason decode(ByteBuf frame, PacketView view) {
        if (view.l4Length < LENGTH) {
            return DropReason.ICMP_LENGTH;
        }
        if (!Offload.checksumTrusted(view.offload) && Checksum.of(frame, view.l4Offset, view.l4Length) != 0) {
            return DropReason.ICMP_CHECKSUM;
        }
        long word = frame.getLong(view.l4Offset);
        view.icmpType = (int) (word >>> 56);
        view.icmpCode = (int) (word >>> 48) & 0xff;
        view.icmpId = (int) (word >>> 16) & 0xffff;
        view.icmpSeq = (int) word & 0xffff;
        view.payloadOffset = view.l4Offset + LENGTH;
        view.payloadLength = view.l4Length - LENGTH;
        return DropReason.NONE;
    }

    /// Writes the header at `off` with a checksum field of 0; **borrows** `buf`. Moves no index.
    ///
    /// @param rest the last four bytes: identifier and sequence number, next-hop MTU, pointer, or 0
    public static void write(ByteBuf buf, int off, int type, int code, int rest) {
        buf.setLong(off, (long) type << 56 | (long) (code & 0xff) << 48 | rest & 0xffff_ffffL);
    }
}
