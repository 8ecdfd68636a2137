package dev.jslirp.fuzz;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SlowChecksum;
import dev.jslirp.testkit.WireWriter;
import java.util.Arrays;

/// Makes right in a packet what only chance would make right: lengths, source address, checksums.
final class Repair {
    private static final int IP_HEADER_MIN = 20;
    static final long GATEWAY_MAC = AddressPlan.defaults().gatewayMac().bits();

    private Repair() {}

    static byte[] withEthernetHeader(FuzzNetwork net, int etherType, byte[] payload) {
        return new EthernetFrame(GATEWAY_MAC, net.fixture.guest.mac(), etherType, payload).encode();
    }

    /// `packet` with version, total length, source and header checksum of an IPv4 packet of the guest, and the checksum of TCP, UDP
    /// and ICMP. Its header length, flags, protocol, destination and options stay as they are.
    static byte[] ipv4(FuzzNetwork net, byte[] packet) {
        int headerLength = packet.length == 0 ? 0 : (packet[0] & 15) * 4;
        if (headerLength < IP_HEADER_MIN || packet.length < headerLength) {
            return packet;
        }
        byte[] header = Arrays.copyOf(packet, headerLength);
        byte[] payload = Arrays.copyOfRange(packet, headerLength, packet.length);
        header[0] = (byte) (0x40 | headerLength / 4);
        put(header, 2, packet.length);
        System.arraycopy(new WireWriter().u32(net.fixture.guest.ip()).toByteArray(), 0, header, 12, 4);
        put(header, 10, 0);
        put(header, 10, SlowChecksum.of(header));
        transport(header, payload);
        return new WireWriter().bytes(header).bytes(payload).toByteArray();
    }

    private static void transport(byte[] header, byte[] payload) {
        int protocol = header[9];
        int at = switch (protocol) {
            case Ipv4Packet.TCP -> 16;
            case Ipv4Packet.UDP -> 6;
            case Ipv4Packet.ICMP -> 2;
            default -> Integer.MAX_VALUE - 2;
        };
        if (at + 2 > payload.length) {
            return;
        }
        put(payload, at, 0);
        byte[] pseudo = protocol == Ipv4Packet.ICMP ? new byte[0]
                : SlowChecksum.pseudoHeader(u32(header, 12), u32(header, 16), protocol, payload.length);
        put(payload, at, SlowChecksum.of(pseudo, payload));
    }

    private static int u32(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 24 | (bytes[at + 1] & 0xff) << 16 | (bytes[at + 2] & 0xff) << 8 | bytes[at + 3] & 0xff;
    }

    private static void put(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >> 8);
        bytes[at + 1] = (byte) value;
    }
}
