package dev.jslirp.lan;

import dev.jslirp.wire.Checksum;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import dev.jslirp.wire.UdpHeader;
import io.netty.buffer.ByteBuf;

/// What a guest's frame to another guest really leaves to be done, told from the packet's own headers. A register file, like
/// [PacketView]: one per switch, overwritten by every frame.
///
/// A receiving kernel does what a virtio-net header says: it writes where the header points, and cuts where it says. So what the sender
/// claims is compared with the packet; nothing of it is passed on but the segment size, which is checked.
final class FrameShape {
    private static final int L3 = EthernetHeader.LENGTH;
    private static final int IPV6_HEADER = 40;

    /// Bytes of the frame that are passed on.
    int frameBytes;
    /// Of these, what goes into the header buffer: all headers of a super-frame, else up to the checksum.
    int headerBytes;
    /// What is left to be done, see [Offload].
    long offload;
    /// The sum to be put into the checksum field, -1 to leave it.
    int pseudoSum;
    /// What the UDP length field must say, -1 to leave it. Its place is 2 bytes before the checksum.
    int udpLength;

    private final int mtuBytes;
    private final int segmentsMax;
    private final PacketView view = new PacketView();
    private boolean ipv6;

    FrameShape(SwitchConfig config) {
        mtuBytes = config.mtuBytes();
        segmentsMax = config.segmentsMax();
    }

    /// Checks the frame of `length` bytes at `off`, which came with `claimed`. Afterwards, unless it is to be dropped, the fields are
    /// set. **Borrows** `frame`.
    PortDrop check(ByteBuf frame, int off, int length, int etherType, long claimed) {
        frameBytes = length;
        headerBytes = L3;
        offload = Offload.NONE;
        pseudoSum = -1;
        udpLength = -1;
        boolean open = (Offload.flags(claimed) & Offload.NEEDS_CSUM) != 0;
        int gsoType = Offload.gsoType(claimed);
        if (!open) {
            // Virtual I/O Device 1.2 §5.1.6.2: segmentation goes with NEEDS_CSUM.
            return gsoType != Offload.GSO_NONE ? PortDrop.OFFLOAD : fitting(length);
        }
        if (!decodeIp(frame, off, length, etherType)) {
            return PortDrop.OFFLOAD;
        }
        frameBytes = view.l4Offset - off + view.l4Length;
        int l4 = view.l4Offset - off;
        int field = Offload.csumStart(claimed) + Offload.csumOffset(claimed);
        if (!isChecksumPlace(Offload.csumStart(claimed), Offload.csumOffset(claimed), l4)) {
            return PortDrop.OFFLOAD;
        }
        if (Offload.csumStart(claimed) == l4) {
            pseudoSum = Checksum.fold(Checksum.pseudoHeader(view.srcHi, view.srcLo, view.dstHi, view.dstLo, view.protocol, view.l4Length));
            udpLength = view.protocol == Ipv4Header.UDP ? view.l4Length : -1;
        }
        if (gsoType != Offload.GSO_NONE) {
            return checkSegmentation(frame, off, gsoType, claimed);
        }
        headerBytes = field + 2;
        offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, headerBytes, Offload.csumStart(claimed),
                Offload.csumOffset(claimed));
        return fitting(frameBytes);
    }

    private PortDrop fitting(int length) {
        return length - L3 > mtuBytes ? PortDrop.TOO_BIG : PortDrop.NONE;
    }

    /// Sets addresses, protocol and transport range of the view. @return false for what has no transport checksum to complete
    private boolean decodeIp(ByteBuf frame, int off, int length, int etherType) {
        ipv6 = etherType == EthernetHeader.TYPE_IPV6;
        if (ipv6) {
            return decodeIpv6(frame, off + L3, length - L3);
        }
        return etherType == EthernetHeader.TYPE_IPV4
                && Ipv4Header.decode(frame, off + L3, length - L3, view) == DropReason.NONE && !view.isFragment();
    }

    /// RFC 8200 §3. Extension headers are left alone: they count as transport.
    private boolean decodeIpv6(ByteBuf frame, int at, int available) {
        if (available < IPV6_HEADER || frame.getUnsignedByte(at) >>> 4 != 6) {
            return false;
        }
        view.l4Length = frame.getUnsignedShort(at + 4);
        view.l4Offset = at + IPV6_HEADER;
        view.protocol = frame.getUnsignedByte(at + 6);
        view.srcHi = frame.getLong(at + 8);
        view.srcLo = frame.getLong(at + 16);
        view.dstHi = frame.getLong(at + 24);
        view.dstLo = frame.getLong(at + 32);
        // A literal packet from a mapped address would be taken for IPv4 (`IpAddress`), and has no business on a link (RFC 4291 §2.5.5.2).
        return view.l4Length <= available - IPV6_HEADER && !IpAddress.isV4(view.srcHi, view.srcLo);
    }

    /// A checksum belongs to the transport header, or to one further in (a tunnel's). Anywhere else, completing it would
    /// rewrite addresses and ports that have been checked.
    private boolean isChecksumPlace(int start, int offset, int l4) {
        int end = start + offset + 2;
        if (end > frameBytes || end > OutboundFrame.HEADER_CAPACITY || offset != TcpHeader.CHECKSUM && offset != UdpHeader.CHECKSUM) {
            return false;
        }
        if (start == l4) {
            return offset == TcpHeader.CHECKSUM && view.protocol == Ipv4Header.TCP
                    || offset == UdpHeader.CHECKSUM && view.protocol == Ipv4Header.UDP;
        }
        return start >= l4 + UdpHeader.LENGTH;
    }

    private PortDrop checkSegmentation(ByteBuf frame, int off, int gsoType, long claimed) {
        int l4 = view.l4Offset - off;
        boolean known = switch (gsoType) {
            case Offload.GSO_TCPV4 -> !ipv6 && view.protocol == Ipv4Header.TCP;
            case Offload.GSO_TCPV6 -> ipv6 && view.protocol == Ipv4Header.TCP;
            case Offload.GSO_UDP_L4 -> view.protocol == Ipv4Header.UDP;
            default -> false;
        };
        boolean tcp = gsoType != Offload.GSO_UDP_L4;
        if (!known || Offload.csumStart(claimed) != l4 || Offload.headerLength(claimed) > frameBytes) {
            return PortDrop.OFFLOAD;
        }
        if (tcp && !isSegmentable(frame, off + l4)) {
            return PortDrop.OFFLOAD;
        }
        headerBytes = l4 + (tcp ? frame.getUnsignedByte(off + l4 + 12) / 16 * 4 : UdpHeader.LENGTH);
        int payload = frameBytes - headerBytes;
        int size = Offload.gsoSize(claimed);
        if (payload <= 0 || size == 0) {
            return PortDrop.OFFLOAD;
        }
        boolean cut = payload > size;
        offload = Offload.pack(Offload.NEEDS_CSUM, cut ? gsoType : Offload.GSO_NONE, cut ? size : 0, headerBytes, l4,
                Offload.csumOffset(claimed));
        if ((payload - 1) / size >= segmentsMax) {
            return PortDrop.OFFLOAD;
        }
        return fitting(cut ? headerBytes + size : frameBytes);
    }

    /// RFC 9293 §3.1: the header within the segment; and flags that stand for one segment alone are not among the copied ones.
    private boolean isSegmentable(ByteBuf frame, int tcp) {
        int headerLength = frame.getUnsignedByte(tcp + 12) / 16 * 4;
        int flags = frame.getUnsignedByte(tcp + 13);
        return headerLength >= TcpHeader.MIN_LENGTH && headerLength <= view.l4Length
                && (flags & (TcpHeader.SYN | TcpHeader.RST | TcpHeader.URG)) == 0;
    }
}
