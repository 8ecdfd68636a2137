package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// The UDP header (RFC 768): source port, destination port, length, checksum; two bytes each.
public final class UdpHeader {
    /// Bytes of the header.
    public static final int LENGTH = 8;
    /// Offset of the checksum.
    public static final int CHECKSUM = 6;

    private UdpHeader() {}

    /// Checks and decodes the datagram at `view.l4Offset` (set by the IP decoder); **borrows** `frame`.
    /// Afterwards ports and payload range of `view` are set. A checksum of 0 over IPv4 means "none"
    /// (RFC 768); bytes beyond the length field are ignored.
    public static DropReason decode(ByteBuf frame, PacketView view) {
        if (view.l4Length < LENGTH) {
            return DropReason.UDP_LENGTH;
        }
        long word = frame.getLong(view.l4Offset);
        int length = (int) (word >>> 16) & 0xffff;
        if (Offload.gsoType(view.offload) == Offload.GSO_UDP_L4) {
            length = view.l4Length;
        }
        if (length < LENGTH || length > view.l4Length) {
            return DropReason.UDP_LENGTH;
        }
        view.srcPort = (int) (word >>> 48);
        view.dstPort = (int) (word >>> 32) & 0xffff;
        view.l4Length = length;
        view.payloadOffset = view.l4Offset + LENGTH;
        view.payloadLength = length - LENGTH;
        if (view.dstPort == 0) {
            return DropReason.UDP_PORT;
        }
        boolean unsummed = (word & 0xffff) == 0 && IpAddress.isV4(view.srcHi, view.srcLo);
        if (!unsummed && !Offload.checksumTrusted(view.offload) && !Checksum.transportIsValid(frame, view)) {
            return DropReason.UDP_CHECKSUM;
        }
        return DropReason.NONE;
    }

    /// Writes the header at `off`; **borrows** `buf`. Moves no index.
    public static void write(ByteBuf buf, int off, int srcPort, int dstPort, int length, int checksum) {
        buf.setLong(off, (long) srcPort << 48 | (long) dstPort << 32 | (long) (length & 0xffff) << 16 | checksum & 0xffff);
    }
}
