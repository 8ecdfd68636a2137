package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// Every parser on one frame, in the order the stack uses them.
final class Parsers {
    private Parsers() {}

    /// Decodes as far as the frame goes.
    ///
    /// @return why it would be dropped; NONE for types the stack does not speak
    static DropReason decode(ByteBuf frame, int off, int length, PacketView view) {
        DropReason reason = EthernetHeader.decode(frame, off, length, view);
        if (reason != DropReason.NONE) {
            return reason;
        }
        int l3 = off + EthernetHeader.LENGTH;
        int available = length - EthernetHeader.LENGTH;
        return switch (view.etherType) {
            case EthernetHeader.TYPE_ARP -> ArpHeader.check(frame, l3, available);
            case EthernetHeader.TYPE_IPV4 -> ipv4(frame, l3, available, view);
            default -> DropReason.NONE;
        };
    }

    private static DropReason ipv4(ByteBuf frame, int off, int available, PacketView view) {
        DropReason reason = Ipv4Header.decode(frame, off, available, view);
        if (reason != DropReason.NONE || view.isFragment()) {
            return reason;
        }
        return switch (view.protocol) {
            case Ipv4Header.TCP -> TcpHeader.decode(frame, view);
            case Ipv4Header.UDP -> UdpHeader.decode(frame, view);
            case Ipv4Header.ICMP -> IcmpHeader.decode(frame, view);
            default -> DropReason.IP_PROTOCOL;
        };
    }
}
