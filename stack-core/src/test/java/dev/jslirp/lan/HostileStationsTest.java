package dev.jslirp.lan;

import static dev.jslirp.lan.LanFixture.BROADCAST;
import static dev.jslirp.lan.LanFixture.GATEWAY;
import static dev.jslirp.lan.LanFixture.GATEWAY_MAC;
import static dev.jslirp.lan.LanFixture.OFFLOADING;
import static dev.jslirp.lan.LanFixture.PLAIN;
import static dev.jslirp.lan.LanFixture.mac;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.lan.LanFixture.Station;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimLink;
import dev.jslirp.testkit.SlowChecksum;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.Offload;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Guests that attack the switch, and each other through it. Every test ends with two others that must still be served.
class HostileStationsTest {
    private static final int MACS_PER_PORT = 64;

    private final LanFixture net = new LanFixture();
    private final Station[] honest = net.stations(PLAIN, 15, 16);
    private final Station attacker = net.stations(OFFLOADING, 66)[0];

    @BeforeEach
    void forgetTheGreetings() {
        clear();
    }

    @AfterEach
    void othersAreServedAndAllIsReleased() {
        for (Station station : honest) {
            station.guest().takeAll();
            station.got();
        }
        honest[0].send(honest[1], Ipv4Packet.ICMP, new byte[8]);
        assertEquals(1, honest[1].got());
        honest[0].askFor(GATEWAY);
        assertEquals(GATEWAY_MAC, honest[0].guest().takeAll().getLast().arp().senderMac());
        assertEquals(0, net.network.counters().get(DropReason.INTERNAL));
        net.close();
    }

    @Test
    void aFloodOfMacAddressesHurtsTheFlooderOnly() {
        byte[] frame = new EthernetFrame(GATEWAY_MAC, 0, 0x9999, new byte[46]).encode();
        flood(frame, 1_000);
        long before = usedHeap();
        flood(frame, 100_000);

        assertEquals(2 + MACS_PER_PORT, net.lan.macsKnown());
        assertTrue(attacker.port().macLimits() >= 100_000);
        long grown = usedHeap() - before;
        assertTrue(grown < 4 << 20, grown + " bytes more are in use");
        attacker.got();
        honest[0].got();
        honest[1].got();
        honest[0].send(honest[1], Ipv4Packet.ICMP, new byte[8]);
        assertEquals(0, attacker.got(), "what is known stays known, so nothing is flooded to the attacker");
    }

    private void flood(byte[] frame, int frames) {
        for (int i = 0; i < frames; i++) {
            frame[6] = 0x02;
            frame[8] = (byte) (i >> 24);
            frame[9] = (byte) (i >> 16);
            frame[10] = (byte) (i >> 8);
            frame[11] = (byte) i;
            attacker.link().deliver(frame);
            if (i % 1_000 == 0) {
                clear();
            }
        }
        clear();
    }

    private void clear() {
        attacker.got();
        for (Station station : honest) {
            station.guest().takeAll();
            station.got();
        }
    }

    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Test
    void manyFloodersShareTheTableAndNobodyElseLosesItsPlace() {
        try (LanFixture small = new LanFixture(GuestNetworkConfig.defaults(), SwitchConfig.defaults(1500).withLimits(8, 16, 10))) {
            Station[] s = small.stations(PLAIN, 15, 16, 66, 67, 68);
            for (int i = 0; i < 500; i++) {
                for (int flooder = 2; flooder < 5; flooder++) {
                    s[flooder].send(s[0].mac(), mac(1_000 * flooder + i), 0x9999, new byte[46]);
                }
            }
            assertEquals(16, small.lan.macsKnown());
            for (Station station : s) {
                station.got();
            }
            s[0].send(s[1], Ipv4Packet.ICMP, new byte[8]);
            assertEquals(1, s[1].got());
            assertEquals(0, s[2].got() + s[3].got() + s[4].got());
            assertEquals(0, s[0].port().macLimits() + s[1].port().macLimits());
        }
    }

    @Test
    void aFlappingPortLeavesNothingBehind() {
        long bytes = net.allocator.liveBytes();
        for (int i = 0; i < 2_000; i++) {
            Station flapping = net.station(77, OFFLOADING, i % 2 == 0 ? PortConfig.open("x") : PortConfig.guarded("x"));
            flapping.link().deliver(new EthernetFrame(BROADCAST, flapping.mac(), EthernetFrame.ARP,
                    new ArpMessage(ArpMessage.REQUEST, flapping.mac(), 0, 0, GATEWAY).encode()).encode());
            flapping.port().close();
            clear();
        }

        assertEquals(3, net.lan.macsKnown());
        assertEquals(3, net.lan.ports().size());
        assertEquals(bytes, net.allocator.liveBytes());
    }

    @Test
    void aStationFlappingBetweenTwoPortsIsCountedAtOnePlace() {
        Station second = net.stations(PLAIN, 67)[0];
        for (int i = 0; i < 1_000; i++) {
            attacker.send(BROADCAST, mac(99), 0x9999, new byte[46]);
            second.send(BROADCAST, mac(99), 0x9999, new byte[46]);
        }

        assertEquals(5, net.lan.macsKnown());
        clear();
    }

    // ---- lies about offloads

    @Test
    void liesAboutChecksumsReachNobody() {
        byte[] tcp = tcp(1_000, TcpSegment.ACK);
        int length = tcp.length;
        assertRefused(tcp, Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, length, 16), "begins behind the frame");
        assertRefused(tcp, Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, length - 10, 16), "ends behind the frame");
        assertRefused(tcp, Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, 0xffff, 0xff), "far behind the frame");
        assertRefused(tcp, Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, 0, 0), "in the Ethernet header");
        assertRefused(tcp, Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, 14, 10), "in the IP header");
        assertRefused(tcp, Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, 34, 6), "UDP's place in TCP");
        assertRefused(tcp, Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, 34, 17), "an odd place");
        assertRefused(Arrays.copyOf(tcp, 30), Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, 14, 6), "truncated IP");
        assertRefused(new EthernetFrame(honest[1].mac(), attacker.mac(), 0x9999, new byte[100]).encode(),
                Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, 34, 16), "no IP at all");
        Ipv4Packet piece = Ipv4Packet.of(Ipv4Packet.UDP, attacker.ip(), honest[1].ip(), new byte[200]).fragments(104).getFirst();
        assertRefused(new EthernetFrame(honest[1].mac(), attacker.mac(), EthernetFrame.IPV4, piece.encode()).encode(),
                Offload.pack(Offload.NEEDS_CSUM, 0, 0, 42, 34, 6), "a fragment");
    }

    @Test
    void liesAboutSegmentationReachNobody() {
        byte[] tcp = tcp(20_000, TcpSegment.ACK);
        int open = Offload.NEEDS_CSUM;
        assertRefused(tcp, Offload.pack(0, Offload.GSO_TCPV4, 1_000, 54, 34, 16), "without an open checksum");
        assertRefused(tcp, Offload.pack(Offload.DATA_VALID, Offload.GSO_TCPV4, 1_000, 54, 34, 16), "with a valid checksum");
        assertRefused(tcp, Offload.pack(open, Offload.GSO_TCPV4, 0, 54, 34, 16), "segments of nothing");
        assertRefused(tcp, Offload.pack(open, Offload.GSO_TCPV4, 1, 54, 34, 16), "20 000 segments");
        assertRefused(tcp, Offload.pack(open, Offload.GSO_TCPV4, 1_000, 65_535, 34, 16), "a header longer than the frame");
        assertRefused(tcp, Offload.pack(open, Offload.GSO_TCPV6, 1_000, 54, 34, 16), "as IPv6");
        assertRefused(tcp, Offload.pack(open, Offload.GSO_UDP_L4, 1_000, 54, 34, 16), "as UDP");
        assertRefused(tcp, Offload.pack(open, 3, 1_000, 54, 34, 16), "as UDP fragments");
        assertRefused(tcp, Offload.pack(open, 15, 1_000, 54, 34, 16), "as nothing known");
        assertRefused(tcp, Offload.pack(open, Offload.GSO_TCPV4, 1_000, 54, 54, 16), "from an inner header");
        assertRefused(tcp(20_000, TcpSegment.SYN), Offload.pack(open, Offload.GSO_TCPV4, 1_000, 54, 34, 16), "of SYNs");
        assertRefused(tcp(20_000, TcpSegment.ACK | TcpSegment.RST), Offload.pack(open, Offload.GSO_TCPV4, 1_000, 54, 34, 16), "of resets");
        assertRefused(tcp(0, TcpSegment.ACK), Offload.pack(open, Offload.GSO_TCPV4, 1_000, 54, 34, 16), "without payload");
        for (int headerLength : new int[] {0, 4, 15}) {
            byte[] lying = tcp(headerLength == 15 ? 30 : 20_000, TcpSegment.ACK);
            lying[34 + 12] = (byte) (headerLength << 4);
            assertRefused(lying, Offload.pack(open, Offload.GSO_TCPV4, 1_000, 54, 34, 16), "TCP header of " + headerLength + " words");
        }
        byte[] longer = tcp(20_000, TcpSegment.ACK);
        assertRefused(Arrays.copyOf(longer, 10_000), Offload.pack(open, Offload.GSO_TCPV4, 1_000, 54, 34, 16), "IP longer than the frame");
    }

    private void assertRefused(byte[] frame, long offload, String lie) {
        long before = attacker.drops(PortDrop.OFFLOAD);
        attacker.send(frame, offload);
        assertEquals(before + 1, attacker.drops(PortDrop.OFFLOAD), lie);
        assertEquals(0, honest[0].got() + honest[1].got(), lie);
    }

    @Test
    void segmentsLongerThanTheMtuReachNobody() {
        attacker.send(tcp(20_000, TcpSegment.ACK), Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_461, 54, 34, 16));
        attacker.send(tcp(20_000, TcpSegment.ACK), Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 65_535, 54, 34, 16));
        attacker.send(tcp(20_000, TcpSegment.ACK), Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, 54, 34, 16));
        attacker.send(tcp(20_000, TcpSegment.ACK), Offload.NONE);

        assertEquals(4, attacker.drops(PortDrop.TOO_BIG));
        assertEquals(0, honest[1].got());
    }

    @Test
    void framesOfNoOrAnyLengthAreDropped() {
        for (int length : new int[] {0, 1, 13}) {
            attacker.send(new byte[length], Offload.NONE);
        }
        attacker.send(new byte[70_000], Offload.NONE);

        assertEquals(4, attacker.drops(PortDrop.LENGTH));
    }

    /// Whatever comes out at an honest guest is within what its link takes, which `SimLink` checks, and its checksum is right.
    @Test
    void mutatedSuperFramesComeOutWellFormedOrNotAtAll() {
        Station taking = net.stations(OFFLOADING, 17)[0];
        clear();
        SplittableRandom random = new SplittableRandom(42);
        long delivered = 0;
        for (int i = 0; i < 10_000; i++) {
            boolean udp = random.nextBoolean();
            byte[] frame = udp ? udp(random.nextInt(1, 6_000)) : tcp(random.nextInt(6_000), TcpSegment.ACK);
            Station to = random.nextBoolean() ? taking : honest[1];
            System.arraycopy(new EthernetFrame(to.mac(), attacker.mac(), EthernetFrame.IPV4, new byte[0]).encode(), 0, frame, 0, 14);
            for (int mutations = random.nextInt(4); mutations > 0; mutations--) {
                frame[random.nextInt(12, 60)] = (byte) random.nextInt();
            }
            long offload = Offload.pack(random.nextInt(4), random.nextInt(3) * random.nextInt(6), random.nextInt(2_000),
                    random.nextInt(100), random.nextInt(3) == 0 ? random.nextInt(100) : 34,
                    random.nextInt(3) == 0 ? random.nextInt(30) : udp ? 6 : 16);
            attacker.link().deliver(random.nextInt(8) == 0 ? Arrays.copyOf(frame, random.nextInt(frame.length + 1)) : frame, offload);
            boolean summed = (Offload.flags(offload) & Offload.NEEDS_CSUM) != 0 && Offload.csumStart(offload) == 34;
            delivered += wellFormed(to, summed);
        }
        assertTrue(delivered > 1_000, delivered + " frames came out");
        clear();
    }

    private static int wellFormed(Station to, boolean summed) {
        to.guest().takeAll();
        List<SimLink.SentFrame> sent = to.link().takeSent();
        for (SimLink.SentFrame frame : sent) {
            byte[] bytes = frame.bytes();
            boolean open = (Offload.flags(frame.offload()) & Offload.NEEDS_CSUM) != 0;
            if (Offload.gsoType(frame.offload()) != Offload.GSO_NONE) {
                assertTrue(open && Offload.gsoSize(frame.offload()) > 0 && Offload.headerLength(frame.offload()) < bytes.length);
            }
            if (open) {
                assertTrue(Offload.csumStart(frame.offload()) + Offload.csumOffset(frame.offload()) + 2 <= bytes.length);
                assertTrue(Offload.csumStart(frame.offload()) >= 34);
            } else if (summed) {
                Ipv4Packet packet = Ipv4Packet.parse(EthernetFrame.parse(bytes).payload());
                byte[] pseudo = SlowChecksum.pseudoHeader(packet.src(), packet.dst(), packet.protocol(), packet.payload().length);
                assertEquals(0xffff, SlowChecksum.sum(pseudo, packet.payload()));
            }
        }
        return sent.size();
    }

    @Test
    void theCountersOfTheNetworkStandForTheUplinkOnly() {
        long before = net.network.counters().get(Counter.FRAMES_FROM_GUEST);

        attacker.send(honest[0], Ipv4Packet.ICMP, new byte[8]);

        assertEquals(before, net.network.counters().get(Counter.FRAMES_FROM_GUEST));
    }

    private byte[] tcp(int bytes, int flags) {
        return frame(Ipv4Packet.TCP, new TcpSegment(1, 2, 3, 4, flags, 5, 0, List.of(), new byte[bytes])
                .encode(attacker.ip(), honest[1].ip()));
    }

    private byte[] udp(int bytes) {
        return frame(Ipv4Packet.UDP, new UdpDatagram(1, 2, new byte[bytes]).encode(attacker.ip(), honest[1].ip()));
    }

    private byte[] frame(int protocol, byte[] transport) {
        return new EthernetFrame(honest[1].mac(), attacker.mac(), EthernetFrame.IPV4,
                Ipv4Packet.of(protocol, attacker.ip(), honest[1].ip(), transport).encode()).encode();
    }
}
