package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// The IPv4 header (RFC 791 §3.1).
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |Version|  IHL  |    DSCP   |ECN|          Total Length         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |         Identification        |Flags|     Fragment Offset     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Time to Live  |    Protocol   |        Header Checksum        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                         Source Address                        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      Destination Address                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public final class Ipv4Header {
    /// Bytes without options.
    public static final int MIN_LENGTH = 20;
    /// The largest value of the total length field.
    public static final int MAX_TOTAL_LENGTH = 65_535;
    /// Protocol numbers (IANA).
    public static final int ICMP = 1, TCP = 6, UDP = 17;
    /// Flag bits of the 16-bit flags-and-offset field.
    public static final int DONT_FRAGMENT = 0x4000, MORE_FRAGMENTS = 0x2000;
    /// Offset of the header checksum.
    public static final int CHECKSUM = 10;
    /// IP options a host must not honour (RFC 7126 §4.3, §4.4): loose and strict source route.
    private static final int LOOSE_SOURCE_ROUTE = 131, STRICT_SOURCE_ROUTE = 137;

    private Ipv4Header() {}

    /// Checks and decodes the header at `off`, of which `available` bytes are in the frame; **borrows**
    /// `frame`. Bytes beyond the total length (Ethernet padding) are ignored. Afterwards the IP fields,
    /// `l4Offset` and `l4Length` of `view` are set and lie inside the frame.
    public static DropReason decode(ByteBuf frame, int off, int available, PacketView view) {
        if (available < MIN_LENGTH) {
            return DropReason.IPV4_HEADER;
        }
        long word0 = frame.getLong(off);
        long word1 = frame.getLong(off + 8);
        int word2 = frame.getInt(off + 16);
        int headerLength = (int) (word0 >>> 56 & 0xf) * 4;
        if (word0 >>> 60 != 4 || headerLength < MIN_LENGTH || headerLength > available) {
            return DropReason.IPV4_HEADER;
        }
        int totalLength = (int) (word0 >>> 32) & 0xffff;
        if (totalLength < headerLength || totalLength > available) {
            return DropReason.IPV4_TOTAL_LENGTH;
        }
        if (!headerSumIsValid(frame, off, headerLength, word0, word1, word2)) {
            return DropReason.IPV4_CHECKSUM;
        }
        view.l3Offset = off;
        view.l3HeaderLength = headerLength;
        view.l3Length = totalLength;
        view.trafficClass = (int) (word0 >>> 48) & 0xff;
        view.identification = (int) (word0 >>> 16) & 0xffff;
        view.dontFragment = (word0 & DONT_FRAGMENT) != 0;
        view.moreFragments = (word0 & MORE_FRAGMENTS) != 0;
        view.fragmentOffset = (int) (word0 & 0x1fff) * 8;
        view.ttl = (int) (word1 >>> 56);
        view.protocol = (int) (word1 >>> 48) & 0xff;
        view.srcHi = 0;
        view.srcLo = IpAddress.v4Lo((int) word1);
        view.dstHi = 0;
        view.dstLo = IpAddress.v4Lo(word2);
        view.l4Offset = off + headerLength;
        view.l4Length = totalLength - headerLength;
        return headerLength == MIN_LENGTH ? DropReason.NONE : checkOptions(frame, off + MIN_LENGTH, off + headerLength);
    }

    private static boolean headerSumIsValid(ByteBuf frame, int off, int headerLength, long word0, long word1, int word2) {
        if (headerLength != MIN_LENGTH) {
            return Checksum.of(frame, off, headerLength) == 0;
        }
        long sum = (word0 >>> 32) + (word0 & 0xffff_ffffL) + (word1 >>> 32) + (word1 & 0xffff_ffffL) + (word2 & 0xffff_ffffL);
        return Checksum.fold(sum) == 0xffff;
    }

    private static DropReason checkOptions(ByteBuf frame, int from, int end) {
        int at = from;
        while (at < end) {
            int type = frame.getByte(at) & 0xff;
            if (type == 0) {
                return DropReason.NONE;
            }
            if (type == 1) {
                at++;
                continue;
            }
            if (type == LOOSE_SOURCE_ROUTE || type == STRICT_SOURCE_ROUTE || at + 1 >= end) {
                return DropReason.IPV4_OPTIONS;
            }
            int length = frame.getByte(at + 1) & 0xff;
            if (length < 2 || at + length > end) {
                return DropReason.IPV4_OPTIONS;
            }
            at += length;
        }
        return DropReason.NONE;
    }

    /// Writes a header without options at `off`, checksum included; **borrows** `buf`. Moves no index.
    ///
    /// @param totalLength  header and payload; values above 65 535 are written as 0 (a super-frame the link cuts)
    /// @param flagsAndOffset [#DONT_FRAGMENT], [#MORE_FRAGMENTS] and the offset in units of 8 bytes
    /// @param src, dst     the 32 address bits
    public static void write(ByteBuf buf, int off, int trafficClass, int totalLength, int identification, int flagsAndOffset,
            int ttl, int protocol, int src, int dst) {
        int length = totalLength > MAX_TOTAL_LENGTH ? 0 : totalLength;
        int first = 0x4500_0000 | (trafficClass & 0xff) << 16 | length;
        int second = (identification & 0xffff) << 16 | flagsAndOffset & 0xffff;
        int third = (ttl & 0xff) << 24 | (protocol & 0xff) << 16;
        long sum = (first & 0xffff_ffffL) + (second & 0xffff_ffffL) + (third & 0xffff_ffffL) + (src & 0xffff_ffffL)
                + (dst & 0xffff_ffffL);
        third |= ~Checksum.fold(sum) & 0xffff;
        buf.setLong(off, (long) first << 32 | second & 0xffff_ffffL);
        buf.setLong(off + 8, (long) third << 32 | src & 0xffff_ffffL);
        buf.setInt(off + 16, dst);
    }
}
