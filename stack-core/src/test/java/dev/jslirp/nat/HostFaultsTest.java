package dev.jslirp.nat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.host.HostError;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.TcpState;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimHostNetwork.ConnectOutcome;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What the host's side can do to a network, in virtual time.
class HostFaultsTest {
    private static final long MS = 1_000_000L;
    private static final long S = 1_000 * MS;
    private static final int ACK = TcpSegment.ACK;
    private static final int LIVE = IpAddress.parse("192.0.2.80").v4Bits();
    private static final InetSocketAddress LIVE_ADDRESS = new InetSocketAddress(IpAddress.parse("192.0.2.80").toInetAddress(), 80);
    private static final int DEAD = IpAddress.parse("198.51.100.0").v4Bits();
    private static final InetSocketAddress RESOLVER = new InetSocketAddress(IpAddress.parse("9.9.9.9").toInetAddress(), 53);

    private NetworkFixture net = NetworkFixture.ready();

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
        assertEquals(net.count(Counter.TCP_FLOWS_OPENED), net.count(Counter.TCP_FLOWS_CLOSED));
    }

    @Test
    void writesBlockedForTenMinutesLoseNothing() {
        TcpGuest guest = guest(5_000).connect();
        SimHostStream stream = net.host.stream(LIVE_ADDRESS);
        stream.setRoom(0);
        byte[] bytes = new byte[1_000];
        new SplittableRandom(7).nextBytes(bytes);
        guest.send(ACK, bytes);

        for (int second = 0; second < 600; second++) {
            net.reactor.advance(S);
            // The guest probes what to it looks like a closing window; it is answered.
            guest.seq--;
            guest.send(ACK, bytes[999]);
            guest.expect(ACK);
        }
        assertEquals(TcpState.ESTABLISHED, net.tcpState(5_000, LIVE, 80));
        stream.setRoom(Long.MAX_VALUE);
        net.reactor.settle();

        assertArrayEquals(bytes, stream.peerReceived());
    }

    @Test
    void aResetAmidATransferReachesTheGuestAndOnlyIt() {
        TcpGuest victim = guest(5_000).connect();
        SimHostStream victimStream = net.host.stream(LIVE_ADDRESS);
        TcpGuest other = guest(5_001).connect();
        SimHostStream otherStream = net.host.stream(LIVE_ADDRESS);
        victimStream.setRoom(10);
        victim.send(ACK, new byte[1_000]);
        victimStream.peerSend(new byte[100_000]);
        net.reactor.settle();

        victimStream.peerReset();
        net.reactor.settle();

        victim.expect(TcpSegment.RST);
        other.send(ACK, new byte[5]);
        assertEquals(5, otherStream.peerReceived().length);
        assertEquals(1, net.network.flowCount());
    }

    @Test
    void withoutDescriptorsNewConnectsMeetSilenceAndOldOnesGoOn() {
        TcpGuest old = guest(5_000).connect();
        SimHostStream oldStream = net.host.stream(LIVE_ADDRESS);
        net.host.setSocketsMax(net.host.socketsOpen());

        TcpGuest fresh = guest(5_001);
        fresh.send(TcpSegment.SYN);
        net.reactor.advance(S);
        assertNull(net.guest.poll());
        net.guest.send(LIVE, new UdpDatagram(6_000, 7_000, new byte[10]));
        net.reactor.settle();
        old.send(ACK, new byte[10]);
        assertEquals(10, oldStream.peerReceived().length);
        assertEquals(1, net.network.flowCount());

        net.guest.takeAll();
        net.host.setSocketsMax(Integer.MAX_VALUE);
        fresh.seq--;
        fresh.connect();
        assertEquals(TcpState.ESTABLISHED, net.tcpState(5_001, LIVE, 80));
    }

    @Test
    void aResolverThatIsDownIsAnsweredByServFail() {
        restart(GuestNetworkConfig.defaults().withDns(DnsConfig.forwardingTo(() -> List.of(RESOLVER))));
        net.host.whenSendingTo(RESOLVER, HostError.NETWORK_UNREACHABLE);

        net.guest.send(IpAddress.parse("10.0.2.3").v4Bits(), new UdpDatagram(5_000, 53, query()));
        net.reactor.advance(60 * S);

        UdpDatagram answer = net.guest.poll().udp();
        assertNotNull(answer);
        assertEquals(2, answer.payload()[3] & 15);
        assertArrayEquals(Arrays.copyOf(query(), 2), Arrays.copyOf(answer.payload(), 2));
    }

    @Test
    void aSilentResolverIsAnsweredByServFail() {
        restart(GuestNetworkConfig.defaults().withDns(DnsConfig.forwardingTo(() -> List.of(RESOLVER))));

        net.guest.send(IpAddress.parse("10.0.2.3").v4Bits(), new UdpDatagram(5_000, 53, query()));
        net.reactor.advance(60 * S);

        assertEquals(2, net.guest.poll().udp().payload()[3] & 15);
        assertEquals(1, net.count(Counter.DNS_TIMEOUTS));
    }

    @Test
    void twoThousandConnectsToDeadAddressesDoNotDelayALiveOne() {
        net.host.whenConnecting(ConnectOutcome.NEVER);
        net.host.whenConnecting(LIVE_ADDRESS, ConnectOutcome.OK);
        net.reactor.round(() -> {
            for (int i = 0; i < 2_000; i++) {
                TcpSegment syn = new TcpSegment(10_000 + i, 80, 0, 0, TcpSegment.SYN, 65_535, 0, List.of(), new byte[0]);
                net.guest.send(DEAD + i % 250, syn);
            }
        });
        long beforeNs = net.reactor.nowNs();

        guest(5_000).connect();

        assertEquals(beforeNs, net.reactor.nowNs());
        assertEquals(TcpState.ESTABLISHED, net.tcpState(5_000, LIVE, 80));
        assertEquals(2_001, net.network.flowCount());
        net.reactor.advance(GuestNetworkConfig.defaults().nat().connectTimeoutNs() + S);
        assertEquals(1, net.network.flowCount());
        assertFalse(net.host.stream(LIVE_ADDRESS).peerSawReset());
        assertTrue(net.host.stream(LIVE_ADDRESS).isOpen());
    }

    private void restart(GuestNetworkConfig config) {
        net.close();
        net = NetworkFixture.ready(config, LinkCapabilities.plain(1_500));
    }

    private TcpGuest guest(int port) {
        return new TcpGuest(net, port, LIVE, 80);
    }

    private static byte[] query() {
        return new WireWriter().u16(77).u16(0x0100).u16(1).u16(0).u16(0).u16(0).u8(1).u8('a').u8(0).u16(1).u16(1).toByteArray();
    }
}
