package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.DropReason;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Frames and headers that lie.
class FramesTest extends HostileTest {
    private static final long GATEWAY_MAC = 0x5255_0a00_0202L;

    /// One valid frame of every kind the stack understands.
    private List<byte[]> validFrames() {
        byte[] syn = new TcpSegment(1234, 80, 1, 0, TcpSegment.SYN, 1000, 0,
                List.of(TcpSegment.Option.of(TcpSegment.MSS, new byte[] {5, (byte) 180})), new byte[0]).encode(ATTACKER, FAR);
        byte[] dhcp = new WireWriter().u8(1).u8(1).u8(6).padTo(28).mac(net.guest.mac()).padTo(236).u32(0x6382_5363).u8(53).u8(1).u8(1)
                .u8(255).toByteArray();
        Ipv4Packet echo = Ipv4Packet.of(Ipv4Packet.ICMP, ATTACKER, GATEWAY,
                new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[56]).encode());
        return List.of(ip(Ipv4Packet.TCP, FAR, syn),
                ip(Ipv4Packet.UDP, FAR, new UdpDatagram(1, 2, new byte[30]).encode(ATTACKER, FAR)),
                ip(Ipv4Packet.UDP, DNS, new UdpDatagram(1, 53, query(1, "host.test")).encode(ATTACKER, DNS)),
                ip(Ipv4Packet.UDP, GATEWAY, new UdpDatagram(68, 67, dhcp).encode(ATTACKER, GATEWAY)),
                frame(EthernetFrame.IPV4, echo.encode()),
                frame(EthernetFrame.IPV4, echo.fragments(24).getFirst().encode()),
                frame(EthernetFrame.ARP, new ArpMessage(ArpMessage.REQUEST, net.guest.mac(), ATTACKER, 0, GATEWAY).encode()));
    }

    private byte[] ip(int protocol, int dst, byte[] payload) {
        return frame(EthernetFrame.IPV4, Ipv4Packet.of(protocol, ATTACKER, dst, payload).encode());
    }

    private byte[] frame(int etherType, byte[] payload) {
        return new EthernetFrame(GATEWAY_MAC, net.guest.mac(), etherType, payload).encode();
    }

    @Test
    void framesCutAtEveryByteAreDropped() {
        for (byte[] frame : validFrames()) {
            for (int length = 0; length < frame.length; length++) {
                net.link.deliver(Arrays.copyOf(frame, length));
            }
        }
        net.reactor.settle();

        assertNotEquals(0, drops(DropReason.ETHERNET_LENGTH));
        assertNotEquals(0, drops(DropReason.IPV4_TOTAL_LENGTH));
        assertNotEquals(0, drops(DropReason.ARP_MALFORMED));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, 1_515, 65_535, 65_536, 70_000})
    void framesShorterOrLongerThanTheLinkTakesAreDropped(int length) {
        byte[] frame = Arrays.copyOf(validFrames().getFirst(), length);
        net.link.deliver(frame);
        net.reactor.settle();

        assertEquals(1, drops(DropReason.ETHERNET_LENGTH));
        assertEquals(0, held());
    }

    @Test
    void aTotalLengthBeyondTheFrameIsDropped() {
        byte[] packet = Ipv4Packet.of(Ipv4Packet.UDP, ATTACKER, FAR, new UdpDatagram(1, 2, new byte[100]).encode(ATTACKER, FAR)).encode();
        for (int claimed : new int[] {0, 19, packet.length + 1, 1_500, 65_535}) {
            packet[2] = (byte) (claimed >> 8);
            packet[3] = (byte) claimed;
            sendRaw(summed(packet, 20));
        }
        net.reactor.settle();

        assertEquals(5, drops(DropReason.IPV4_TOTAL_LENGTH));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void anIpHeaderLengthThatLiesIsDropped() {
        byte[] packet = Ipv4Packet.of(Ipv4Packet.UDP, ATTACKER, FAR, new byte[12]).encode();
        for (int words = 0; words < 16; words++) {
            packet[0] = (byte) (0x40 | words);
            sendRaw(summed(packet, Math.min(packet.length, Math.max(20, words * 4))));
        }
        net.reactor.settle();

        assertTrue(drops(DropReason.IPV4_HEADER) >= 5);
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aTcpDataOffsetThatLiesIsDropped() {
        byte[] segment = new TcpSegment(1, 80, 1, 0, TcpSegment.SYN, 1000, 0, List.of(), new byte[0]).encode(ATTACKER, FAR);
        for (int words = 0; words < 16; words++) {
            if (words != 5) {
                segment[12] = (byte) (words << 4);
                net.guest.send(Ipv4Packet.of(Ipv4Packet.TCP, ATTACKER, FAR, segment));
            }
        }
        net.reactor.settle();

        assertEquals(15, drops(DropReason.TCP_HEADER) + drops(DropReason.TCP_CHECKSUM));
        assertEquals(0, net.host.streams().size());
    }

    @Test
    void aTcpOptionLengthThatLiesDoesNoHarm() {
        for (int declared = 0; declared < 256; declared++) {
            TcpSegment.Option lie = new TcpSegment.Option(TcpSegment.SACK, declared, new byte[6]);
            net.guest.send(FAR, new TcpSegment(declared + 1, 80, 1, 0, TcpSegment.SYN, 1000, 0, List.of(lie), new byte[0]));
        }
        net.reactor.settle();

        assertEquals(256, drops(DropReason.TCP_HEADER) + count(Counter.TCP_FLOWS_OPENED));
    }

    @Test
    void aUdpLengthThatLiesIsDropped() {
        byte[] datagram = new UdpDatagram(1, 2, new byte[20]).encode(ATTACKER, FAR);
        datagram[6] = 0;
        datagram[7] = 0;
        for (int claimed : new int[] {0, 1, 7, 29, 1_000, 65_535}) {
            datagram[4] = (byte) (claimed >> 8);
            datagram[5] = (byte) claimed;
            net.guest.send(Ipv4Packet.of(Ipv4Packet.UDP, ATTACKER, FAR, datagram));
        }
        net.reactor.settle();

        assertEquals(6, drops(DropReason.UDP_LENGTH));
        assertEquals(0, net.host.datagrams().size());
    }

    /// CVE-2021-3594: UDP shorter than its header.
    @Test
    void udpShorterThanItsHeaderIsDropped() {
        for (int length = 0; length < 8; length++) {
            net.guest.send(Ipv4Packet.of(Ipv4Packet.UDP, ATTACKER, GATEWAY, new byte[length]));
        }
        net.reactor.settle();

        assertEquals(8, drops(DropReason.UDP_LENGTH));
    }

    /// CVE-2014-3640: the head of a list taken for the socket of 0.0.0.0:0.
    @Test
    void udpFromNobodyAtPortZeroIsDropped() {
        byte[] datagram = new UdpDatagram(0, 9, new byte[4]).encode(0, FAR);
        net.guest.send(Ipv4Packet.of(Ipv4Packet.UDP, 0, FAR, datagram));
        sendUdp(0, FAR, 9, new byte[4]);
        sendUdp(9, FAR, 0, new byte[4]);
        net.reactor.settle();

        assertEquals(1, drops(DropReason.IPV4_SOURCE));
        assertEquals(1, drops(DropReason.UDP_PORT));
        // RFC 768: a source port of 0 is a datagram that wants no answer.
        assertEquals(1, net.network.flowCount());
    }

    /// CVE-2020-29129, CVE-2020-29130, CVE-2020-10756, CVE-2021-3593: NC-SI, ARP and IPv6 shorter than their headers.
    @Test
    void runtsOfEveryEtherTypeAreDropped() {
        for (int etherType : new int[] {0x88f8, 0x0806, 0x86dd, 0x0800, 0x8100, 0x88a8, 0, 46, 1500, 0xffff}) {
            for (int length = 14; length < 60; length++) {
                byte[] frame = new EthernetFrame(GATEWAY_MAC, net.guest.mac(), etherType, new byte[0]).encode();
                net.link.deliver(Arrays.copyOf(frame, length));
            }
        }
        net.reactor.settle();

        assertEquals(8 * 46, drops(DropReason.ETHER_TYPE));
        assertEquals(46, drops(DropReason.ARP_MALFORMED));
        assertEquals(0, net.guest.inbox().size());
    }

    @Test
    void everyIpOptionOfEveryLengthIsDroppedOrIgnored() {
        for (int kind = 0; kind < 256; kind++) {
            for (int length : new int[] {0, 1, 2, 3, 4, 39, 40, 255}) {
                byte[] datagram = new UdpDatagram(5, 6, new byte[1]).encode(ATTACKER, GATEWAY);
                byte[] plain = Ipv4Packet.of(Ipv4Packet.UDP, ATTACKER, FAR, new byte[0]).encode();
                WireWriter out = new WireWriter().u8(0x4f).u8(0).u16(60 + datagram.length).bytes(Arrays.copyOfRange(plain, 4, 20));
                out.u8(kind).u8(length).u8(4).padTo(60).bytes(datagram);
                sendRaw(summed(out.toByteArray(), 60));
            }
        }
        net.reactor.settle();

        // Loose and strict source routes of any length (RFC 7126 §4.3, §4.4), and every kind whose length lies.
        assertTrue(drops(DropReason.IPV4_OPTIONS) >= 2 * 8 + 252 * 3, drops(DropReason.IPV4_OPTIONS) + " dropped");
    }

    /// Land: a packet that seems to come from where it goes.
    @Test
    void packetsFromTheirOwnDestinationAreDropped() {
        for (int address : new int[] {GATEWAY, DNS, FAR, v4("127.0.0.1"), v4("10.0.2.255"), -1, v4("224.0.0.1"), v4("10.0.2.0")}) {
            byte[] syn = new TcpSegment(80, 80, 1, 0, TcpSegment.SYN, 1000, 0, List.of(), new byte[0]).encode(address, address);
            net.guest.send(Ipv4Packet.of(Ipv4Packet.TCP, address, address, syn));
        }
        net.reactor.settle();
        assertEquals(8, drops(DropReason.IPV4_SOURCE));

        byte[] self = new TcpSegment(80, 80, 1, 0, TcpSegment.SYN, 1000, 0, List.of(), new byte[0]).encode(ATTACKER, ATTACKER);
        net.guest.send(Ipv4Packet.of(Ipv4Packet.TCP, ATTACKER, ATTACKER, self));
        net.reactor.settle();
        assertEquals(1, drops(DropReason.IPV4_DESTINATION));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aFrameFromTheGatewaysOwnStationIsDropped() {
        byte[] arp = new ArpMessage(ArpMessage.REPLY, GATEWAY_MAC, SECOND, GATEWAY_MAC, GATEWAY).encode();
        net.link.deliver(new EthernetFrame(GATEWAY_MAC, GATEWAY_MAC, EthernetFrame.ARP, arp).encode());
        net.link.deliver(new EthernetFrame(GATEWAY_MAC, 0x0100_5e00_0001L, EthernetFrame.ARP, arp).encode());

        assertEquals(2, drops(DropReason.ETHERNET_SOURCE));
    }

    /// CVE-2026-120830: an ICMP error must quote no byte that was not received.
    @Test
    void anIcmpErrorQuotesReceivedBytesOnly() {
        for (int length = 20; length < 200; length++) {
            byte[] packet = Ipv4Packet.of(99, ATTACKER, FAR, new byte[length - 20]).encode();
            Arrays.fill(packet, 20, length, (byte) length);
            sendRaw(packet);
            net.reactor.settle();
            for (Received received : net.guest.takeAll()) {
                byte[] quote = received.icmp().payload();
                assertTrue(quote.length <= packet.length);
                assertArrayEquals(Arrays.copyOf(packet, quote.length), quote);
            }
            net.reactor.advance(10 * MS);
        }
        assertNotEquals(0, count(Counter.ICMP_ERRORS_SENT));
    }

    @Test
    void mutatedFramesDoNoHarm() {
        SplittableRandom random = new SplittableRandom(20_260_101);
        List<byte[]> seeds = validFrames();
        for (int i = 0; i < 10_000; i++) {
            byte[] frame = seeds.get(random.nextInt(seeds.size())).clone();
            for (int changes = random.nextInt(1, 5); changes > 0; changes--) {
                frame[random.nextInt(12, frame.length)] = (byte) random.nextInt();
            }
            if (random.nextBoolean()) {
                frame = Arrays.copyOf(frame, random.nextInt(frame.length + 1));
            }
            if (frame.length >= 34 && frame[12] == 8 && frame[13] == 0 && random.nextInt(4) != 0) {
                byte[] packet = summed(Arrays.copyOfRange(frame, 14, frame.length), Math.max(20,
                        Math.min(frame.length - 14, (frame[14] & 0xf) * 4)));
                System.arraycopy(packet, 0, frame, 14, packet.length);
            }
            net.link.deliver(frame);
            if (i % 100 == 0) {
                net.reactor.advance(10 * MS);
                discard();
            }
        }

        assertEquals(0, drops(DropReason.INTERNAL));
        assertHeldAtMost(6 << 20);
    }
}
