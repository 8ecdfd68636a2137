package dev.jslirp.lan;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.wire.ArpHeader;
import dev.jslirp.wire.DhcpMessage;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.UdpHeader;
import io.netty.buffer.ByteBuf;

/// Who may say what: the rules for every port, and those for guarded ones.
final class PortGuard {
    private static final int L3 = EthernetHeader.LENGTH;
    private static final int IPV4_SRC = L3 + 12;
    private static final int TYPE_VLAN = 0x8100, TYPE_SERVICE_VLAN = 0x88a8, TYPE_OLD_SERVICE_VLAN = 0x9100;
    /// Bytes from the UDP header to the client's hardware address (RFC 2131 §2).
    private static final int CHADDR = UdpHeader.LENGTH + 28;

    private final AddressPlan plan;
    private final long gatewayMac;
    private final PacketView view = new PacketView();

    PortGuard(AddressPlan plan) {
        this.plan = plan;
        gatewayMac = plan.gatewayMac().bits();
    }

    /// What no guest may do. **Borrows** `frame`.
    PortDrop check(ByteBuf frame, int off, int length, long srcMac, int etherType) {
        if (srcMac == 0 || MacAddress.isGroup(srcMac)) {
            return PortDrop.SOURCE_MAC;
        }
        return switch (etherType) {
            // IEEE 802.1Q §6.9: a tag of VLAN 0 means the untagged network, so what is behind it would count.
            case TYPE_VLAN, TYPE_SERVICE_VLAN, TYPE_OLD_SERVICE_VLAN -> PortDrop.TAGGED;
            case EthernetHeader.TYPE_IPV4 -> claimed(srcMac == gatewayMac
                    || length >= IPV4_SRC + 4 && isOurs(frame.getInt(off + IPV4_SRC)));
            case EthernetHeader.TYPE_ARP -> claimed(srcMac == gatewayMac || length >= L3 + ArpHeader.LENGTH
                    && (isOurs(ArpHeader.senderIp(frame, off + L3)) || ArpHeader.senderMac(frame, off + L3) == gatewayMac));
            default -> claimed(srcMac == gatewayMac);
        };
    }

    private boolean isOurs(int address) {
        return plan.isOurs(0, IpAddress.v4Lo(address));
    }

    private static PortDrop claimed(boolean bad) {
        return bad ? PortDrop.GATEWAY_CLAIMED : PortDrop.NONE;
    }

    /// What a guarded port's guest may not do either.
    ///
    /// @param mac     the port's
    /// @param address the one leased to it, or 0
    PortDrop checkGuarded(ByteBuf frame, int off, int length, int etherType, long mac, int address) {
        return switch (etherType) {
            case EthernetHeader.TYPE_ARP -> checkArp(frame, off + L3, length - L3, mac, address);
            case EthernetHeader.TYPE_IPV4 -> checkIpv4(frame, off + L3, length - L3, mac, address);
            default -> PortDrop.ETHER_TYPE;
        };
    }

    private static PortDrop checkArp(ByteBuf frame, int arp, int available, long mac, int address) {
        if (ArpHeader.check(frame, arp, available) != DropReason.NONE) {
            return PortDrop.ETHER_TYPE;
        }
        if (ArpHeader.senderMac(frame, arp) != mac) {
            return PortDrop.SPOOFED_MAC;
        }
        int sender = ArpHeader.senderIp(frame, arp);
        // RFC 5227 §2.1.1: a probe claims nothing.
        boolean probe = sender == 0 && ArpHeader.operation(frame, arp) == ArpHeader.REQUEST;
        return probe || sender == address && sender != 0 ? PortDrop.NONE : PortDrop.SPOOFED_ADDRESS;
    }

    private PortDrop checkIpv4(ByteBuf frame, int ip, int available, long mac, int address) {
        if (Ipv4Header.decode(frame, ip, available, view) != DropReason.NONE) {
            return PortDrop.ETHER_TYPE;
        }
        int source = (int) view.srcLo;
        boolean dhcp = false;
        if (view.protocol == Ipv4Header.UDP && view.fragmentOffset == 0 && view.l4Length >= UdpHeader.LENGTH) {
            int srcPort = frame.getUnsignedShort(view.l4Offset);
            dhcp = frame.getUnsignedShort(view.l4Offset + 2) == DhcpMessage.SERVER_PORT;
            if (srcPort == DhcpMessage.SERVER_PORT || dhcp && !isOwnDhcp(frame, mac)) {
                return PortDrop.DHCP;
            }
        }
        // RFC 2131 §4.1: who has no address yet says so.
        boolean booting = source == 0 && dhcp;
        return booting || source == address && source != 0 ? PortDrop.NONE : PortDrop.SPOOFED_ADDRESS;
    }

    private boolean isOwnDhcp(ByteBuf frame, long mac) {
        return !view.moreFragments && view.l4Length >= CHADDR + 8 && frame.getLong(view.l4Offset + CHADDR) >>> 16 == mac;
    }
}
