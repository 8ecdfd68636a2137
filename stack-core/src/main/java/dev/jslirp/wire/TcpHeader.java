package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// The TCP header (RFC 9293 §3.1).
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          Source Port          |       Destination Port        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                        Sequence Number                        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                    Acknowledgment Number                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Data |       |C|E|U|A|P|R|S|F|                               |
/// | Offset| Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
/// |       |       |R|E|G|K|H|T|N|N|                               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |           Checksum            |         Urgent Pointer        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public final class TcpHeader {
    /// Bytes without options, and with all of them.
    public static final int MIN_LENGTH = 20, MAX_LENGTH = 60;
    /// Control bits.
    public static final int FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128;
    /// Offset of the checksum.
    public static final int CHECKSUM = 16;

    private TcpHeader() {}

    /// Checks and decodes the segment at `view.l4Offset` (set by the IP decoder); **borrows** `frame`.
    /// The checksum is verified unless `view.offload` says it need not be. Afterwards the TCP fields
    /// and the payload range of `view` are set.
    public static DropReason decode(ByteBuf frame, PacketView view) {
        int off = view.l4Offset;
        int length = view.l4Length;
        if (length < MIN_LENGTH) {
            return DropReason.TCP_HEADER;
        }
        long word0 = frame.getLong(off);
        long word1 = frame.getLong(off + 8);
        int headerLength = (int) (word1 >>> 28 & 0xf) * 4;
        if (headerLength < MIN_LENGTH || headerLength > length) {
            return DropReason.TCP_HEADER;
        }
        if (!Offload.checksumTrusted(view.offload) && !Checksum.transportIsValid(frame, view)) {
            return DropReason.TCP_CHECKSUM;
        }
        view.srcPort = (int) (word0 >>> 48);
        view.dstPort = (int) (word0 >>> 32) & 0xffff;
        view.seq = (int) word0;
        view.ack = (int) (word1 >>> 32);
        view.flags = (int) (word1 >>> 16) & 0xff;
        view.window = (int) word1 & 0xffff;
        view.urgentPointer = (view.flags & URG) == 0 ? 0 : frame.getUnsignedShort(off + 18);
        view.options.decode(frame, off + MIN_LENGTH, headerLength - MIN_LENGTH);
        view.payloadOffset = off + headerLength;
        view.payloadLength = length - headerLength;
        return DropReason.NONE;
    }

    /// Writes header and options at `off` with a checksum field of 0; **borrows** `buf`. Moves no index.
    ///
    /// @return the header's length in bytes
    public static int write(ByteBuf buf, int off, int srcPort, int dstPort, OutboundSegment segment) {
        int length = MIN_LENGTH + writeOptions(buf, off + MIN_LENGTH, segment);
        buf.setLong(off, (long) srcPort << 48 | (long) dstPort << 32 | segment.seq & 0xffff_ffffL);
        buf.setLong(off + 8, (long) segment.ack << 32 | (long) (length / 4) << 28 | (long) segment.flags << 16 | segment.window);
        buf.setInt(off + 16, 0);
        return length;
    }

    private static int writeOptions(ByteBuf buf, int off, OutboundSegment segment) {
        int at = off;
        if (segment.mss != 0) {
            buf.setInt(at, TcpOptions.MSS << 24 | 4 << 16 | segment.mss);
            at += 4;
        }
        if (segment.windowScale >= 0) {
            buf.setInt(at, TcpOptions.NOP << 24 | TcpOptions.WINDOW_SCALE << 16 | 3 << 8 | segment.windowScale);
            at += 4;
        }
        if (segment.sackPermitted) {
            buf.setInt(at, TcpOptions.NOP << 24 | TcpOptions.NOP << 16 | TcpOptions.SACK_PERMITTED << 8 | 2);
            at += 4;
        }
        if (segment.timestamps) {
            buf.setInt(at, TcpOptions.NOP << 24 | TcpOptions.NOP << 16 | TcpOptions.TIMESTAMPS << 8 | 10);
            buf.setInt(at + 4, segment.tsVal);
            buf.setInt(at + 8, segment.tsEcr);
            at += 12;
        }
        if (segment.sackBlocks > 0) {
            buf.setInt(at, TcpOptions.NOP << 24 | TcpOptions.NOP << 16 | TcpOptions.SACK << 8 | 2 + 8 * segment.sackBlocks);
            at += 4;
            for (int i = 0; i < 2 * segment.sackBlocks; i++) {
                buf.setInt(at, segment.sack[i]);
                at += 4;
            }
        }
        return at - off;
    }
}
