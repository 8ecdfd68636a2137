package dev.jslirp.nat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.host.HostError;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.nat.NatConfig.UdpFiltering;
import dev.jslirp.stats.Counter;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Offload;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UdpNatTest {
    private static final long S = 1_000_000_000L;
    private static final int GATEWAY = v4("10.0.2.2");
    private static final int PEER = v4("1.2.3.4");
    private static final InetSocketAddress PEER_53 = address("1.2.3.4", 53);

    private NetworkFixture net = NetworkFixture.ready();

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
        assertEquals(net.count(Counter.UDP_FLOWS_OPENED), net.count(Counter.UDP_FLOWS_CLOSED));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aQueryGoesOutAndItsAnswerComesBack() {
        send(5000, PEER, 53, "query");
        assertEquals("query", new String(socket().sent().getFirst().bytes(), UTF_8));
        assertEquals(PEER_53, socket().sent().getFirst().peer());

        socket().peerSend(PEER_53, "answer".getBytes(UTF_8));
        net.reactor.settle();

        Received received = net.guest.poll();
        assertEquals(PEER, received.ipv4().src());
        assertEquals(net.guest.ip(), received.ipv4().dst());
        assertEquals(53, received.udp().srcPort());
        assertEquals(5000, received.udp().dstPort());
        assertEquals("answer", new String(received.udp().payload(), UTF_8));
    }

    @Test
    void oneSocketServesAGuestEndpointWhereverItSends() {
        send(5000, PEER, 53, "a");
        send(5000, v4("5.6.7.8"), 99, "b");
        assertEquals(1, net.host.datagrams().size());

        send(5001, PEER, 53, "c");
        assertEquals(2, net.host.datagrams().size());
    }

    @Test
    void theGatewayStandsForTheHostsLoopbackBothWays() {
        send(5000, GATEWAY, 7, "ping");
        assertEquals(address("127.0.0.1", 7), socket().sent().getFirst().peer());

        socket().peerSend(address("127.0.0.1", 7), "pong".getBytes(UTF_8));
        net.reactor.settle();

        assertEquals(GATEWAY, net.guest.poll().ipv4().src());
    }

    @Test
    void anEmptyDatagramPasses() {
        send(5000, PEER, 53, "");

        assertEquals(0, socket().sent().getFirst().bytes().length);
    }

    @ParameterizedTest
    @CsvSource({
        "ENDPOINT_INDEPENDENT, true, true", "ADDRESS_DEPENDENT, false, true", "ADDRESS_AND_PORT_DEPENDENT, false, false"})
    void filteringDecidesWhoMayAnswer(UdpFiltering filtering, boolean stranger, boolean otherPort) {
        restart(NatConfig.defaults().withUdpFiltering(filtering));
        send(5000, PEER, 53, "query");

        assertEquals(stranger, arrives(address("9.9.9.9", 53)));
        assertEquals(otherPort, arrives(address("1.2.3.4", 54)));
        assertTrue(arrives(PEER_53));
        assertFalse(arrives(address("10.0.2.2", 53)));
    }

    @Test
    void aClosedPortIsReportedByTheAddressTheGuestUsed() {
        net.host.whenSendingTo(address("127.0.0.1", 7), HostError.REFUSED);

        send(5000, GATEWAY, 7, "ping");

        Received received = net.guest.poll();
        assertEquals(GATEWAY, received.ipv4().src());
        assertEquals(IcmpMessage.UNREACHABLE, received.icmp().type());
        assertEquals(3, received.icmp().code());
        assertQuotes(received.icmp(), GATEWAY, 5000, 7);
    }

    @ParameterizedTest
    @CsvSource({"REFUSED, 3, 1.2.3.4", "HOST_UNREACHABLE, 1, 10.0.2.2", "NETWORK_UNREACHABLE, 0, 10.0.2.2", "PROHIBITED, 13, 10.0.2.2"})
    void aHostErrorBecomesItsIcmpMessage(HostError error, int code, String from) {
        net.host.whenSendingTo(PEER_53, error);

        send(5000, PEER, 53, "query");

        Received received = net.guest.poll();
        assertEquals(v4(from), received.ipv4().src());
        assertEquals(code, received.icmp().code());
        assertQuotes(received.icmp(), PEER, 5000, 53);
    }

    @Test
    void anErrorAboutAPeerNeverSentToIsIgnored() {
        send(5000, PEER, 53, "query");

        socket().peerError(HostError.REFUSED, address("9.9.9.9", 53));
        net.reactor.settle();

        assertNull(net.guest.poll());
    }

    @Test
    void withoutHostLoopbackTheGatewayIsProhibited() {
        restart(NatConfig.defaults().withHostLoopback(false));

        send(5000, GATEWAY, 7, "ping");

        assertEquals(13, net.guest.poll().icmp().code());
        assertEquals(0, net.host.datagrams().size());
        assertEquals(1, net.network.counters().get(DropReason.POLICY));
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.1", "0.0.0.0", "169.254.169.254", "224.0.0.251", "255.255.255.255", "10.0.2.255", "10.0.2.77"})
    void whatPolicyRefusesReachesNoSocket(String destination) {
        send(5000, v4(destination), 7, "ping");

        assertEquals(0, net.host.datagrams().size());
    }

    @Test
    void aOneShotFlowEndsSoonAndAConversationLater() {
        send(5000, PEER, 53, "query");
        socket().peerSend(PEER_53, "answer".getBytes(UTF_8));
        send(6000, PEER, 53, "one");
        net.host.datagrams().getLast().peerSend(PEER_53, "two".getBytes(UTF_8));
        send(6000, PEER, 53, "three");
        net.host.datagrams().getLast().peerSend(PEER_53, "four".getBytes(UTF_8));
        net.reactor.settle();

        net.reactor.advance(29 * S);
        assertFalse(net.host.datagrams().getFirst().isClosed());
        net.reactor.advance(2 * S);
        assertTrue(net.host.datagrams().getFirst().isClosed());
        assertFalse(net.host.datagrams().getLast().isClosed());
        net.reactor.advance(180 * S);
        assertTrue(net.host.datagrams().getLast().isClosed());
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void activityKeepsAFlowAlive() {
        for (int i = 0; i < 10; i++) {
            send(5000, PEER, 53, "query");
            net.reactor.advance(20 * S);
        }

        assertEquals(1, net.host.datagrams().size());
        assertFalse(socket().isClosed());
    }

    @Test
    void aFullTableGivesUpTheFlowThatWasQuietForLongest() {
        restart(NatConfig.defaults().withFlows(100, 10, 2, 10));
        send(5000, PEER, 53, "a");
        send(5001, PEER, 53, "b");
        send(5000, PEER, 53, "c");

        send(5002, PEER, 53, "d");

        assertFalse(net.host.datagrams().get(0).isClosed());
        assertTrue(net.host.datagrams().get(1).isClosed());
        assertEquals(1, net.count(Counter.UDP_FLOW_LIMIT));
        assertEquals(2, net.network.flowCount());
    }

    @Test
    void withoutDescriptorsTheDatagramIsLostAndCounted() {
        net.host.setSocketsMax(0);

        send(5000, PEER, 53, "query");

        assertEquals(1, net.count(Counter.UDP_SEND_FAILED));
        assertEquals(0, net.network.flowCount());
        net.host.setSocketsMax(1);
        send(5000, PEER, 53, "query");
        assertEquals(1, socket().sent().size());
    }

    @Test
    void aSuperDatagramLeavesAsItsParts() {
        restart(NatConfig.defaults(), LinkCapabilities.offloading(1500, true));
        byte[] frame = new EthernetFrame(AddressPlan.DEFAULT_GATEWAY_MAC.bits(), net.guest.mac(),
                EthernetFrame.IPV4,
                Ipv4Packet.of(Ipv4Packet.UDP, net.guest.ip(), PEER, new UdpDatagram(5000, 53, new byte[250]).encode(net.guest.ip(), PEER))
                        .encode()).encode();

        net.link.deliver(frame, Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_UDP_L4, 100,
                42, 34, 6));
        net.reactor.settle();

        assertEquals(List.of(100, 100, 50), socket().sent().stream().map(datagram -> datagram.bytes().length).toList());
    }

    @Test
    void theOldestOfManyPeersIsForgotten() {
        RecentPeers peers = new RecentPeers(5);
        for (int i = 0; i < 7; i++) {
            peers.add(0, i, 53);
        }

        assertFalse(peers.contains(0, 0, 53));
        assertFalse(peers.containsAddress(0, 1));
        for (int i = 2; i < 7; i++) {
            assertTrue(peers.contains(0, i, 53));
        }
        assertFalse(peers.contains(0, 6, 54));
        assertTrue(peers.containsAddress(0, 6));
    }

    private void restart(NatConfig config) {
        restart(config, LinkCapabilities.plain(1500));
    }

    private void restart(NatConfig config, LinkCapabilities capabilities) {
        net.close();
        net = NetworkFixture.ready(GuestNetworkConfig.defaults().withNat(config), capabilities);
    }

    private void send(int from, int to, int port, String text) {
        net.guest.send(to, new UdpDatagram(from, port, text.getBytes(UTF_8)));
        net.reactor.settle();
    }

    private SimHostDatagrams socket() {
        return net.host.datagrams().getFirst();
    }

    private boolean arrives(InetSocketAddress from) {
        socket().peerSend(from, "hello".getBytes(UTF_8));
        net.reactor.settle();
        return net.guest.poll() != null;
    }

    private void assertQuotes(IcmpMessage message, int destination, int guestPort, int farPort) {
        byte[] quote = message.payload();
        assertNotNull(quote);
        assertEquals(net.guest.ip(), int32(quote, 12));
        assertEquals(destination, int32(quote, 16));
        assertEquals(guestPort << 16 | farPort, int32(quote, 20));
    }

    private static int int32(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 24 | (bytes[at + 1] & 0xff) << 16 | (bytes[at + 2] & 0xff) << 8 | bytes[at + 3] & 0xff;
    }

    private static int v4(String address) {
        return IpAddress.parse(address).v4Bits();
    }

    private static InetSocketAddress address(String host, int port) {
        return new InetSocketAddress(IpAddress.parse(host).toInetAddress(), port);
    }
}
