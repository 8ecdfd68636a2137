package dev.jslirp.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.host.HostError;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostNetwork.ConnectOutcome;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What happens to segments that have no open connection: refusals, limits, failing connects.
class TcpNatTest {
    private static final long S = 1_000_000_000L;
    private static final int SYN = TcpSegment.SYN;
    private static final int ACK = TcpSegment.ACK;
    private static final int FIN = TcpSegment.FIN;
    private static final int RST = TcpSegment.RST;
    private static final int FAR = v4("1.2.3.4");

    private NetworkFixture net = NetworkFixture.ready();

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
        assertEquals(net.count(Counter.TCP_FLOWS_OPENED), net.count(Counter.TCP_FLOWS_CLOSED));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void anAckWithoutFlowIsResetAtItsOwnNumber() {
        TcpGuest guest = guest(5000, FAR);
        guest.ack = 77;

        guest.send(ACK, (byte) 1);

        TcpSegment reset = guest.expect(RST);
        assertEquals(RST, reset.flags());
        assertEquals(77, reset.seq());
        assertEquals(1, net.network.counters().get(DropReason.TCP_NO_FLOW));
        assertEquals(0, net.host.streams().size());
    }

    @Test
    void aFinWithoutFlowAndAckIsResetByAcknowledgingIt() {
        TcpGuest guest = guest(5000, FAR);

        guest.send(FIN, (byte) 1, (byte) 2);

        TcpSegment reset = guest.expect(RST | ACK);
        assertEquals(0, reset.seq());
        assertEquals(guest.seq, reset.ack());
    }

    @Test
    void aResetWithoutFlowIsNotAnswered() {
        guest(5000, FAR).send(RST);
        guest(5000, FAR).send(RST | ACK);

        assertNull(net.guest.poll());
        assertEquals(2, net.network.counters().get(DropReason.TCP_NO_FLOW));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, SYN | FIN, SYN | RST, SYN | FIN | ACK, TcpSegment.PSH | TcpSegment.URG})
    void nonsenseFlagsAreDropped(int flags) {
        guest(5000, FAR).send(flags);

        assertNull(net.guest.poll());
        assertEquals(1, net.network.counters().get(DropReason.TCP_FLAGS));
    }

    @Test
    void portZeroAndGroupsAreDropped() {
        new TcpGuest(net, 0, FAR, 80).send(SYN);
        new TcpGuest(net, 5000, FAR, 0).send(SYN);
        guest(5000, v4("224.0.0.1")).send(SYN);
        guest(5000, v4("10.0.2.255")).send(SYN);

        assertNull(net.guest.poll());
        assertEquals(4, net.network.counters().get(DropReason.TCP_ADDRESS));
    }

    @Test
    void resetsAreLimited() {
        for (int i = 0; i < 1_500; i++) {
            guest(5000, FAR).send(ACK);
        }
        assertEquals(1_000, net.guest.takeAll().size());
        assertEquals(500, net.count(Counter.TCP_RESETS_LIMITED));

        net.reactor.advance(S);
        guest(5000, FAR).send(ACK);
        assertEquals(1, net.guest.takeAll().size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.2.3", "169.254.169.254"})
    void whatPolicyRefusesIsReset(String destination) {
        TcpGuest guest = guest(5000, v4(destination));

        guest.send(SYN);

        TcpSegment reset = guest.expect(RST | ACK);
        assertEquals(0, reset.seq());
        assertEquals(guest.seq, reset.ack());
        assertEquals(0, net.host.streams().size());
        assertEquals(1, net.network.counters().get(DropReason.POLICY));
    }

    @Test
    void withoutHostLoopbackTheGatewayResets() {
        restart(NatConfig.defaults().withHostLoopback(false));
        TcpGuest guest = guest(5000, v4("10.0.2.2"));

        guest.send(SYN);

        guest.expect(RST | ACK);
        assertEquals(0, net.host.streams().size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "0.0.0.0", "10.0.2.77"})
    void otherNamesOfTheHostReachNoSocket(String destination) {
        guest(5000, v4(destination)).send(SYN);

        assertEquals(0, net.host.streams().size());
    }

    @ParameterizedTest
    @CsvSource({"HOST_UNREACHABLE, 1", "NETWORK_UNREACHABLE, 0", "PROHIBITED, 13"})
    void anUnreachableHostIsReportedAboutTheSyn(HostError error, int code) {
        net.host.whenConnecting(ConnectOutcome.failing(error));
        TcpGuest guest = guest(5000, FAR);

        guest.send(SYN);

        Received received = net.guest.poll();
        assertEquals(v4("10.0.2.2"), received.ipv4().src());
        assertEquals(IcmpMessage.UNREACHABLE, received.icmp().type());
        assertEquals(code, received.icmp().code());
        byte[] quote = received.icmp().payload();
        assertEquals(FAR, int32(quote, 16));
        assertEquals(5000 << 16 | 80, int32(quote, 20));
        assertEquals(1_000, int32(quote, 24));
        assertNull(net.guest.poll());
        assertEquals(0, net.network.flowCount());
        assertEquals(1, net.count(Counter.TCP_CONNECTS_FAILED));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TIMED_OUT", "NO_RESOURCES"})
    void aFailureThatMayPassIsMetWithSilence(HostError error) {
        net.host.whenConnecting(ConnectOutcome.failing(error));

        guest(5000, FAR).send(SYN);

        assertNull(net.guest.poll());
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aConnectThatIsNeverAnsweredIsGivenUp() {
        net.host.whenConnecting(ConnectOutcome.NEVER);
        guest(5000, FAR).send(SYN);

        net.reactor.advance(129 * S);
        assertEquals(1, net.network.flowCount());
        net.reactor.advance(2 * S);

        assertEquals(0, net.network.flowCount());
        assertEquals(0, net.host.socketsOpen());
        assertNull(net.guest.poll());
        assertEquals(1, net.count(Counter.TCP_CONNECTS_FAILED));
    }

    @Test
    void retransmittedSynsAreAbsorbed() {
        net.host.whenConnecting(ConnectOutcome.NEVER);
        TcpGuest guest = guest(5000, FAR);
        for (int i = 0; i < 3; i++) {
            guest.seq = 1_000;
            guest.send(SYN);
        }

        assertEquals(1, net.host.streams().size());
        assertEquals(1, net.network.flowCount());
    }

    @Test
    void connectsToDeadAddressesGiveWayToNewOnes() {
        restart(NatConfig.defaults().withFlows(1_000, 10, 10, 10));
        net.host.whenConnecting(ConnectOutcome.NEVER);
        for (int i = 0; i < 10; i++) {
            guest(5000 + i, FAR).send(SYN);
        }
        // Too young to be evicted: the new one waits for its next SYN.
        guest(6000, FAR).send(SYN);
        assertEquals(10, net.host.streams().size());
        assertEquals(1, net.network.counters().get(DropReason.FLOW_LIMIT));

        net.reactor.advance(S);
        guest(6000, FAR).send(SYN);

        assertEquals(11, net.host.streams().size());
        assertEquals(10, net.host.socketsOpen());
        assertEquals(10, net.network.flowCount());
        assertTrue(net.host.streams().getFirst().peerSawReset());
        assertEquals(2, net.count(Counter.TCP_HALF_OPEN_LIMIT));
        assertNull(net.guest.poll());
    }

    @Test
    void aFullTableDropsTheSyn() {
        restart(NatConfig.defaults().withFlows(2, 10, 10, 10));
        net.host.whenConnecting(ConnectOutcome.NEVER);
        for (int i = 0; i < 3; i++) {
            guest(5000 + i, FAR).send(SYN);
        }

        assertEquals(2, net.host.streams().size());
        assertEquals(1, net.count(Counter.TCP_FLOW_LIMIT));
        assertNull(net.guest.poll());
    }

    @Test
    void sequenceNumbersClimbPerConnectionAndDifferBetweenThem() {
        IssGenerator generator = new IssGenerator(new SplittableRandom(1));
        int first = generator.next(0, 1, 0, 2, 3, 0);

        assertEquals(250_000, generator.next(0, 1, 0, 2, 3, S) - first);
        assertFalse(generator.next(0, 1, 0, 2, 4, 0) == first);
        assertFalse(new IssGenerator(new SplittableRandom(2)).next(0, 1, 0, 2, 3, 0) == first);
    }

    private TcpGuest guest(int port, int far) {
        return new TcpGuest(net, port, far, 80);
    }

    private void restart(NatConfig config) {
        net.close();
        net = NetworkFixture.ready(GuestNetworkConfig.defaults().withNat(config), LinkCapabilities.plain(1500));
    }

    private static int int32(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 24 | (bytes[at + 1] & 0xff) << 16 | (bytes[at + 2] & 0xff) << 8 | bytes[at + 3] & 0xff;
    }

    private static int v4(String address) {
        return IpAddress.parse(address).v4Bits();
    }
}
