package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// Decodes a whole frame, layer by layer, as the stack does.
final class Decoding {
    private Decoding() {}

    /// The first layer's complaint, [DropReason#NONE] without one. Layers the stack does not decode are not decoded.
    static DropReason decode(ByteBuf frame, int off, int length, long offload, PacketView view) {
        view.offload = offload;
        DropReason reason = EthernetHeader.decode(frame, off, length, view);
        if (reason != DropReason.NONE) {
            return reason;
        }
        int l3 = off + EthernetHeader.LENGTH;
        int available = length - EthernetHeader.LENGTH;
        return switch (view.etherType) {
            case EthernetHeader.TYPE_ARP -> ArpHeader.check(frame, l3, available);
            case EthernetHeader.TYPE_IPV4 -> {
                reason = Ipv4Header.decode(frame, l3, available, view);
                yield reason == DropReason.NONE && !view.isFragment() ? transport(frame, view) : reason;
            }
            default -> DropReason.NONE;
        };
    }

    private static DropReason transport(ByteBuf frame, PacketView view) {
        return switch (view.protocol) {
            case Ipv4Header.TCP -> TcpHeader.decode(frame, view);
            case Ipv4Header.UDP -> UdpHeader.decode(frame, view);
            case Ipv4Header.ICMP -> IcmpHeader.decode(frame, view);
            default -> DropReason.NONE;
        };
    }

    /// Everything in `view`, offsets counted from `base`: two decodings are equal when these are.
    static String fields(PacketView view, int base) {
        StringBuilder text = new StringBuilder();
        append(text, view.dstMac, view.srcMac, view.etherType, view.l3Offset - base, view.l3HeaderLength, view.l3Length, view.protocol,
                view.ttl, view.trafficClass, view.identification, view.fragmentOffset, view.srcHi, view.srcLo, view.dstHi, view.dstLo,
                view.l4Offset - base, view.l4Length, view.srcPort, view.dstPort, view.payloadOffset - base, view.payloadLength,
                view.seq, view.ack, view.window, view.flags, view.urgentPointer, view.icmpType, view.icmpCode, view.icmpId, view.icmpSeq);
        TcpOptions options = view.options;
        append(text, options.mss, options.windowScale, options.tsVal, options.tsEcr, options.sackBlocks);
        for (int edge : options.sack) {
            append(text, edge);
        }
        return text.append(view.dontFragment).append(view.moreFragments).append(options.sackPermitted).append(options.timestamps).toString();
    }

    private static void append(StringBuilder text, long... values) {
        for (long value : values) {
            text.append(value).append(' ');
        }
    }
}
