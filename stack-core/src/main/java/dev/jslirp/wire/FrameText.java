package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// One line of text per frame, for traces and failure messages; TCP in the notation of packet scripts. Allocates.
public final class FrameText {
    private final PacketView view = new PacketView();

    /// Describes a whole Ethernet frame at the readable bytes. **Borrows** `frame`.
    ///
    /// @param offload see [Offload]
    public String describe(ByteBuf frame, long offload) {
        view.offload = offload;
        int off = frame.readerIndex();
        int length = frame.readableBytes();
        DropReason reason = EthernetHeader.decode(frame, off, length, view);
        if (reason != DropReason.NONE) {
            return malformed(reason, length);
        }
        return switch (view.etherType) {
            case EthernetHeader.TYPE_ARP -> arp(frame, off + EthernetHeader.LENGTH, length - EthernetHeader.LENGTH);
            case EthernetHeader.TYPE_IPV4 -> ipv4(frame, off + EthernetHeader.LENGTH, length - EthernetHeader.LENGTH);
            default -> String.format("ethertype 0x%04x, %d bytes", view.etherType, length);
        };
    }

    private static String malformed(DropReason reason, int length) {
        return "malformed (" + reason + "), " + length + " bytes";
    }

    private static String arp(ByteBuf frame, int off, int length) {
        if (length < ArpHeader.LENGTH) {
            return malformed(DropReason.ARP_MALFORMED, length);
        }
        IpAddress sender = IpAddress.v4(frame.getInt(off + 14));
        IpAddress target = IpAddress.v4(frame.getInt(off + 24));
        return frame.getShort(off + 6) == 1 ? "arp who-has " + target + " tell " + sender
                : "arp " + sender + " is-at " + new MacAddress(frame.getLong(off + 8) >>> 16);
    }

    private String ipv4(ByteBuf frame, int off, int length) {
        DropReason reason = Ipv4Header.decode(frame, off, length, view);
        if (reason != DropReason.NONE) {
            return malformed(reason, length);
        }
        if (view.isFragment()) {
            return addresses(false) + " fragment " + view.fragmentOffset + "+" + view.l4Length + (view.moreFragments ? " more" : " last")
                    + " id " + view.identification;
        }
        return switch (view.protocol) {
            case Ipv4Header.TCP -> tcp(frame);
            case Ipv4Header.UDP -> udp(frame);
            case Ipv4Header.ICMP -> icmp(frame);
            default -> addresses(false) + " protocol " + view.protocol + ", " + view.l4Length + " bytes";
        };
    }

    private String addresses(boolean ports) {
        IpAddress source = new IpAddress(view.srcHi, view.srcLo);
        IpAddress destination = new IpAddress(view.dstHi, view.dstLo);
        return ports ? source + ":" + view.srcPort + " > " + destination + ":" + view.dstPort : source + " > " + destination;
    }

    private String tcp(ByteBuf frame) {
        DropReason reason = TcpHeader.decode(frame, view);
        return reason == DropReason.NONE ? addresses(true) + " " + segment(view) : addresses(false) + " tcp " + malformed(reason, view.l4Length);
    }

    private String udp(ByteBuf frame) {
        DropReason reason = UdpHeader.decode(frame, view);
        return reason == DropReason.NONE ? addresses(true) + " udp (" + view.payloadLength + ")"
                : addresses(false) + " udp " + malformed(reason, view.l4Length);
    }

    private String icmp(ByteBuf frame) {
        DropReason reason = IcmpHeader.decode(frame, view);
        if (reason != DropReason.NONE) {
            return addresses(false) + " icmp " + malformed(reason, view.l4Length);
        }
        String what = switch (view.icmpType) {
            case IcmpHeader.ECHO_REQUEST -> "echo request id " + view.icmpId + " seq " + view.icmpSeq;
            case IcmpHeader.ECHO_REPLY -> "echo reply id " + view.icmpId + " seq " + view.icmpSeq;
            default -> "type " + view.icmpType + " code " + view.icmpCode;
        };
        return addresses(false) + " icmp " + what + " (" + view.payloadLength + ")";
    }

    /// The TCP fields of `view` in the notation of packet scripts: `S. 0:0(0) ack 1 win 65535 <mss 1460,wscale 7>`.
    public static String segment(PacketView view) {
        StringBuilder text = new StringBuilder();
        flag(text, view, TcpHeader.SYN, 'S');
        flag(text, view, TcpHeader.FIN, 'F');
        flag(text, view, TcpHeader.RST, 'R');
        flag(text, view, TcpHeader.PSH, 'P');
        flag(text, view, TcpHeader.URG, 'U');
        flag(text, view, TcpHeader.ECE, 'E');
        flag(text, view, TcpHeader.CWR, 'W');
        flag(text, view, TcpHeader.ACK, '.');
        text.append(' ').append(unsigned(view.seq)).append(':').append(unsigned(view.seq + view.payloadLength))
                .append('(').append(view.payloadLength).append(')');
        if (view.hasFlags(TcpHeader.ACK)) {
            text.append(" ack ").append(unsigned(view.ack));
        }
        return text.append(" win ").append(view.window).append(options(view.options)).toString();
    }

    private static void flag(StringBuilder text, PacketView view, int flag, char letter) {
        if (view.hasFlags(flag)) {
            text.append(letter);
        }
    }

    private static String unsigned(int seq) {
        return Integer.toUnsignedString(seq);
    }

    private static String options(TcpOptions options) {
        StringBuilder text = new StringBuilder();
        if (options.mss != 0) {
            text.append(",mss ").append(options.mss);
        }
        if (options.sackPermitted) {
            text.append(",sackOK");
        }
        if (options.timestamps) {
            text.append(",TS val ").append(unsigned(options.tsVal)).append(" ecr ").append(unsigned(options.tsEcr));
        }
        if (options.windowScale >= 0) {
            text.append(",wscale ").append(options.windowScale);
        }
        for (int i = 0; i < options.sackBlocks; i++) {
            text.append(i == 0 ? ",sack " : " ").append(unsigned(options.sack[2 * i])).append(':').append(unsigned(options.sack[2 * i + 1]));
        }
        return text.isEmpty() ? "" : " <" + text.substring(1) + ">";
    }
}
