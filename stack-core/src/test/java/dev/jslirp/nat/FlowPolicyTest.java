package dev.jslirp.nat;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.nat.FlowPolicy.Verdict;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FlowPolicyTest {
    private static final IpAddress FAR = IpAddress.parse("1.2.3.4");
    private static final InetSocketAddress PROXY = address("192.168.7.7", 3128);

    private final List<FlowPolicy.Request> requests = new ArrayList<>();
    private Verdict verdict = new Verdict.Pass();
    private final NetworkFixture net = NetworkFixture.ready(GuestNetworkConfig.defaults().withFlowPolicy(request -> {
        requests.add(request);
        return verdict;
    }), LinkCapabilities.plain(1500));

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
    }

    private TcpGuest guest(IpAddress far) {
        return new TcpGuest(net, 40_000, far.v4Bits(), 80);
    }

    private Received sendDatagram(IpAddress far, int port) {
        net.guest.send(far.v4Bits(), new UdpDatagram(5_000, port, "ask".getBytes(US_ASCII)));
        net.reactor.settle();
        return net.guest.poll();
    }

    @Test
    void aConnectionThatPassesGoesWhereTheGuestWants() {
        guest(FAR).connect();
        assertEquals(List.of(new FlowPolicy.Request(PortForward.Protocol.TCP, IpAddress.parse("10.0.2.15"), 40_000, FAR, 80)), requests);
        assertEquals(address("1.2.3.4", 80), net.host.streams().getFirst().remoteAddress());
    }

    @Test
    void whatPassesIsStillRefusedWhereThePolicyOfAddressesSaysSo() {
        guest(IpAddress.parse("169.254.1.1")).send(TcpSegment.SYN);
        assertTrue(net.guest.poll().tcp().has(TcpSegment.RST));
    }

    @Test
    void aPolicyMayCloseTheNetworkWhateverItSays() {
        NetworkFixture[] own = new NetworkFixture[1];
        List<Verdict> verdicts = List.of(new Verdict.Pass(), new Verdict.Deny(HostError.REFUSED), new Verdict.Redirect(PROXY),
                new Verdict.Deny(HostError.HOST_UNREACHABLE),
                new Verdict.Connect((from, far, flow) -> own[0].network.peers().accept(from, far, flow, _ -> new ProgramEnd())));
        for (Verdict last : verdicts) {
            for (boolean tcp : new boolean[] {true, false}) {
                own[0] = NetworkFixture.ready(GuestNetworkConfig.defaults().withFlowPolicy(_ -> {
                    own[0].network.close();
                    return last;
                }), LinkCapabilities.plain(1500));
                if (tcp) {
                    new TcpGuest(own[0], 40_000, FAR.v4Bits(), 80).send(TcpSegment.SYN);
                } else {
                    own[0].guest.send(FAR.v4Bits(), new UdpDatagram(5_000, 80, new byte[1]));
                }
                own[0].reactor.settle();
                assertNull(own[0].guest.poll());
                assertEquals(0, own[0].network.flowCount());
                assertEquals(0, own[0].network.counters().get(DropReason.INTERNAL), last + (tcp ? " TCP" : " UDP"));
                own[0].close();
            }
        }
    }

    /// A program that is told, and does nothing.
    private static final class ProgramEnd implements HostStreamListener {
        @Override
        public void onConnected() {}

        @Override
        public void onConnectFailed(HostError error) {}

        @Override
        public void onBytes(ByteBuf bytes) {
            bytes.release();
        }

        @Override
        public void onEof() {}

        @Override
        public void onReset(HostError error) {}

        @Override
        public void onDrained() {}
    }

    @Test
    void aDeniedConnectionIsAnsweredAsIfTheHostHadFailed() {
        for (HostError error : HostError.values()) {
            verdict = new Verdict.Deny(error);
            guest(FAR).send(TcpSegment.SYN);
            Received answer = net.guest.poll();
            switch (error) {
                case REFUSED, RESET, UNSUPPORTED, TOO_BIG, OTHER -> assertTrue(answer.tcp().has(TcpSegment.RST));
                case HOST_UNREACHABLE -> assertEquals(1, answer.icmp().code());
                case NETWORK_UNREACHABLE -> assertEquals(0, answer.icmp().code());
                case PROHIBITED -> assertEquals(13, answer.icmp().code());
                case TIMED_OUT, NO_RESOURCES -> assertNull(answer);
            }
        }
        assertEquals(HostError.values().length, net.network.counters().get(DropReason.POLICY));
        assertEquals(List.of(), net.host.streams());
    }

    @Test
    void aRedirectedConnectionGoesElsewhereAndTheGuestDoesNotSeeIt() {
        verdict = new Verdict.Redirect(PROXY);
        TcpGuest guest = guest(FAR).connect();
        guest.send(TcpSegment.ACK, "GET".getBytes(US_ASCII));
        assertEquals("GET", new String(net.host.stream(PROXY).peerReceived(), US_ASCII));
        assertEquals(1, requests.size());
    }

    @Test
    void anAddressThatIsOtherwiseRefusedCanBeRedirected() {
        verdict = new Verdict.Redirect(PROXY);
        guest(IpAddress.parse("169.254.169.254")).connect();
        assertEquals(PROXY, net.host.streams().getFirst().remoteAddress());
    }

    @Test
    void aConnectionCanEndInTheProgram() {
        verdict = new Verdict.Connect((from, far, flow) -> {
            assertEquals(address("10.0.2.15", 40_000), from);
            assertEquals(address("1.2.3.4", 80), far);
            return net.network.peers().accept(from, far, flow, _ -> null);
        });
        guest(FAR).send(TcpSegment.SYN);
        assertTrue(net.guest.poll().tcp().has(TcpSegment.RST));
    }

    @Test
    void aNameIsNoPlaceToRedirectTo() {
        assertThrows(IllegalArgumentException.class, () -> new Verdict.Redirect(InetSocketAddress.createUnresolved("proxy", 1)));
    }

    @Test
    void datagramsThatPassAreAskedAboutOnceForEachDestination() {
        sendDatagram(FAR, 53);
        sendDatagram(FAR, 53);
        sendDatagram(FAR, 54);
        sendDatagram(FAR, 53);
        assertEquals(List.of(53, 54), requests.stream().map(FlowPolicy.Request::farPort).toList());
        assertEquals(1, net.host.datagrams().size(), "one socket for one guest endpoint");
        assertEquals(4, net.host.datagrams().getFirst().sent().size());
    }

    @Test
    void deniedDatagramsAreAnsweredAsIfTheHostHadFailed() {
        verdict = new Verdict.Deny(HostError.REFUSED);
        assertEquals(3, sendDatagram(FAR, 53).icmp().code());
        verdict = new Verdict.Deny(HostError.PROHIBITED);
        assertEquals(13, sendDatagram(FAR, 53).icmp().code());
        verdict = new Verdict.Connect((_, _, _) -> null);
        Received answer = sendDatagram(FAR, 53);
        assertEquals(IcmpMessage.UNREACHABLE, answer.icmp().type());
        verdict = new Verdict.Deny(HostError.TIMED_OUT);
        assertNull(sendDatagram(FAR, 53));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void redirectedDatagramsAreAnsweredUnderTheAddressTheGuestAsked() {
        verdict = new Verdict.Redirect(PROXY);
        sendDatagram(FAR, 53);
        verdict = new Verdict.Pass();
        sendDatagram(FAR, 54);
        sendDatagram(FAR, 53);
        assertEquals(2, requests.size());
        assertEquals(2, net.host.datagrams().size());
        SimHostDatagrams redirected = net.host.datagrams().getFirst();
        assertEquals(List.of(PROXY, PROXY), redirected.sent().stream().map(SimHostDatagrams.Datagram::peer).toList());

        redirected.peerSend(address("9.9.9.9", 3128), "forged".getBytes(US_ASCII));
        redirected.peerSend(PROXY, "answer".getBytes(US_ASCII));
        net.reactor.settle();
        Received answer = net.guest.poll();
        assertEquals(FAR.v4Bits(), answer.ipv4().src());
        assertEquals(53, answer.udp().srcPort());
        assertEquals("answer", new String(answer.udp().payload(), US_ASCII));

        redirected.peerError(HostError.REFUSED, PROXY);
        net.reactor.settle();
        assertEquals(FAR.v4Bits(), net.guest.poll().ipv4().src());
    }

    @Test
    void groupsAreNotAskedAbout() {
        verdict = new Verdict.Redirect(PROXY);
        assertNull(sendDatagram(IpAddress.parse("224.0.0.251"), 5353));
        assertEquals(List.of(), requests);
    }

    private static InetSocketAddress address(String host, int port) {
        return new InetSocketAddress(IpAddress.parse(host).toInetAddress(), port);
    }
}
