package dev.jslirp.nat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.IpAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PortForwardsTest {
    private static final long S = 1_000_000_000L;
    private static final int GATEWAY = IpAddress.parse("10.0.2.2").v4Bits();

    private final NetworkFixture net = NetworkFixture.ready();

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
        assertEquals(net.count(Counter.UDP_FLOWS_OPENED), net.count(Counter.UDP_FLOWS_CLOSED));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void rulesAreAddedListedAndRemoved() throws IOException {
        PortForward tcp = add("tcp:127.0.0.1:8080-:80");
        PortForward udp = add("udp::0-:53");
        assertNotEquals(0, udp.hostPort());
        assertEquals(List.of(tcp, udp), net.network.forwards().list());
        assertEquals(List.of(address("127.0.0.1", 8080)), net.host.listening());

        assertTrue(net.network.forwards().remove(tcp));
        assertFalse(net.network.forwards().remove(tcp));
        assertEquals(List.of(), net.host.listening());
        assertEquals(List.of(udp), net.network.forwards().list());
    }

    @Test
    void aFailedBindNamesTheRuleAndLeavesTheRest() throws IOException {
        PortForward first = add("tcp:127.0.0.1:8080-:80");

        IOException thrown = assertThrows(IOException.class, () -> add("tcp:127.0.0.1:8080-:81"));

        assertTrue(thrown.getMessage().startsWith("tcp 127.0.0.1:8080: "), thrown.getMessage());
        assertEquals(List.of(first), net.network.forwards().list());
    }

    @Test
    void aGuestAddressNoGuestCanHaveIsRefused() {
        for (String guest : List.of("10.0.2.2", "10.0.2.3", "10.0.2.255", "1.2.3.4")) {
            assertThrows(IllegalArgumentException.class, () -> add("tcp::8080-" + guest + ":80"));
        }
    }

    @Test
    void theGuestSeesAUdpPeerAsAPortOfTheGatewayAndAnswersIt() throws IOException {
        add("udp::5353-:53");

        Received received = arrives(0, address("192.168.1.9", 7777), "query");
        assertEquals(GATEWAY, received.ipv4().src());
        assertEquals(7777, received.udp().srcPort());
        assertEquals(53, received.udp().dstPort());
        assertEquals("query", new String(received.udp().payload(), UTF_8));

        answer(received, "answer");
        assertEquals(address("192.168.1.9", 7777), net.host.datagrams().getFirst().sent().getFirst().peer());
    }

    @Test
    void peersWithTheSamePortAreToldApart() throws IOException {
        add("udp::5353-:53");

        Received first = arrives(0, address("192.168.1.9", 7777), "a");
        Received second = arrives(0, address("192.168.1.10", 7777), "b");
        assertNotEquals(first.udp().srcPort(), second.udp().srcPort());
        assertEquals(second.udp().srcPort(), arrives(0, address("192.168.1.10", 7777), "c").udp().srcPort());

        answer(second, "answer");
        assertEquals(address("192.168.1.10", 7777), net.host.datagrams().getFirst().sent().getFirst().peer());
    }

    /// A privileged port shows as another one, which a peer may have for real.
    @Test
    void portsThatWouldShowAsOneAreToldApart() throws IOException {
        add("udp::5353-:53");

        Received privileged = arrives(0, address("192.168.1.9", 80), "a");
        Received other = arrives(0, address("192.168.1.9", privileged.udp().srcPort()), "b");
        assertNotEquals(privileged.udp().srcPort(), other.udp().srcPort());

        answer(privileged, "answer");
        assertEquals(address("192.168.1.9", 80), net.host.datagrams().getFirst().sent().getFirst().peer());
    }

    @Test
    void twoForwardsToOneGuestPortAnswerFromTheirOwnSockets() throws IOException {
        add("udp::5353-:53");
        add("udp::5354-:53");
        Received first = arrives(0, address("192.168.1.9", 7777), "a");
        Received second = arrives(1, address("192.168.1.9", 7777), "b");

        answer(first, "1");
        answer(second, "2");

        assertEquals("1", new String(net.host.datagrams().get(0).sent().getFirst().bytes(), UTF_8));
        assertEquals("2", new String(net.host.datagrams().get(1).sent().getFirst().bytes(), UTF_8));
    }

    @Test
    void aPeersPortNeverHidesAServiceOfTheGateway() throws IOException {
        add("udp::5353-:53");

        assertTrue(arrives(0, address("192.168.1.9", 67), "a").udp().srcPort() >= 1024);
    }

    @Test
    void anIdlePeerIsForgottenAndTheRuleStays() throws IOException {
        add("udp::5353-:53");
        arrives(0, address("192.168.1.9", 7777), "a");
        assertEquals(1, net.network.flowCount());

        net.reactor.advance(31 * S);

        assertEquals(0, net.network.flowCount());
        assertFalse(net.host.datagrams().getFirst().isClosed());
        assertEquals("b", new String(arrives(0, address("192.168.1.9", 7777), "b").udp().payload(), UTF_8));
    }

    @Test
    void removingAUdpRuleEndsTheFlowsOfItsPeers() throws IOException {
        PortForward rule = add("udp::5353-:53");
        arrives(0, address("192.168.1.9", 7777), "a");

        net.network.forwards().remove(rule);

        assertEquals(0, net.network.flowCount());
        assertTrue(net.host.datagrams().getFirst().isClosed());
    }

    private PortForward add(String rule) throws IOException {
        return net.network.forwards().add(PortForward.parse(rule, AddressPlan.defaults().firstLease()).getFirst());
    }

    private Received arrives(int socket, InetSocketAddress from, String text) {
        net.host.datagrams().get(socket).peerSend(from, text.getBytes(UTF_8));
        net.reactor.settle();
        return net.guest.poll();
    }

    private void answer(Received request, String text) {
        net.guest.send(GATEWAY, new UdpDatagram(request.udp().dstPort(), request.udp().srcPort(), text.getBytes(UTF_8)));
        net.reactor.settle();
    }

    private static InetSocketAddress address(String host, int port) {
        return new InetSocketAddress(IpAddress.parse(host).toInetAddress(), port);
    }
}
