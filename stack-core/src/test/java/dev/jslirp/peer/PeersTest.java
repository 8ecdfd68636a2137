package dev.jslirp.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostStream;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.nat.NatConfig;
import dev.jslirp.nat.TcpGuest;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.TcpState;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PeersTest {
    private static final long S = 1_000_000_000L;
    private static final int SYN = TcpSegment.SYN;
    private static final int ACK = TcpSegment.ACK;
    private static final int FIN = TcpSegment.FIN;
    private static final int RST = TcpSegment.RST;
    private static final IpAddress GATEWAY = IpAddress.parse("10.0.2.2");
    private static final IpAddress GUEST = IpAddress.parse("10.0.2.15");
    private static final IpAddress METADATA = IpAddress.parse("169.254.169.254");
    private static final IpAddress PEER = IpAddress.parse("10.0.2.100");

    private final NetworkFixture net = NetworkFixture.ready(GuestNetworkConfig.defaults()
            .withAddresses(AddressPlan.defaults().withPeers(PEER)), LinkCapabilities.plain(1500));
    private final ProgramStream program = new ProgramStream(net);

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
        assertEquals(0, net.network.flowCount());
    }

    /// Dials port 22 of the guest. @return the guest's side, which has got the SYN
    private TcpGuest dial(IpAddress from) {
        program.run(() -> program.on(net.network.peers().dial(from, GUEST, 22, program)).stream.resumeReads());
        TcpSegment syn = net.guest.poll().tcp();
        assertTrue(syn.has(SYN) && !syn.has(ACK));
        assertEquals(22, syn.dstPort());
        TcpGuest guest = new TcpGuest(net, 22, from.v4Bits(), syn.srcPort());
        guest.ack = syn.seq() + 1;
        return guest;
    }

    private TcpGuest dialled() {
        TcpGuest guest = dial(GATEWAY);
        guest.send(SYN | ACK);
        assertEquals(List.of("connected"), program.events);
        net.guest.takeAll();
        return guest;
    }

    /// The program listens at `address`, and a guest connects.
    private TcpGuest connected(IpAddress address) {
        net.reactor.round(() -> net.network.listen(address, 80, stream -> program.on(stream)));
        return new TcpGuest(net, 40_000, address.v4Bits(), 80).connect();
    }

    // ---- dialling

    @Test
    void bytesGoBothWaysAndEachEndClosesItsOwnDirection() {
        TcpGuest guest = dialled();
        program.write("hello");
        assertEquals("hello", new String(guest.receiveAll(), US_ASCII));
        guest.send(ACK, "world".getBytes(US_ASCII));
        assertEquals("world", program.received());

        program.run(program.stream::shutdownOutput);
        guest.ack = guest.expect(FIN).seq() + 1;
        guest.send(ACK, "more".getBytes(US_ASCII));
        assertEquals("worldmore", program.received());
        guest.send(ACK | FIN);
        assertEquals("eof", program.events.getLast());
        assertEquals(TcpState.TIME_WAIT, net.tcpState(22, GATEWAY.v4Bits(), guest.farPort));
        program.run(program.stream::close);
    }

    @Test
    void whatIsWrittenBeforeTheGuestAcceptsFollowsItsAcceptance() {
        TcpGuest guest = dial(GATEWAY);
        program.write("early");
        assertEquals(5, program.stream.unsentBytes());
        guest.send(SYN | ACK);
        assertEquals("early", new String(guest.receiveAll(), US_ASCII));
        assertEquals(0, program.stream.unsentBytes());
    }

    @Test
    void theGuestSeesTheAddressChosen() {
        for (IpAddress from : List.of(PEER, METADATA)) {
            net.guest.takeAll();
            dial(from);
            assertEquals(from.toInetAddress(), program.stream.localAddress().getAddress());
            assertEquals(new InetSocketAddress(GUEST.toInetAddress(), 22), program.stream.remoteAddress());
            program.run(program.stream::reset);
        }
    }

    @Test
    void aGuestThatRefusesIsToldOf() {
        TcpGuest guest = dial(GATEWAY);
        guest.send(RST | ACK);
        assertEquals(List.of("failed REFUSED"), program.events);
        assertEquals(1, net.count(Counter.FORWARDS_REFUSED));
    }

    @Test
    void aGuestThatNeverAnswersTimesOut() {
        dial(GATEWAY);
        net.reactor.advance(600 * S);
        assertEquals(List.of("failed TIMED_OUT"), program.events);
    }

    @Test
    void aDialGivenUpEndsTheFlow() {
        dial(GATEWAY);
        program.run(program.stream::close);
        assertEquals(List.of(), program.events);
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aDialBeyondTheFlowLimitFails() {
        try (NetworkFixture small = NetworkFixture.ready(GuestNetworkConfig.defaults()
                .withNat(NatConfig.defaults().withFlowsPerGuest(1)), LinkCapabilities.plain(1500))) {
            ProgramStream second = new ProgramStream(small);
            small.reactor.round(() -> {
                small.network.dial(GUEST, 22, new ProgramStream(small));
                second.on(small.network.dial(GUEST, 22, second));
            });
            small.reactor.settle();
            assertEquals(List.of("failed NO_RESOURCES"), second.events);
        }
    }

    @Test
    void whereNoGuestOrNoPeerCanBeIsNoPlaceToDial() {
        for (String guest : List.of("10.0.2.2", "10.0.2.255", "1.2.3.4", PEER.toString())) {
            assertThrows(IllegalArgumentException.class, () -> net.network.dial(IpAddress.parse(guest), 22, program));
        }
        assertThrows(IllegalArgumentException.class, () -> net.network.dial(GUEST, 0, program));
        assertThrows(IllegalArgumentException.class, () -> net.network.peers().dial(IpAddress.parse("10.0.2.99"), GUEST, 22, program));
        assertThrows(IllegalArgumentException.class, () -> net.network.peers().dial(IpAddress.parse("224.0.0.1"), GUEST, 22, program));
    }

    // ---- ends

    @Test
    void aResetOfTheGuestIsOneOfTheStream() {
        TcpGuest guest = dialled();
        guest.send(RST | ACK);
        assertEquals(List.of("connected", "reset RESET"), program.events);
    }

    @Test
    void aResetOfTheStreamIsOneForTheGuest() {
        TcpGuest guest = dialled();
        program.run(program.stream::reset);
        guest.expect(RST);
        assertEquals(List.of("connected"), program.events);
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void closingSendsWhatWasWrittenThenFinAndMoreFromTheGuestIsReset() {
        TcpGuest guest = dialled();
        program.run(() -> {
            ByteBuf bytes = Unpooled.copiedBuffer("bye", US_ASCII);
            program.stream.write(bytes, 0, 3);
            bytes.release();
            program.stream.close();
        });
        assertEquals("bye", new String(guest.receiveAll(), US_ASCII));
        assertEquals(List.of("connected"), program.events);
        guest.send(ACK, new byte[10]);
        guest.expect(RST);
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void closingTheNetworkResetsTheStream() {
        dialled();
        net.reactor.round(net.network::close);
        net.reactor.settle();
        assertEquals(List.of("connected", "reset RESET"), program.events);
        program.run(program.stream::close);
    }

    // ---- listening

    @Test
    void anAddressThatPolicyRefusesCanBeListenedAt() {
        TcpGuest guest = connected(METADATA);
        assertEquals(new InetSocketAddress(GUEST.toInetAddress(), 40_000), program.stream.remoteAddress());
        assertEquals(new InetSocketAddress(METADATA.toInetAddress(), 80), program.stream.localAddress());
        guest.send(ACK, "GET".getBytes(US_ASCII));
        assertEquals("", program.received(), "reads begin paused");
        program.run(program.stream::resumeReads);
        assertEquals("GET", program.received());
        program.write("200");
        assertEquals("200", new String(guest.receiveAll(), US_ASCII));
        program.run(program.stream::close);
        guest.expect(FIN);
    }

    @Test
    void aPeersAddressAnswersArpAndNobodyElseHasIt() {
        net.guest.askFor(PEER);
        net.reactor.settle();
        assertEquals(PEER.v4Bits(), net.guest.poll().arp().senderIp());
        connected(PEER).send(RST | ACK);
        new TcpGuest(net, 40_001, PEER.v4Bits(), 81).send(SYN);
        assertTrue(net.guest.poll().tcp().has(RST), "no service there");
    }

    @Test
    void theGatewaysAddressComesBeforeTheHostsLoopback() {
        connected(GATEWAY).send(RST | ACK);
        assertEquals(List.of(), net.host.streams());
    }

    @Test
    void anAcceptorMayRefuseAndAListenerMayClose() {
        HostListener[] listener = new HostListener[1];
        net.reactor.round(() -> listener[0] = net.network.listen(METADATA, 80, stream -> null));
        new TcpGuest(net, 40_000, METADATA.v4Bits(), 80).send(SYN);
        assertTrue(net.guest.poll().tcp().has(RST));
        assertThrows(IllegalArgumentException.class, () -> net.network.listen(METADATA, 80, stream -> null));
        assertEquals(new InetSocketAddress(METADATA.toInetAddress(), 80), listener[0].localAddress());
        listener[0].close();
        listener[0].close();
        net.network.listen(METADATA, 80, stream -> null).close();
        assertThrows(IllegalArgumentException.class, () -> net.network.listen(IpAddress.parse("10.0.2.99"), 80, stream -> null));
        assertThrows(IllegalArgumentException.class, () -> net.network.listen(METADATA, 65_536, stream -> null));
    }

    // ---- flow control

    @Test
    void aProgramThatDoesNotReadClosesTheGuestsWindow() {
        TcpGuest guest = connected(METADATA);
        int window = 0;
        int sent = 0;
        do {
            guest.send(ACK, new byte[1_400]);
            sent += 1_400;
            for (Received received : net.guest.takeAll()) {
                window = received.tcp().window();
            }
        } while (window >= 1_400 && sent < 10_000_000);
        assertTrue(sent < 10_000_000, "the window never closed");

        program.run(program.stream::resumeReads);
        assertTrue(program.received().length() > sent - 1_400, "but for what was beyond the window");
        assertTrue(net.guest.takeAll().getLast().tcp().window() >= 1_400, "the window opens again");
        guest.send(RST | ACK);
    }

    @Test
    void aGuestThatDoesNotReadLeavesBytesUnsentAndOneThatReadsDrainsThem() {
        TcpGuest guest = connected(METADATA);
        byte[] page = new byte[5_000_000];
        new Random(1).nextBytes(page);
        program.write(page);
        assertTrue(program.stream.unsentBytes() > 0);
        program.events.clear();
        assertArrayEquals(page, guest.receiveAllRetrying());
        assertEquals(0, program.stream.unsentBytes());
        assertEquals(List.of("drained"), program.events);
    }

    // ---- datagrams

    /// What arrived at a datagram socket of the program.
    private final class Inbox implements HostDatagramsListener {
        private final List<String> arrived = new ArrayList<>();
        private HostDatagrams socket;

        @Override
        public void onDatagram(ByteBuf datagram, long addressHi, long addressLo, int port) {
            arrived.add(new IpAddress(addressHi, addressLo) + ":" + port + " " + datagram.toString(US_ASCII));
            ByteBuf answer = Unpooled.copiedBuffer("pong", US_ASCII);
            socket.send(answer, 0, 4, addressHi, addressLo, port);
            socket.flush();
            answer.release();
        }

        @Override
        public void onError(HostError error, long addressHi, long addressLo, int port) {
            throw new AssertionError("no errors here");
        }
    }

    @Test
    void datagramsGoBothWaysUnderAnyAddress() {
        for (IpAddress address : List.of(PEER, METADATA, GATEWAY)) {
            Inbox inbox = new Inbox();
            net.reactor.round(() -> inbox.socket = net.network.peers().openDatagrams(address, 123, inbox));
            net.guest.send(address.v4Bits(), new UdpDatagram(5_000, 123, "ping".getBytes(US_ASCII)));
            net.reactor.settle();
            assertEquals(List.of("10.0.2.15:5000 ping"), inbox.arrived);
            Received answer = net.guest.poll();
            assertEquals(address.v4Bits(), answer.ipv4().src());
            assertEquals(123, answer.udp().srcPort());
            assertEquals("pong", new String(answer.udp().payload(), US_ASCII));
            assertThrows(IllegalArgumentException.class, () -> net.network.peers().openDatagrams(address, 123, inbox));
            inbox.socket.close();
            inbox.socket.close();
        }
        net.guest.send(PEER.v4Bits(), new UdpDatagram(5_000, 123, new byte[1]));
        net.reactor.settle();
        assertEquals(IcmpMessage.UNREACHABLE, net.guest.poll().icmp().type());
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void theProgramCanBeTheResolver() {
        IpAddress dns = IpAddress.parse("10.0.2.3");
        assertThrows(IllegalArgumentException.class, () -> net.network.peers().openDatagrams(dns, 53, new Inbox()));
        assertThrows(IllegalArgumentException.class, () -> net.network.listen(dns, 53, _ -> null));
        try (NetworkFixture own = NetworkFixture.ready(GuestNetworkConfig.defaults().withDns(DnsConfig.disabled()),
                LinkCapabilities.plain(1500))) {
            Inbox inbox = new Inbox();
            own.reactor.round(() -> inbox.socket = own.network.peers().openDatagrams(dns, 53, inbox));
            own.network.listen(dns, 53, _ -> null).close();
            own.guest.send(dns.v4Bits(), new UdpDatagram(5_000, 53, "name?".getBytes(US_ASCII)));
            own.reactor.settle();
            assertEquals(List.of("10.0.2.15:5000 name?"), inbox.arrived);
            assertEquals("pong", new String(own.guest.poll().udp().payload(), US_ASCII));
        }
    }

    @Test
    void anAcceptorThatFailsLeavesNoFlowBehind() {
        net.network.listen(METADATA, 80, _ -> {
            throw new IllegalStateException("a bug of the program");
        });
        new TcpGuest(net, 40_000, METADATA.v4Bits(), 80).send(SYN);
        assertEquals(1, net.network.flowCount());
        net.reactor.advance(200 * S);
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void datagramsMayBeEmptyAndMayComeInRuns() {
        HostDatagrams socket = net.network.peers().openDatagrams(METADATA, 123, new Inbox());
        ByteBuf bytes = Unpooled.copiedBuffer("aabbc", US_ASCII);
        net.reactor.round(() -> {
            socket.send(bytes, 0, 0, GUEST.hi(), GUEST.lo(), 9);
            socket.sendRun(bytes, 0, 5, 2, GUEST.hi(), GUEST.lo(), 9);
        });
        bytes.release();
        assertEquals(List.of("", "aa", "bb", "c"), net.guest.takeAll().stream()
                .map(received -> new String(received.udp().payload(), US_ASCII)).toList());
    }

    @Test
    void anAcceptorMayCloseTheNetwork() {
        net.network.listen(METADATA, 80, stream -> {
            net.network.close();
            return program.on(stream);
        });
        new TcpGuest(net, 40_000, METADATA.v4Bits(), 80).send(SYN);
        assertEquals(List.of("reset RESET"), program.events);
        assertEquals(0, net.network.flowCount());
        assertEquals(0, net.network.counters().get(DropReason.INTERNAL));
    }

    @Test
    void afterTheNetworkClosedDatagramsGoNowhere() {
        HostDatagrams socket = net.network.peers().openDatagrams(METADATA, 123, new Inbox());
        net.reactor.round(net.network::close);
        ByteBuf bytes = Unpooled.copiedBuffer("x", US_ASCII);
        net.reactor.round(() -> socket.send(bytes, 0, 1, GUEST.hi(), GUEST.lo(), 9));
        net.reactor.round(() -> socket.sendRun(bytes, 0, 1, 1, GUEST.hi(), GUEST.lo(), 9));
        bytes.release();
        assertEquals(List.of(), net.guest.takeAll());
    }

    @Test
    void datagramsLeaveForGuestsOnly() {
        Inbox inbox = new Inbox();
        HostDatagrams socket = net.network.peers().openDatagrams(METADATA, 123, inbox);
        ByteBuf bytes = Unpooled.copiedBuffer("x", US_ASCII);
        net.reactor.round(() -> socket.send(bytes, 0, 1, 0, IpAddress.parse("1.2.3.4").lo(), 9));
        bytes.release();
        assertEquals(1, net.count(Counter.UDP_SEND_FAILED));
        assertEquals(List.of(), net.guest.takeAll());
        assertEquals(new InetSocketAddress(METADATA.toInetAddress(), 123), socket.localAddress());
    }
}
