package dev.jslirp.nat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.nat.NatConfig.UdpFiltering;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.SimHostNetwork.ConnectOutcome;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.DhcpMessage;
import dev.jslirp.wire.DhcpOptions;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// How far guests reach in each mode.
class ReachTest {
    private static final int GATEWAY = v4("10.0.2.2"), DNS = v4("10.0.2.3"), FAR = v4("192.0.2.80");
    private static final InetSocketAddress RESOLVER = socket("9.9.9.9", 53);

    private NetworkFixture net;
    private int port = 20_000;

    @AfterEach
    void everythingIsGivenBack() {
        if (net != null) {
            net.close();
        }
    }

    private void start(Reach reach) {
        start(NatConfig.defaults().withReach(reach));
    }

    private void start(NatConfig nat) {
        net = NetworkFixture.ready(GuestNetworkConfig.defaults().withNat(nat)
                .withDns(DnsConfig.forwardingTo(() -> List.of(RESOLVER)).withStaticNames(Map.of("db.lan", List.of(IpAddress.v4(GATEWAY))))),
                LinkCapabilities.plain(1500));
        net.host.whenConnecting(ConnectOutcome.OK);
    }

    private static Reach restrictedTo(String... holes) {
        return Reach.restrictedTo(List.of(holes).stream().map(Hole::parse).toList());
    }

    @Test
    void anIsolatedGuestReachesNothingOutsideAndIsToldSo() {
        start(Reach.ISOLATED);

        assertRefused(FAR, 80);
        assertRefused(GATEWAY, 8080);
        net.guest.send(FAR, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        assertEquals(13, answer().icmp().code(), "administratively prohibited");
        assertEquals(5, net.network.counters().get(DropReason.POLICY));
        assertEquals(0, net.host.socketsOpen());
        assertEquals(0, net.host.streams().size());
    }

    @Test
    void anIsolatedGuestHasTheGatewaysServices() {
        start(Reach.ISOLATED);

        net.guest.send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        assertEquals(IcmpMessage.ECHO_REPLY, answer().icmp().type());
        assertEquals(0, rcode(ask("db.lan")));
        assertEquals(2, rcode(ask("example.org")), "SERVFAIL");
        assertEquals(1, net.count(Counter.DNS_ANSWERED_LOCALLY));
        assertEquals(0, net.host.socketsOpen(), "no resolver was asked");
    }

    @Test
    void anIsolatedGuestIsNamedNoRouter() {
        for (Reach reach : List.of(Reach.NAT, Reach.ISOLATED)) {
            start(reach);
            ByteBuf discover = Unpooled.buffer();
            new DhcpMessage(1, 7, 0, 0, 0, 0, 0, 0, net.guest.mac(), "", new DhcpOptions().put(DhcpOptions.MESSAGE_TYPE,
                    (byte) DhcpMessage.DISCOVER)).write(discover, 548);
            net.guest.send(GATEWAY, new UdpDatagram(68, 67, ByteBufUtil.getBytes(discover)));
            byte[] offer = answer().udp().payload();

            DhcpOptions options = DhcpMessage.parse(Unpooled.wrappedBuffer(offer), 0, offer.length).options();
            assertEquals(reach == Reach.NAT, options.has(DhcpOptions.ROUTER));
            assertTrue(options.has(DhcpOptions.DNS_SERVERS));
            net.close();
        }
        net = null;
    }

    @Test
    void forwardsReachIntoAnIsolatedNetworkAndAnswersComeBack() throws IOException {
        start(Reach.ISOLATED);
        for (String rule : List.of("tcp::8080-:80", "udp::5300-:53")) {
            net.network.forwards().add(PortForward.parse(rule, IpAddress.v4(net.guest.ip())).getFirst());
        }
        SimHostDatagrams socket = net.host.datagrams().getLast();
        InetSocketAddress peer = socket("127.0.0.9", 4_000);
        socket.peerSend(peer, new byte[] {1});
        Received query = answer();
        net.guest.send(GATEWAY, new UdpDatagram(53, query.udp().srcPort(), new byte[] {2, 3}));
        net.reactor.settle();
        assertArrayEquals(new byte[] {2, 3}, socket.sent().getLast().bytes());

        net.host.peerConnect(socket("127.0.0.1", 8080), peer);
        assertEquals(TcpSegment.SYN, answer().tcp().flags());
    }

    @Test
    void aRestrictedGuestReachesItsHolesOnly() {
        start(restrictedTo("192.0.2.0/24:80,8000-8100", "udp:198.51.100.7:53", "203.0.113.0/24", "10.0.2.2:3128"));

        assertConnects(FAR, 80);
        assertConnects(FAR, 8050);
        assertRefused(FAR, 443);
        assertRefused(v4("192.0.3.1"), 80);
        assertConnects(v4("203.0.113.9"), 9);
        assertConnects(GATEWAY, 3128);
        assertRefused(GATEWAY, 22);
        assertTcpRefused(v4("198.51.100.7"), 53);
        net.guest.send(v4("198.51.100.7"), new UdpDatagram(port, 53, new byte[1]));
        net.reactor.settle();
        assertEquals(53, net.host.datagrams().getLast().sent().getLast().peer().getPort());
        net.guest.send(v4("203.0.113.9"), new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        net.reactor.settle();
        assertEquals(1, net.host.echoes().size());
        net.guest.takeAll();
        net.guest.send(FAR, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        assertEquals(13, answer().icmp().code());
    }

    @Test
    void aRestrictedGuestAsksForNamesOutsideThroughAHoleOnly() {
        start(restrictedTo("192.0.2.0/24"));
        assertEquals(2, rcode(ask("example.org")));
        net.close();

        start(restrictedTo("10.0.2.3:53"));
        send(ask53("example.org"));
        assertEquals(RESOLVER, net.host.datagrams().getLast().sent().getLast().peer());
    }

    @Test
    void anOpenUdpPortIsNoWayIntoARestrictedNetwork() {
        start(NatConfig.defaults().withReach(restrictedTo("192.0.2.80:80")).withUdpFiltering(UdpFiltering.ENDPOINT_INDEPENDENT));
        net.guest.send(FAR, new UdpDatagram(5_000, 80, new byte[1]));
        net.reactor.settle();
        SimHostDatagrams socket = net.host.datagrams().getLast();

        socket.peerSend(socket("198.51.100.7", 80), new byte[1]);
        socket.peerSend(socket("192.0.2.80", 81), new byte[1]);
        socket.peerSend(socket("127.0.0.1", 80), new byte[1]);
        net.reactor.settle();
        assertTrue(net.guest.takeAll().isEmpty());
        socket.peerSend(socket("192.0.2.80", 80), new byte[1]);
        assertEquals(FAR, answer().ipv4().src());
    }

    @Test
    void whatPolicyForbidsNoHoleAllows() {
        start(NatConfig.defaults().withReach(restrictedTo("0.0.0.0/0")).withHostLoopback(false));

        assertConnects(FAR, 80);
        assertRefused(GATEWAY, 80);
        assertRefused(v4("169.254.169.254"), 80);
    }

    private void assertRefused(int dst, int dstPort) {
        assertTcpRefused(dst, dstPort);
        net.guest.send(dst, new UdpDatagram(port++, dstPort, new byte[1]));
        IcmpMessage error = answer().icmp();
        assertEquals(IcmpMessage.UNREACHABLE, error.type());
        assertEquals(13, error.code(), "administratively prohibited");
    }

    private void assertTcpRefused(int dst, int dstPort) {
        assertEquals(TcpSegment.RST | TcpSegment.ACK, syn(dst, dstPort).flags());
    }

    private void assertConnects(int dst, int dstPort) {
        assertEquals(TcpSegment.SYN | TcpSegment.ACK, syn(dst, dstPort).flags());
    }

    private TcpSegment syn(int dst, int dstPort) {
        net.guest.send(dst, new TcpSegment(port++, dstPort, 1, 0, TcpSegment.SYN, 60_000, 0, List.of(), new byte[0]));
        return answer().tcp();
    }

    private Received answer() {
        net.reactor.settle();
        return net.guest.takeAll().getLast();
    }

    private UdpDatagram ask(String name) {
        send(ask53(name));
        return answer().udp();
    }

    private void send(UdpDatagram query) {
        net.guest.takeAll();
        net.guest.send(DNS, query);
        net.reactor.settle();
    }

    private UdpDatagram ask53(String name) {
        WireWriter out = new WireWriter().u16(7).u16(0x0100).u16(1).u16(0).u16(0).u16(0);
        for (String label : name.split("\\.")) {
            out.u8(label.length()).bytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        return new UdpDatagram(port++, 53, out.u8(0).u16(1).u16(1).toByteArray());
    }

    private static int rcode(UdpDatagram answer) {
        return answer.payload()[3] & 0xf;
    }

    // ---- holes

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "192.0.2.0/24 | 192.0.2.255 | 6 | 1 | true", "192.0.2.0/24 | 192.0.3.0 | 6 | 1 | false", "192.0.2.7 | 192.0.2.7 | 1 | 0 | true",
        "192.0.2.7:80 | 192.0.2.7 | 1 | 0 | false", "tcp:192.0.2.7 | 192.0.2.7 | 1 | 0 | false",
        "tcp:192.0.2.7 | 192.0.2.7 | 17 | 5 | false",
        "udp:192.0.2.7:5-6 | 192.0.2.7 | 17 | 6 | true", "192.0.2.7:5-6,9 | 192.0.2.7 | 6 | 7 | false",
        "192.0.2.7:5-6,9 | 192.0.2.7 | 6 | 9 | true",
        "0.0.0.0/0 | 8.8.8.8 | 6 | 1 | true", "0.0.0.0/0 | 2001:db8::1 | 6 | 1 | false",
        "[2001:db8::]/32:80 | 2001:db8:7::1 | 6 | 80 | true",
        "[2001:db8::]/32 | 2001:db9::1 | 6 | 80 | false", "[::]/0 | 2001:db9::1 | 6 | 80 | true", "[::]/0 | 8.8.8.8 | 6 | 80 | false",
        "[2001:db8::1] | 2001:db8::1 | 6 | 80 | true", "[2001:db8::1] | 2001:db8::2 | 6 | 80 | false"})
    void aHoleCoversWhatItSays(String hole, String address, int protocol, int dstPort, boolean covered) {
        IpAddress far = IpAddress.parse(address);

        assertEquals(covered, Hole.parse(hole).covers(far.hi(), far.lo(), protocol, dstPort));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "example.org", "192.0.2.0/33", "192.0.2.1/24", "192.0.2.0/24:0", "192.0.2.0/24:70000", "192.0.2.0/24:9-8",
        "192.0.2.0/24:", "icmp:192.0.2.0/24", "2001:db8::1", "[2001:db8::1]/129", "192.0.2.0/24:80;443", "999.0.0.1", "[192.0.2.1]/64"})
    void whatIsNoHoleIsRefusedWithItsText(String text) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Hole.parse(text));
        assertTrue(e.getMessage().contains("'" + text + "'"), e.getMessage());
    }

    @Test
    void holesAreForRestrictedNetworks() {
        List<Hole> holes = List.of(Hole.parse("192.0.2.0/24"));

        assertThrows(IllegalArgumentException.class, () -> new Reach(Reach.Mode.NAT, holes));
        assertThrows(IllegalArgumentException.class, () -> new Reach(Reach.Mode.ISOLATED, holes));
        assertFalse(Reach.restrictedTo(List.of()).allows(0, IpAddress.v4Lo(FAR), Ipv4Header.TCP, 80));
    }

    private static int v4(String address) {
        return IpAddress.parse(address).v4Bits();
    }

    private static InetSocketAddress socket(String address, int port) {
        return new InetSocketAddress(IpAddress.parse(address).toInetAddress(), port);
    }
}
