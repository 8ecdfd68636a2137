package dev.jslirp.lan;

import static dev.jslirp.lan.LanFixture.GATEWAY;
import static dev.jslirp.lan.LanFixture.GATEWAY_MAC;
import static dev.jslirp.lan.LanFixture.OFFLOADING;
import static dev.jslirp.lan.LanFixture.PLAIN;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.lan.LanFixture.Station;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimGuest;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostNetwork;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.SimLink;
import dev.jslirp.testkit.SimReactor;
import dev.jslirp.testkit.SlowChecksum;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.TcpSegment.Option;
import dev.jslirp.testkit.TrackingAllocator;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Offload;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a port does for a link without offloads.
class SegmentationTest {
    private static final LinkCapabilities CHECKSUM_ONLY = new LinkCapabilities(1500, true, false, false, 1514);
    private static final LinkCapabilities TCP_ONLY = LinkCapabilities.offloading(1500, false);
    private static final int TCP_HEADERS = 14 + 20 + 20 + 12;

    private final LanFixture net = new LanFixture();

    @AfterEach
    void everythingIsReleased() {
        net.close();
    }

    // ---- from the network

    /// The same guest, host and seed twice: on a plain link of its own, and on a plain port of a switch.
    @ParameterizedTest
    @ValueSource(ints = {1, 1_459, 1_460, 1_461, 14_600, 50_001, 300_000})
    void segmentsOfTheSwitchAreThoseTheEngineSends(int bytes) {
        List<byte[]> direct = download(bytes, false);
        List<byte[]> switched = download(bytes, true);

        assertEquals(direct.size(), switched.size());
        for (int i = 0; i < direct.size(); i++) {
            assertArrayEquals(direct.get(i), switched.get(i), "frame " + i);
        }
        assertTrue(direct.size() >= bytes / 1_460);
    }

    private static List<byte[]> download(int bytes, boolean switched) {
        AddressPlan plan = AddressPlan.defaults();
        SimReactor reactor = new SimReactor();
        TrackingAllocator allocator = new TrackingAllocator();
        SimLink link = new SimLink(reactor, PLAIN, allocator);
        SimHostNetwork host = new SimHostNetwork(reactor, allocator);
        SimGuest guest = new SimGuest(reactor, link, plan, SimGuest.DEFAULT_MAC, plan.firstLease().v4Bits());
        Link outer = link;
        if (switched) {
            VirtualSwitch lan = new VirtualSwitch(SwitchConfig.defaults(1500), plan, reactor, new SplittableRandom(7), allocator);
            lan.add(PortConfig.open("guest"), link);
            outer = lan;
        }
        GuestNetwork network = new GuestNetwork(GuestNetworkConfig.defaults(), outer, host, reactor, new SplittableRandom(1), allocator);
        reactor.round(network::start);
        guest.askFor(plan.gateway());
        reactor.settle();

        InetSocketAddress web = new InetSocketAddress("192.0.2.80", 80);
        int dst = IpAddress.of(web.getAddress()).v4Bits();
        host.whenConnecting(web, SimHostNetwork.ConnectOutcome.OK);
        guest.send(dst, new TcpSegment(5_000, 80, 100, 0, TcpSegment.SYN, 65_535, 0, List.of(
                Option.of(TcpSegment.MSS, new byte[] {1_460 >> 8, (byte) 1_460}), Option.of(TcpSegment.WINDOW_SCALE, new byte[] {7})),
                new byte[0]));
        reactor.settle();
        TcpSegment synAck = guest.takeAll().getLast().tcp();
        guest.send(dst, new TcpSegment(5_000, 80, 101, synAck.seq() + 1, TcpSegment.ACK, 65_535, 0, List.of(), new byte[0]));
        reactor.settle();
        link.takeSent();

        byte[] sent = new byte[bytes];
        new SplittableRandom(3).nextBytes(sent);
        SimHostStream stream = host.stream(web);
        stream.peerSend(sent);
        stream.peerEof();
        reactor.settle();
        List<byte[]> frames = new ArrayList<>();
        int got = 0;
        for (List<Received> arrived = guest.takeAll(); !arrived.isEmpty(); arrived = guest.takeAll()) {
            link.takeSent().forEach(frame -> frames.add(frame.bytes()));
            for (Received received : arrived) {
                byte[] payload = received.tcp().payload();
                assertArrayEquals(Arrays.copyOfRange(sent, got, got + payload.length), payload);
                got += payload.length;
            }
            guest.send(dst, new TcpSegment(5_000, 80, 101, synAck.seq() + 1 + got, TcpSegment.ACK, 65_535, 0, List.of(), new byte[0]));
            reactor.settle();
        }
        assertEquals(bytes, got);
        reactor.round(network::close);
        reactor.settle();
        allocator.assertAllReleased();
        return frames;
    }

    @Test
    void datagramsOfTheNetworkAreCompletedForAPlainPort() {
        Station plain = net.stations(PLAIN, 15)[0];
        InetSocketAddress far = new InetSocketAddress("192.0.2.81", 123);
        plain.guest().send(IpAddress.of(far.getAddress()).v4Bits(), new UdpDatagram(4_000, 123, new byte[48]));
        net.reactor.settle();

        net.host.datagrams().getLast().peerSend(far, new byte[] {1, 2, 3});
        net.reactor.settle();

        // Parsing verifies the checksum; SimLink refuses one left open.
        assertArrayEquals(new byte[] {1, 2, 3}, plain.guest().poll().udp().payload());
    }

    // ---- between guests

    @ParameterizedTest
    @ValueSource(ints = {1_449, 2_896, 5_000, 60_000})
    void aTcpSuperFrameIsCutForAPlainPort(int bytes) {
        Station[] s = pair(OFFLOADING, PLAIN);
        byte[] payload = payload(bytes);
        int flags = TcpSegment.ACK | TcpSegment.PSH | TcpSegment.FIN | TcpSegment.CWR;

        s[0].send(tcpFrame(s[0], s[1], payload, flags), tcpOffload(1_448));

        List<Received> got = s[1].guest().takeAll();
        assertEquals((bytes + 1_447) / 1_448, got.size());
        int at = 0;
        for (int i = 0; i < got.size(); i++) {
            TcpSegment segment = got.get(i).tcp();
            boolean last = i == got.size() - 1;
            assertEquals(1_000 + at, segment.seq());
            assertEquals(77, segment.ack());
            assertEquals(1, segment.options().stream().filter(option -> option.kind() == TcpSegment.TIMESTAMPS).count());
            assertEquals(last ? TcpSegment.FIN | TcpSegment.PSH : 0, segment.flags() & (TcpSegment.FIN | TcpSegment.PSH));
            assertEquals(i == 0, segment.has(TcpSegment.CWR));
            assertEquals((65_534 + i) % 65_536, got.get(i).ipv4().id());
            assertArrayEquals(Arrays.copyOfRange(payload, at, at + segment.payload().length), segment.payload());
            at += segment.payload().length;
        }
        assertEquals(bytes, at);
        assertEquals(got.size(), s[1].port().framesToGuest() - 1);
    }

    @Test
    void aTcpSuperFrameIsCutButNotSummedForAPortWithChecksumOffloadOnly() {
        Station[] s = pair(OFFLOADING, CHECKSUM_ONLY);

        s[0].send(tcpFrame(s[0], s[1], payload(4_000), TcpSegment.ACK), tcpOffload(1_448));

        List<Received> got = s[1].guest().takeAll();
        assertEquals(3, got.size());
        assertTrue(got.stream().allMatch(received -> received.checksumOpen() && received.tcp().payload().length <= 1_448));
    }

    @Test
    void aTcpSuperFrameGoesWholeToAPortThatTakesIt() {
        Station[] s = pair(OFFLOADING, TCP_ONLY);

        s[0].send(tcpFrame(s[0], s[1], payload(4_000), TcpSegment.ACK), tcpOffload(1_448));

        Received got = s[1].guest().poll();
        assertEquals(1_448, got.gsoSize());
        assertArrayEquals(payload(4_000), got.tcp().payload());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 999, 1_000, 1_001, 5_000})
    void aUdpSuperFrameIsCutForAPortWithoutUso(int bytes) {
        Station[] s = pair(OFFLOADING, TCP_ONLY);
        byte[] payload = payload(bytes);

        s[0].send(udpFrame(s[0], s[1], payload), udpOffload(1_000));

        List<Received> got = s[1].guest().takeAll();
        assertEquals((bytes + 999) / 1_000, got.size());
        for (int i = 0; i < got.size(); i++) {
            byte[] expected = Arrays.copyOfRange(payload, 1_000 * i, Math.min(bytes, 1_000 * (i + 1)));
            assertArrayEquals(expected, got.get(i).udp().payload());
        }
    }

    @Test
    void aUdpSuperFrameIsCutAndSummedForAPlainPort() {
        Station[] s = pair(OFFLOADING, PLAIN);

        s[0].send(udpFrame(s[0], s[1], payload(2_500)), udpOffload(1_000));

        assertEquals(List.of(1_000, 1_000, 500), s[1].guest().takeAll().stream().map(got -> got.udp().payload().length).toList());
    }

    @Test
    void anOpenChecksumIsCompletedForAPlainPortAndLeftForOthers() {
        Station[] s = pair(OFFLOADING, PLAIN);
        Station third = net.stations(OFFLOADING, 17)[0];
        long open = Offload.pack(Offload.NEEDS_CSUM | Offload.DATA_VALID, Offload.GSO_NONE, 0, 42, 34, 6);

        s[0].send(udpFrame(s[0], s[1], payload(333)), open);
        s[0].send(udpFrame(s[0], third, payload(333)), open);

        assertArrayEquals(payload(333), s[1].guest().takeAll().getLast().udp().payload());
        SimLink.SentFrame left = third.link().takeSent().getLast();
        assertEquals(Offload.NEEDS_CSUM, Offload.flags(left.offload()), "a guest's word that data are valid is not passed on");
        assertArrayEquals(payload(333), third.guest().takeAll().getLast().udp().payload());
    }

    @Test
    void aChecksumThatComesOutAsZeroIsSentAsAllOnes() {
        Station[] s = pair(OFFLOADING, PLAIN);
        byte[] frame = udpFrame(s[0], s[1], new byte[2]);
        int rest = SlowChecksum.of(SlowChecksum.pseudoHeader(s[0].ip(), s[1].ip(), Ipv4Packet.UDP, 10),
                new WireWriter().u16(4_000).u16(4_001).u16(10).u16(0).u16(0).toByteArray());
        frame[42] = (byte) (rest >> 8);
        frame[43] = (byte) rest;

        s[0].send(frame, Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, 42, 34, 6));

        byte[] got = s[1].link().takeSent().getLast().bytes();
        assertEquals(0xffff, (got[40] & 0xff) << 8 | got[41] & 0xff);
    }

    @Test
    void aFrameOfAPlainGuestPassesAsItIs() {
        Station[] s = pair(PLAIN, OFFLOADING);
        byte[] frame = new EthernetFrame(s[1].mac(), s[0].mac(), 0x9999, payload(1_500)).encode();

        s[0].send(frame, Offload.NONE);

        SimLink.SentFrame got = s[1].link().takeSent().getLast();
        assertArrayEquals(frame, got.bytes());
        assertEquals(Offload.NONE, got.offload());
    }

    @Test
    void ipv6SuperFramesAreCutToo() {
        Station[] s = pair(OFFLOADING, PLAIN);
        byte[] payload = payload(3_000);
        byte[] tcp = new TcpSegment(1, 2, 1_000, 77, TcpSegment.ACK, 100, 0, List.of(), payload).encode(0, 0);
        byte[] packet = new WireWriter().u32(0x6000_0000).u16(tcp.length).u8(6).u8(64)
                .u32(0xfe80_0000).u32(0).u32(0).u32(1).u32(0xfe80_0000).u32(0).u32(0).u32(2).bytes(tcp).toByteArray();

        s[0].send(new EthernetFrame(s[1].mac(), s[0].mac(), 0x86dd, packet).encode(),
                Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV6, 1_440, 74, 54, 16));

        List<SimLink.SentFrame> got = s[1].link().takeSent();
        assertEquals(3, got.size());
        int at = 0;
        for (SimLink.SentFrame frame : got) {
            byte[] ip = Arrays.copyOfRange(frame.bytes(), 14, frame.bytes().length);
            byte[] segment = Arrays.copyOfRange(ip, 40, ip.length);
            assertEquals(segment.length, (ip[4] & 0xff) << 8 | ip[5] & 0xff);
            byte[] pseudo = new WireWriter().bytes(Arrays.copyOfRange(ip, 8, 40)).u32(segment.length).u32(6).toByteArray();
            assertEquals(0xffff, SlowChecksum.sum(pseudo, segment));
            assertArrayEquals(Arrays.copyOfRange(payload, at, at + segment.length - 20), Arrays.copyOfRange(segment, 20, segment.length));
            at += segment.length - 20;
        }
        assertEquals(3_000, at);
    }

    @Test
    void aTunnelsInnerChecksumIsCompleted() {
        Station[] s = pair(OFFLOADING, PLAIN);
        byte[] inner = new UdpDatagram(1, 2, payload(40)).encode(s[0].ip(), s[1].ip());
        byte[] pseudo = SlowChecksum.pseudoHeader(s[0].ip(), s[1].ip(), Ipv4Packet.UDP, inner.length);
        int open = SlowChecksum.sum(pseudo);
        byte[] expected = inner.clone();
        inner[6] = (byte) (open >> 8);
        inner[7] = (byte) open;
        byte[] outer = new UdpDatagram(4_789, 4_789, inner).encode(s[0].ip(), s[1].ip());

        s[0].send(frame(s[0], s[1], Ipv4Packet.UDP, outer), Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, 50, 42, 6));

        byte[] got = s[1].link().takeSent().getLast().bytes();
        assertArrayEquals(expected, Arrays.copyOfRange(got, 42, 42 + expected.length));
    }

    @Test
    void paddingBehindAnOffloadedPacketIsCutOff() {
        Station[] s = pair(OFFLOADING, OFFLOADING);
        byte[] frame = udpFrame(s[0], s[1], payload(100));

        s[0].send(Arrays.copyOf(frame, frame.length + 50), Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, 42, 34, 6));

        assertEquals(frame.length, s[1].link().takeSent().getLast().bytes().length);
    }

    @Test
    void pingStillWorksOnEveryKindOfPort() {
        for (Station station : net.stations(CHECKSUM_ONLY, 15, 16)) {
            station.guest().send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
            net.reactor.settle();
            assertEquals(GATEWAY_MAC, station.guest().takeAll().getLast().frame().srcMac());
        }
    }

    // ---- frames

    private Station[] pair(LinkCapabilities from, LinkCapabilities to) {
        Station a = net.stations(from, 15)[0];
        Station b = net.stations(to, 16)[0];
        a.link().takeSent();
        a.guest().takeAll();
        return new Station[] {a, b};
    }

    private static byte[] payload(int bytes) {
        byte[] payload = new byte[bytes];
        new SplittableRandom(bytes).nextBytes(payload);
        return payload;
    }

    private static byte[] frame(Station from, Station to, int protocol, byte[] transport) {
        return new EthernetFrame(to.mac(), from.mac(), EthernetFrame.IPV4,
                new Ipv4Packet(65_534, true, false, 0, 64, protocol, from.ip(), to.ip(), transport).encode()).encode();
    }

    private static byte[] tcpFrame(Station from, Station to, byte[] payload, int flags) {
        List<Option> options = List.of(new Option(TcpSegment.NOP, 1, new byte[0]), new Option(TcpSegment.NOP, 1, new byte[0]),
                Option.of(TcpSegment.TIMESTAMPS, new byte[8]));
        return frame(from, to, Ipv4Packet.TCP, new TcpSegment(5_000, 80, 1_000, 77, flags, 500, 0, options, payload)
                .encode(from.ip(), to.ip()));
    }

    private static long tcpOffload(int size) {
        return Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, size, TCP_HEADERS, 34, 16);
    }

    private static byte[] udpFrame(Station from, Station to, byte[] payload) {
        return frame(from, to, Ipv4Packet.UDP, new UdpDatagram(4_000, 4_001, payload).encode(from.ip(), to.ip()));
    }

    private static long udpOffload(int size) {
        return Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_UDP_L4, size, 42, 34, 6);
    }
}
