package dev.jslirp.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.SplicedStream;
import dev.jslirp.host.SplicedStreamListener;
import dev.jslirp.host.StreamSplicer;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.wire.IpAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Forwarded connections that go past the guest's link: what is still the network's to decide and to count.
class SplicedFlowTest {
    private static final long S = 1_000_000_000L;
    private static final InetSocketAddress GUEST = address("10.0.2.15", 80);

    private final Splicer splicer = new Splicer();
    private NetworkFixture net;

    @BeforeEach
    void open() throws IOException {
        use(NatConfig.defaults());
    }

    private void use(NatConfig config) throws IOException {
        if (net != null) {
            net.close();
        }
        net = NetworkFixture.ready(GuestNetworkConfig.defaults().withNat(config), LinkCapabilities.plain(1500));
        net.host.setSplicer(splicer);
        forward("tcp:127.0.0.1:8080-:80");
    }

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
        assertEquals(net.count(Counter.TCP_FLOWS_OPENED), net.count(Counter.TCP_FLOWS_CLOSED));
        assertEquals(0, net.network.flowCount());
    }

    private PortForward forward(String rule) throws IOException {
        return net.network.forwards().add(PortForward.parse(rule, AddressPlan.defaults().firstLease()).getFirst());
    }

    private SimHostStream peerConnects(int port) {
        SimHostStream stream = net.host.peerConnect(address("127.0.0.1", 8080), address("127.0.0.1", port));
        net.reactor.settle();
        return stream;
    }

    private void then(Runnable event) {
        net.reactor.round(event);
        net.reactor.settle();
    }

    private static InetSocketAddress address(String host, int port) {
        return new InetSocketAddress(IpAddress.parse(host).toInetAddress(), port);
    }

    private boolean guestHearsASyn() {
        return net.guest.takeAll().stream().map(Received::tcp).anyMatch(segment -> segment != null && segment.has(TcpSegment.SYN));
    }

    @Test
    void aConnectionIsAFlowUntilItsEndAndTheGuestHearsNothing() {
        peerConnects(40_000);

        Joined joined = splicer.joined.getFirst();
        assertEquals(GUEST, joined.guest);
        assertEquals(1, net.network.flowCount());
        then(joined.listener::onConnected);
        then(() -> joined.listener.onMoved(7, 3));
        then(() -> joined.listener.onMoved(1, 0));
        assertEquals(1, net.network.flowCount());
        then(() -> joined.listener.onEnd(null));

        assertEquals(0, net.network.flowCount());
        assertFalse(joined.reset);
        assertFalse(guestHearsASyn());
        assertEquals(8, net.count(Counter.SPLICED_BYTES_TO_GUEST));
        assertEquals(3, net.count(Counter.SPLICED_BYTES_FROM_GUEST));
        assertEquals(1, net.count(Counter.FORWARDS_ACCEPTED));
        assertEquals(1, net.count(Counter.FORWARDS_SPLICED));
        assertEquals(0, net.count(Counter.FORWARDS_REFUSED));
        assertEquals(1, net.count(Counter.TCP_FLOWS_OPENED));
        assertEquals(1, net.count(Counter.TCP_FLOWS_CLOSED));
    }

    @Test
    void whatCannotBeJoinedGoesToTheGuestByItsLink() {
        splicer.able = false;

        SimHostStream peer = peerConnects(40_000);

        assertTrue(guestHearsASyn());
        assertTrue(peer.isOpen());
        assertEquals(1, net.network.flowCount());
        assertEquals(1, net.count(Counter.TCP_FLOWS_OPENED));
        assertEquals(0, net.count(Counter.TCP_FLOWS_CLOSED));
        assertEquals(1, net.count(Counter.FORWARDS_NOT_SPLICED));
        assertEquals(0, net.count(Counter.FORWARDS_SPLICED));
    }

    @Test
    void withoutASplicerNothingIsCounted() {
        net.host.setSplicer(null);

        peerConnects(40_000);

        assertTrue(guestHearsASyn());
        assertEquals(0, net.count(Counter.FORWARDS_NOT_SPLICED));
    }

    @Test
    void aRefusalIsCountedAsThatOfAnyForward() {
        peerConnects(40_000);

        then(() -> splicer.joined.getFirst().listener.onEnd(HostError.REFUSED));

        assertEquals(0, net.network.flowCount());
        assertEquals(1, net.count(Counter.FORWARDS_REFUSED));
    }

    @Test
    void aResetOfAnOpenConnectionIsNoRefusal() {
        peerConnects(40_000);
        Joined joined = splicer.joined.getFirst();
        then(joined.listener::onConnected);

        then(() -> joined.listener.onEnd(HostError.RESET));

        assertEquals(0, net.network.flowCount());
        assertEquals(0, net.count(Counter.FORWARDS_REFUSED));
    }

    @Test
    void aGuestThatDoesNotAnswerIsWaitedForAsLongAsAHost() {
        peerConnects(40_000);
        Joined joined = splicer.joined.getFirst();

        net.reactor.advance(NatConfig.defaults().connectTimeoutNs() - S);
        assertFalse(joined.reset);
        net.reactor.advance(2 * S);

        assertTrue(joined.reset);
        assertEquals(0, net.network.flowCount());
        assertEquals(1, net.count(Counter.FORWARDS_REFUSED));
    }

    @Test
    void anOpenConnectionMayBeQuietForever() {
        peerConnects(40_000);
        Joined joined = splicer.joined.getFirst();
        then(joined.listener::onConnected);

        net.reactor.advance(24 * 3600 * S);

        assertFalse(joined.reset);
        assertEquals(1, net.network.flowCount());
    }

    @Test
    void atTheLimitOfFlowsTheConnectionIsRefused() throws IOException {
        use(NatConfig.defaults().withFlows(2, 1, 1, 1));
        peerConnects(40_000);
        peerConnects(40_001);

        SimHostStream third = peerConnects(40_002);

        assertEquals(2, splicer.joined.size());
        assertTrue(third.peerSawReset());
        assertEquals(1, net.count(Counter.TCP_FLOW_LIMIT));
        assertEquals(1, net.count(Counter.FORWARDS_REFUSED));
    }

    @Test
    void atTheLimitOfTheGuestsFlowsTheConnectionIsRefused() throws IOException {
        use(NatConfig.defaults().withFlowsPerGuest(1));
        peerConnects(40_000);

        SimHostStream second = peerConnects(40_001);

        assertTrue(second.peerSawReset());
        assertEquals(1, net.count(Counter.GUEST_FLOW_LIMIT));
        then(() -> splicer.joined.getFirst().listener.onEnd(null));
        peerConnects(40_002);
        assertEquals(2, splicer.joined.size());
    }

    @Test
    void peersAreToldApartWhateverTheirPortsAre() throws IOException {
        forward("tcp:127.0.0.1:8081-:80");
        peerConnects(40_000);
        net.host.peerConnect(address("127.0.0.1", 8081), address("127.0.0.1", 40_000));
        net.reactor.settle();

        assertEquals(2, net.network.flowCount());
        then(() -> splicer.joined.get(1).listener.onEnd(null));
        assertEquals(1, net.network.flowCount());
        then(() -> splicer.joined.get(0).listener.onEnd(null));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aSegmentOfTheGuestFindsNoSplicedFlow() {
        peerConnects(40_000);

        TcpSegment segment = new TcpSegment(80, 40_000, 1, 1, TcpSegment.ACK, 65_535, 0, List.of(), new byte[0]);
        net.guest.send(IpAddress.parse("127.0.0.1").v4Bits(), segment);
        net.reactor.settle();

        assertEquals(1, net.network.flowCount());
        assertFalse(splicer.joined.getFirst().reset);
    }

    @Test
    void removingTheForwardLeavesItsConnections() throws IOException {
        PortForward rule = net.network.forwards().list().getFirst();
        peerConnects(40_000);

        assertTrue(net.network.forwards().remove(rule));
        net.reactor.settle();

        assertFalse(splicer.joined.getFirst().reset);
        assertEquals(1, net.network.flowCount());
    }

    @Test
    void closingTheNetworkResetsConnections() {
        peerConnects(40_000);
        peerConnects(40_001);
        then(splicer.joined.getFirst().listener::onConnected);

        net.reactor.round(net.network::close);

        assertTrue(splicer.joined.stream().allMatch(joined -> joined.reset));
        assertEquals(0, net.network.flowCount());
    }

    /// Joins whatever it is asked to.
    private static final class Splicer implements StreamSplicer {
        final List<Joined> joined = new ArrayList<>();
        boolean able = true;

        @Override
        public SplicedStream splice(HostStream accepted, InetSocketAddress guest, SplicedStreamListener listener) {
            assertNotNull(accepted.remoteAddress());
            if (!able) {
                return null;
            }
            accepted.close();
            Joined stream = new Joined(guest, listener);
            joined.add(stream);
            return stream;
        }
    }

    private static final class Joined implements SplicedStream {
        final InetSocketAddress guest;
        final SplicedStreamListener listener;
        boolean reset;

        Joined(InetSocketAddress guest, SplicedStreamListener listener) {
            this.guest = guest;
            this.listener = listener;
        }

        @Override
        public void reset() {
            reset = true;
        }
    }
}
