package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// A frame as one line of text, for traces and tests; it allocates.
///
/// ```
/// arp who-has 10.0.2.2 tell 10.0.2.15
/// arp reply 10.0.2.2 is-at 52:55:0a:00:02:02
/// 10.0.2.15:40000 > 192.0.2.9:80 tcp S 7:7(0) win 65535 <mss 1460,sackOK>
/// 10.0.2.15:40001 > 10.0.2.3:53 udp (32)
/// 10.0.2.15 > 10.0.2.2 icmp echo id 7 seq 1 (56)
/// 10.0.2.15 > 192.0.2.9 protocol 17 fragment 1480+1480 of 5
/// ethertype 0x86dd (60)
/// ```
/// A number in parentheses is the length of what follows the headers. `gso N` stands behind a super-frame, cut every `N`
/// bytes. Checksums of transport are not verified; where anything else is wrong, the line ends with the [DropReason].
public final class FrameText {
    /// Bytes at the beginning of a frame that [#of] may read: Ethernet, IPv4 and TCP headers with all options.
    public static final int HEAD_BYTES = EthernetHeader.LENGTH + 60 + TcpHeader.MAX_LENGTH;

    private FrameText() {}

    /// The text of the frame of `length` bytes at `off`. **Borrows** `frame`, which needs to hold the first
    /// [#HEAD_BYTES] of these bytes only.
    public static String of(ByteBuf frame, int off, int length, long offload) {
        StringBuilder text = new StringBuilder();
        PacketView view = new PacketView();
        // Nothing sums what is not there: the payload may be missing.
        view.offload = offload | Offload.pack(Offload.DATA_VALID, 0, 0, 0, 0, 0);
        DropReason reason = EthernetHeader.decode(frame, off, length, view);
        if (reason == DropReason.NONE) {
            reason = appendNetwork(text, frame, off + EthernetHeader.LENGTH, length - EthernetHeader.LENGTH, view);
        }
        if (Offload.gsoType(offload) != Offload.GSO_NONE) {
            text.append(" gso ").append(Offload.gsoSize(offload));
        }
        if (reason != DropReason.NONE) {
            text.append(text.isEmpty() ? "" : " ").append(reason).append(" (").append(length).append(')');
        }
        return text.toString();
    }

    private static DropReason appendNetwork(StringBuilder text, ByteBuf frame, int off, int length, PacketView view) {
        return switch (view.etherType) {
            case EthernetHeader.TYPE_ARP -> appendArp(text, frame, off, length);
            case EthernetHeader.TYPE_IPV4 -> appendIpv4(text, frame, off, length, view);
            default -> {
                text.append("ethertype 0x").append(Integer.toHexString(0x1_0000 | view.etherType), 1, 5);
                text.append(" (").append(length).append(')');
                yield DropReason.NONE;
            }
        };
    }

    private static DropReason appendArp(StringBuilder text, ByteBuf frame, int off, int length) {
        DropReason reason = ArpHeader.check(frame, off, length);
        if (reason != DropReason.NONE) {
            return reason;
        }
        IpAddress sender = IpAddress.v4(ArpHeader.senderIp(frame, off));
        if (ArpHeader.operation(frame, off) == ArpHeader.REQUEST) {
            text.append("arp who-has ").append(IpAddress.v4(ArpHeader.targetIp(frame, off))).append(" tell ").append(sender);
        } else {
            text.append("arp reply ").append(sender).append(" is-at ").append(new MacAddress(ArpHeader.senderMac(frame, off)));
        }
        return DropReason.NONE;
    }

    private static DropReason appendIpv4(StringBuilder text, ByteBuf frame, int off, int length, PacketView view) {
        DropReason reason = Ipv4Header.decode(frame, off, length, view);
        if (reason != DropReason.NONE) {
            return reason;
        }
        IpAddress source = new IpAddress(view.srcHi, view.srcLo);
        IpAddress destination = new IpAddress(view.dstHi, view.dstLo);
        if (view.isFragment()) {
            text.append(source).append(" > ").append(destination).append(" protocol ").append(view.protocol).append(" fragment ")
                    .append(view.fragmentOffset).append('+').append(view.l4Length).append(" of ").append(view.identification);
            return DropReason.NONE;
        }
        reason = switch (view.protocol) {
            case Ipv4Header.TCP -> TcpHeader.decode(frame, view);
            case Ipv4Header.UDP -> UdpHeader.decode(frame, view);
            case Ipv4Header.ICMP -> IcmpHeader.decode(frame, view);
            default -> DropReason.NONE;
        };
        boolean ports = reason == DropReason.NONE && (view.protocol == Ipv4Header.TCP || view.protocol == Ipv4Header.UDP);
        text.append(source).append(ports ? ":" + view.srcPort : "").append(" > ");
        text.append(destination).append(ports ? ":" + view.dstPort : "");
        if (reason == DropReason.NONE) {
            appendTransport(text, frame, view);
        }
        return reason;
    }

    private static void appendTransport(StringBuilder text, ByteBuf frame, PacketView view) {
        switch (view.protocol) {
            case Ipv4Header.TCP -> SegmentText.appendTo(text.append(" tcp "), frame, view);
            case Ipv4Header.UDP -> text.append(" udp (").append(view.payloadLength).append(')');
            case Ipv4Header.ICMP -> appendIcmp(text.append(" icmp "), view);
            default -> text.append(" protocol ").append(view.protocol).append(" (").append(view.l4Length).append(')');
        }
    }

    private static void appendIcmp(StringBuilder text, PacketView view) {
        switch (view.icmpType) {
            case IcmpHeader.ECHO_REQUEST -> text.append("echo id ").append(view.icmpId).append(" seq ").append(view.icmpSeq);
            case IcmpHeader.ECHO_REPLY -> text.append("echo-reply id ").append(view.icmpId).append(" seq ").append(view.icmpSeq);
            case IcmpHeader.DESTINATION_UNREACHABLE -> text.append("unreachable code ").append(view.icmpCode);
            case IcmpHeader.TIME_EXCEEDED -> text.append("time-exceeded code ").append(view.icmpCode);
            default -> text.append("type ").append(view.icmpType).append(" code ").append(view.icmpCode);
        }
        text.append(" (").append(view.payloadLength).append(')');
    }
}
