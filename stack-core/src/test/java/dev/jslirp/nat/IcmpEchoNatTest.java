package dev.jslirp.nat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostEcho;
import dev.jslirp.wire.IpAddress;
import java.net.InetAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class IcmpEchoNatTest {
    private static final long S = 1_000_000_000L;
    private static final int FAR = v4("1.2.3.4");
    private static final byte[] DATA = {1, 2, 3, 4, 5};

    private NetworkFixture net = NetworkFixture.ready();

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
        assertEquals(net.count(Counter.ECHO_FLOWS_OPENED), net.count(Counter.ECHO_FLOWS_CLOSED));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aReplyComesBackUnderTheGuestsIdentifier() {
        ping(FAR, 77, 1);
        assertEquals(1, echo().requests().getFirst().sequence());
        assertArrayEquals(DATA, echo().requests().getFirst().data());

        echo().peerReply(1, 50, DATA);
        net.reactor.settle();

        Received received = net.guest.poll();
        assertEquals(FAR, received.ipv4().src());
        assertEquals(50, received.ipv4().ttl());
        assertEquals(IcmpMessage.ECHO_REPLY, received.icmp().type());
        assertEquals(77, received.icmp().id());
        assertEquals(1, received.icmp().sequence());
        assertArrayEquals(DATA, received.icmp().payload());
        assertEquals(1, net.count(Counter.ECHO_FORWARDED));
        assertEquals(1, net.count(Counter.ECHO_REPLIED));
    }

    @Test
    void oneSocketPerIdentifierAndDestination() {
        ping(FAR, 77, 1);
        ping(FAR, 77, 2);
        ping(FAR, 78, 1);
        ping(v4("5.6.7.8"), 77, 1);

        assertEquals(3, net.host.echoes().size());
        assertEquals(2, echo().requests().size());
    }

    @Test
    void anErrorOnTheWayQuotesTheRequestAndKeepsItsOrigin() {
        ping(FAR, 77, 9);

        echo().peerError(9, IcmpMessage.TIME_EXCEEDED, 0, InetAddress.ofLiteral("8.8.4.4"));
        net.reactor.settle();

        Received received = net.guest.poll();
        assertEquals(v4("8.8.4.4"), received.ipv4().src());
        assertEquals(IcmpMessage.TIME_EXCEEDED, received.icmp().type());
        byte[] quote = received.icmp().payload();
        assertEquals(IcmpMessage.ECHO_REQUEST, quote[20]);
        assertEquals(77, quote[24] << 8 | quote[25]);
        assertEquals(9, quote[26] << 8 | quote[27]);
    }

    @Test
    void anIdleFlowEnds() {
        ping(FAR, 77, 1);
        net.reactor.advance(20 * S);
        ping(FAR, 77, 2);
        net.reactor.advance(20 * S);
        assertEquals(1, net.network.flowCount());

        net.reactor.advance(20 * S);

        assertEquals(0, net.network.flowCount());
        assertTrue(echo().isClosed());
    }

    @Test
    void aFullTableGivesUpTheFlowThatWasQuietForLongest() {
        net.close();
        net = NetworkFixture.ready(GuestNetworkConfig.defaults().withNat(NatConfig.defaults().withFlows(100, 10, 10, 2)),
                LinkCapabilities.plain(1500));
        ping(FAR, 1, 1);
        ping(FAR, 2, 1);
        ping(FAR, 3, 1);

        assertTrue(echo().isClosed());
        assertEquals(1, net.count(Counter.ECHO_FLOW_LIMIT));
    }

    @Test
    void aHostThatForbidsPingSocketsIsAdministrativelyProhibited() {
        net.host.setEchoAllowed(false);

        ping(FAR, 77, 1);
        ping(FAR, 77, 2);

        assertEquals(13, net.guest.poll().icmp().code());
        assertEquals(13, net.guest.poll().icmp().code());
        assertEquals(2, net.count(Counter.ECHO_FAILED));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aHostOutOfDescriptorsMeansSilence() {
        net.host.setSocketsMax(0);

        ping(FAR, 77, 1);

        assertNull(net.guest.poll());
        assertEquals(1, net.count(Counter.ECHO_FAILED));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void linkLocalIsProhibited() {
        ping(v4("169.254.169.254"), 77, 1);

        assertEquals(13, net.guest.poll().icmp().code());
        assertEquals(0, net.host.echoes().size());
    }

    private void ping(int destination, int id, int sequence) {
        net.guest.send(destination, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, id << 16 | sequence, DATA));
        net.reactor.settle();
    }

    private SimHostEcho echo() {
        return net.host.echoes().getFirst();
    }

    private static int v4(String address) {
        return IpAddress.parse(address).v4Bits();
    }
}
