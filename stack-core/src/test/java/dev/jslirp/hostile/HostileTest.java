package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.nat.NatConfig;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.SimHostNetwork.ConnectOutcome;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.SlowChecksum;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// A network with an attacker, and a second guest that must be served whatever the first one does.
abstract class HostileTest {
    static final long S = 1_000_000_000L, MS = 1_000_000L;
    static final int GATEWAY = v4("10.0.2.2"), DNS = v4("10.0.2.3"), ATTACKER = v4("10.0.2.15"), SECOND = v4("10.0.2.77");
    static final int FAR = v4("198.51.100.7");
    static final InetSocketAddress RESOLVER = socket("9.9.9.9", 53);
    private static final InetSocketAddress WEB = socket("192.0.2.80", 80), TIME = socket("192.0.2.81", 123);
    private static final long SECOND_MAC = 0x5254_0077_7777L;

    NetworkFixture net;
    private int secondPort = 20_000;
    private long bytesAtRest;

    @BeforeEach
    void startDefault() {
        start(config());
    }

    static GuestNetworkConfig config() {
        return GuestNetworkConfig.defaults().withDns(DnsConfig.forwardingTo(() -> List.of(RESOLVER))
                .withStaticNames(Map.of("host.test", List.of(IpAddress.parse("10.0.2.2")))));
    }

    final void start(GuestNetworkConfig config) {
        start(config, LinkCapabilities.plain(1500));
    }

    final void start(GuestNetworkConfig config, LinkCapabilities capabilities) {
        if (net != null) {
            net.close();
        }
        net = NetworkFixture.ready(config, capabilities);
        bytesAtRest = net.allocator.liveBytes();
    }

    final void startNat(NatConfig nat) {
        start(config().withNat(nat));
    }

    /// The end of every test.
    @AfterEach
    void theSecondGuestIsServedAndAllIsReleased() {
        try {
            discard();
            net.link.setRoom(Integer.MAX_VALUE);
            net.host.whenConnecting(WEB, ConnectOutcome.OK);
            assertSecondIsServed();
            assertEquals(0, drops(DropReason.INTERNAL));
        } catch (AssertionError e) {
            net.abandon();
            throw e;
        }
        net.close();
    }

    final void assertSecondIsServed() {
        secondPings();
        secondConnects();
        secondSendsUdp();
        secondAsksForAName();
    }

    private void secondPings() {
        fromSecond(GATEWAY, Ipv4Packet.ICMP, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 7 << 16 | 1, new byte[40]).encode());
        assertEquals(IcmpMessage.ECHO_REPLY, toSecond().getLast().icmp().type());
    }

    private void secondConnects() {
        int port = secondPort++;
        int dst = IpAddress.of(WEB.getAddress()).v4Bits();
        secondSegment(port, dst, 100, 0, TcpSegment.SYN, new byte[0]);
        TcpSegment synAck = toSecond().getLast().tcp();
        assertEquals(TcpSegment.SYN | TcpSegment.ACK, synAck.flags());
        byte[] request = "GET /".getBytes(StandardCharsets.US_ASCII);
        secondSegment(port, dst, 101, synAck.seq() + 1, TcpSegment.ACK, request);
        SimHostStream stream = net.host.stream(WEB);
        assertArrayEquals(request, stream.peerReceived());
        discard();
        stream.peerSend(new byte[1000]);
        net.reactor.settle();
        int got = toSecond().stream().mapToInt(received -> received.tcp().payload().length).sum();
        assertEquals(1000, got);
        secondSegment(port, dst, 101 + request.length, synAck.seq() + 1001, TcpSegment.RST | TcpSegment.ACK, new byte[0]);
        assertTrue(stream.peerSawReset());
    }

    private void secondSegment(int port, int dst, int seq, int ack, int flags, byte[] payload) {
        fromSecond(dst, Ipv4Packet.TCP, new TcpSegment(port, WEB.getPort(), seq, ack, flags, 60_000, 0, List.of(), payload)
                .encode(SECOND, dst));
    }

    private void secondSendsUdp() {
        int dst = IpAddress.of(TIME.getAddress()).v4Bits();
        int port = secondPort++;
        fromSecond(dst, Ipv4Packet.UDP, new UdpDatagram(port, TIME.getPort(), new byte[48]).encode(SECOND, dst));
        SimHostDatagrams socket = net.host.datagrams().getLast();
        assertEquals(TIME, socket.sent().getLast().peer());
        socket.peerSend(TIME, new byte[49]);
        net.reactor.settle();
        assertEquals(49, toSecond().getLast().udp().payload().length);
    }

    private void secondAsksForAName() {
        fromSecond(DNS, Ipv4Packet.UDP, new UdpDatagram(secondPort++, 53, query(3, "host.test")).encode(SECOND, DNS));
        assertEquals(53, toSecond().getLast().udp().srcPort());
    }

    /// A packet of the second guest. The reactor settles.
    final void fromSecond(int dst, int protocol, byte[] payload) {
        discard();
        Ipv4Packet packet = Ipv4Packet.of(protocol, SECOND, dst, payload);
        net.link.deliver(new EthernetFrame(0x5255_0a00_0202L, SECOND_MAC, EthernetFrame.IPV4, packet.encode()).encode());
        net.reactor.settle();
    }

    /// What the second guest got since it last sent.
    final List<Received> toSecond() {
        List<Received> got = new ArrayList<>(net.guest.takeAll());
        got.removeIf(received -> received.frame().dstMac() != SECOND_MAC);
        assertTrue(!got.isEmpty(), "the second guest hears nothing");
        return got;
    }

    // ---- the attacker

    /// A packet as it is, however wrong.
    final void sendRaw(byte[] packet) {
        net.guest.send(0x5255_0a00_0202L, EthernetFrame.IPV4, packet);
    }

    /// The bytes with a valid IPv4 header checksum over `headerBytes`.
    static byte[] summed(byte[] packet, int headerBytes) {
        byte[] copy = packet.clone();
        copy[10] = 0;
        copy[11] = 0;
        int sum = SlowChecksum.of(Arrays.copyOf(copy, headerBytes));
        copy[10] = (byte) (sum >> 8);
        copy[11] = (byte) sum;
        return copy;
    }

    final void sendUdp(int srcPort, int dst, int dstPort, byte[] payload) {
        net.guest.send(dst, new UdpDatagram(srcPort, dstPort, payload));
    }

    final void sendSyn(int srcPort, int dst, int dstPort) {
        net.guest.send(dst, new TcpSegment(srcPort, dstPort, 1_000, 0, TcpSegment.SYN, 60_000, 0, List.of(), new byte[0]));
    }

    static byte[] query(int id, String name) {
        WireWriter out = new WireWriter().u16(id).u16(0x0100).u16(1).u16(0).u16(0).u16(0);
        for (String label : name.split("\\.")) {
            out.u8(label.length()).bytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        return out.u8(0).u16(1).u16(1).toByteArray();
    }

    /// Forgets what the guests were sent.
    final void discard() {
        net.guest.takeAll();
        net.link.takeSent();
    }

    final long count(Counter counter) {
        return net.count(counter);
    }

    final long drops(DropReason reason) {
        return net.network.counters().get(reason);
    }

    /// Bytes outstanding, but for what a network holds at rest.
    final long held() {
        return net.allocator.liveBytes() - bytesAtRest;
    }

    final void assertHeldAtMost(long bytes) {
        long held = held();
        assertTrue(held <= bytes, held + " bytes are held, more than " + bytes);
    }

    static int v4(String address) {
        return IpAddress.parse(address).v4Bits();
    }

    static InetSocketAddress socket(String address, int port) {
        return new InetSocketAddress(IpAddress.parse(address).toInetAddress(), port);
    }
}
