package dev.jslirp.nat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.host.HostError;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostNetwork.ConnectOutcome;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.wire.IpAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The life of a TCP flow, both sides played by the test.
class TcpFlowTest {
    private static final long S = 1_000_000_000L;
    private static final int SYN = TcpSegment.SYN;
    private static final int ACK = TcpSegment.ACK;
    private static final int FIN = TcpSegment.FIN;
    private static final int RST = TcpSegment.RST;
    private static final int FAR = v4("1.2.3.4");
    private static final int GATEWAY = v4("10.0.2.2");
    private static final InetSocketAddress PEER = address("192.168.1.9", 7777);

    private NetworkFixture net = NetworkFixture.ready();

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
        assertEquals(net.count(Counter.TCP_FLOWS_OPENED), net.count(Counter.TCP_FLOWS_CLOSED));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void theSynIsAnsweredOnlyWhenTheHostIsConnected() {
        net.host.whenConnecting(ConnectOutcome.OK.after(S / 10));
        TcpGuest guest = guest(5000);

        guest.send(SYN);
        assertEquals(0, net.guest.takeAll().size());
        net.reactor.advance(S / 10);

        TcpSegment synAck = guest.expect(SYN | ACK);
        assertEquals(guest.seq, synAck.ack());
        assertEquals(address("1.2.3.4", 80), net.host.streams().getFirst().remoteAddress());
    }

    @Test
    void theGatewayLeadsToTheHostsLoopback() {
        new TcpGuest(net, 5000, GATEWAY, 80).connect();

        assertEquals(address("127.0.0.1", 80), stream().remoteAddress());
    }

    @Test
    void aRefusedConnectResetsTheGuest() {
        net.host.whenConnecting(ConnectOutcome.failing(HostError.REFUSED));
        TcpGuest guest = guest(5000);

        guest.send(SYN);

        assertEquals(guest.seq, guest.expect(RST | ACK).ack());
        assertEquals(0, net.network.flowCount());
        assertEquals(1, net.count(Counter.TCP_CONNECTS_FAILED));
    }

    @Test
    void aGuestThatGivesUpWhileConnectingResetsTheHost() {
        net.host.whenConnecting(ConnectOutcome.NEVER);
        TcpGuest guest = guest(5000);
        guest.send(SYN);

        guest.send(RST);

        assertTrue(stream().peerSawReset());
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void bytesPassBothWays() {
        TcpGuest guest = guest(5000).connect();

        guest.send(ACK, "hello".getBytes(UTF_8));
        stream().peerSend("world".getBytes(UTF_8));
        net.reactor.settle();

        assertEquals("hello", new String(stream().peerReceived(), UTF_8));
        assertEquals("world", new String(guest.receiveAll(), UTF_8));
    }

    @Test
    void aGuestThatClosesFirstIsStillAnswered() {
        TcpGuest guest = guest(5000).connect();

        guest.send(FIN | ACK, "last words".getBytes(UTF_8));
        assertEquals("last words", new String(stream().peerReceived(), UTF_8));
        assertTrue(stream().peerSawEof());
        assertTrue(stream().isOpen());

        stream().peerSend("answer".getBytes(UTF_8));
        stream().peerEof();
        net.reactor.settle();
        assertEquals("answer", new String(guest.receiveAll(), UTF_8));
        assertEquals(0, net.network.flowCount());
        assertFalse(stream().peerSawReset());
    }

    @Test
    void aHostThatClosesFirstIsStillAnswered() {
        TcpGuest guest = guest(5000).connect();

        stream().peerSend("last words".getBytes(UTF_8));
        stream().peerEof();
        net.reactor.settle();
        assertEquals("last words", new String(guest.receiveAll(), UTF_8));
        assertTrue(stream().isOpen());

        guest.send(ACK, "answer".getBytes(UTF_8));
        guest.send(FIN | ACK);
        assertEquals("answer", new String(stream().peerReceived(), UTF_8));
        assertTrue(stream().peerSawEof());
        assertFalse(stream().peerSawReset());
        assertEquals(0, net.host.socketsOpen(), "TIME_WAIT holds no socket");
        assertEquals(1, net.network.flowCount());

        net.reactor.advance(61 * S);
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aPortInTimeWaitIsReusedByANewSyn() {
        TcpGuest guest = guest(5000).connect();
        stream().peerEof();
        net.reactor.settle();
        guest.receiveAll();
        guest.send(FIN | ACK);
        assertEquals(1, net.network.flowCount());

        TcpGuest again = guest(5000);
        again.seq = guest.seq + 100_000;
        net.reactor.advance(2 * S);
        net.guest.takeAll();
        again.connect();

        assertEquals(2, net.host.streams().size());
        assertEquals(1, net.network.flowCount());
        assertEquals(1, net.count(Counter.TCP_TIME_WAIT_REUSED));
    }

    @Test
    void theOldestTimeWaitMakesRoomInAFullTable() {
        restart(GuestNetworkConfig.defaults().withNat(NatConfig.defaults().withFlows(1, 10, 10, 10)));
        TcpGuest guest = guest(5000).connect();
        stream().peerEof();
        net.reactor.settle();
        guest.receiveAll();
        guest.send(FIN | ACK);

        guest(5001).connect();

        assertEquals(1, net.network.flowCount());
        assertEquals(1, net.count(Counter.TCP_FLOW_LIMIT));
    }

    @Test
    void aResetOfTheGuestResetsTheHost() {
        TcpGuest guest = guest(5000).connect();

        guest.send(RST);

        assertTrue(stream().peerSawReset());
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aResetOfTheHostResetsTheGuest() {
        TcpGuest guest = guest(5000).connect();

        stream().peerReset();
        net.reactor.settle();

        guest.expect(RST);
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aHostThatTakesNothingClosesTheGuestsWindow() {
        TcpGuest guest = guest(5000).connect();
        stream().setRoom(0);
        byte[] sent = fillWindow(guest);
        net.guest.takeAll();

        stream().setRoom(Long.MAX_VALUE);
        net.reactor.settle();

        assertTrue(guest.expect(ACK).window() > 0, "a window update");
        assertArrayEquals(sent, stream().peerReceived());
    }

    @Test
    void bytesTheHostHasYetToTakeOutliveTheConnection() {
        TcpGuest guest = guest(5000).connect();
        stream().setRoom(0);
        guest.send(FIN | ACK, "last words".getBytes(UTF_8));
        stream().peerEof();
        net.reactor.settle();
        guest.receiveAll();
        assertEquals(1, net.network.flowCount());

        stream().setRoom(Long.MAX_VALUE);
        net.reactor.settle();

        assertEquals("last words", new String(stream().peerReceived(), UTF_8));
        assertFalse(stream().peerSawReset());
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aPortWhoseLastBytesWaitIsReusedByANewSyn() {
        TcpGuest guest = guest(5000).connect();
        stream().setRoom(0);
        guest.send(FIN | ACK, "last words".getBytes(UTF_8));
        stream().peerEof();
        net.reactor.settle();
        guest.receiveAll();

        TcpGuest again = guest(5000);
        again.seq = guest.seq + 100_000;
        again.connect();
        again.send(ACK, "hello".getBytes(UTF_8));

        stream().setRoom(Long.MAX_VALUE);
        net.reactor.settle();
        assertEquals("last words", new String(stream().peerReceived(), UTF_8));
        assertFalse(stream().peerSawReset());
        assertEquals("hello", new String(net.host.streams().getLast().peerReceived(), UTF_8));
    }

    /// The guest's last ACK and the host's taking of the last bytes, in one batch.
    @Test
    void bytesTheHostHasJustTakenAreNotFollowedByAReset() {
        TcpGuest guest = guest(5000).connect();
        stream().setRoom(0);
        guest.send(FIN | ACK, "last words".getBytes(UTF_8));
        stream().peerEof();
        net.reactor.settle();
        guest.ack = guest.expect(FIN).seq() + 1;

        stream().setRoom(Long.MAX_VALUE);
        net.reactor.round(() -> {
            net.reactor.step();
            net.guest.send(FAR, new TcpSegment(5000, 80, guest.seq, guest.ack, ACK, 65_535, 0, List.of(), new byte[0]));
        });

        assertEquals(0, net.network.flowCount());
        assertEquals("last words", new String(stream().peerReceived(), UTF_8));
        assertFalse(stream().peerSawReset());
    }

    @Test
    void aHostThatNeverTakesTheLastBytesIsGivenUp() {
        TcpGuest guest = guest(5000).connect();
        stream().setRoom(0);
        guest.send(FIN | ACK, "last words".getBytes(UTF_8));
        stream().peerEof();
        net.reactor.settle();
        guest.receiveAll();
        long lingerNs = GuestNetworkConfig.defaults().nat().lingerNs();

        stream().setRoom(1);
        net.reactor.advance(lingerNs + S);
        assertTrue(stream().isOpen(), "it took one byte, which counts");
        net.reactor.advance(lingerNs);

        assertTrue(stream().peerSawReset());
        assertEquals(1, net.count(Counter.HOST_LINGER_EXPIRED));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aGuestThatTakesNothingPausesHostReads() {
        TcpGuest guest = guest(5000).connect();
        byte[] sent = new byte[12 << 20];
        new SplittableRandom(1).nextBytes(sent);

        stream().peerSend(sent);
        net.reactor.settle();
        assertTrue(stream().readsPaused());
        assertTrue(stream().unreadBytes() > 0);

        assertArrayEquals(sent, guest.receiveAll());
        assertFalse(stream().readsPaused());
    }

    @Test
    void theTotalTowardsGuestsIsBoundedAndEveryFlowGoesOn() {
        restart(GuestNetworkConfig.defaults().withNat(NatConfig.defaults().withBuffers(1 << 20, 128 << 10)));
        TcpGuest first = guest(5000).connect();
        TcpGuest second = guest(5001).connect();
        byte[] sent = new byte[1 << 20];
        new SplittableRandom(1).nextBytes(sent);
        SimHostStream one = net.host.streams().getFirst();
        SimHostStream two = net.host.streams().getLast();

        one.peerSend(sent);
        net.reactor.settle();
        two.peerSend(sent);
        net.reactor.settle();

        assertTrue(one.readsPaused());
        assertTrue(two.readsPaused());
        assertNotEquals(0, net.count(Counter.GUEST_BUFFER_LIMIT));
        net.guest.takeAll();
        net.reactor.advance(S / 2);
        assertArrayEquals(sent, second.receiveAllRetrying());
        assertArrayEquals(sent, first.receiveAllRetrying());
    }

    @Test
    void theTotalTowardsHostsShrinksWindows() {
        restart(GuestNetworkConfig.defaults().withNat(NatConfig.defaults().withBuffers(100_000, 1 << 20)));
        TcpGuest guest = guest(5000).connect();
        stream().setRoom(0);
        byte[] sent = fillWindow(guest);

        assertTrue(sent.length <= 200_000, sent.length + " bytes taken");
        assertNotEquals(0, net.count(Counter.HOST_BUFFER_LIMIT));
        stream().setRoom(Long.MAX_VALUE);
        net.reactor.settle();
        assertArrayEquals(sent, stream().peerReceived());
    }

    @Test
    void bytesOfAResetFlowCountNoLonger() {
        restart(GuestNetworkConfig.defaults().withNat(NatConfig.defaults().withBuffers(100_000, 1 << 20)));
        int[] windows = new int[4];
        for (int i = 0; i < windows.length; i++) {
            TcpGuest guest = guest(5000 + i);
            guest.send(SYN);
            TcpSegment synAck = guest.expect(SYN | ACK);
            windows[i] = synAck.window();
            guest.ack = synAck.seq() + 1;
            guest.send(ACK);
            net.host.streams().getLast().setRoom(0);
            for (int sent = 0; sent < 50_000; sent += 1_000) {
                guest.send(ACK, new byte[1_000]);
            }
            guest.send(RST);
        }
        assertEquals(windows[0], windows[3]);
    }

    /// Windows were promised while the memory was free.
    @Test
    void promisedWindowsDoNotRaiseTheTotalTowardsHosts() {
        restart(GuestNetworkConfig.defaults().withNat(NatConfig.defaults().withBuffers(100_000, 1 << 20)));
        int floorBytes = NatConfig.defaults().flowFloorBytes();
        TcpGuest[] guests = {guest(5000).connect(), guest(5001).connect(), guest(5002).connect()};
        net.host.streams().forEach(stream -> stream.setRoom(0));
        for (TcpGuest guest : guests) {
            for (int i = 0; i < 60; i++) {
                guest.send(ACK, new byte[1_000]);
            }
        }
        int held = net.host.streams().stream().mapToInt(SimHostStream::unsentBytes).sum();
        assertTrue(held > 90_000 && held <= 100_000 + guests.length * floorBytes, held + " bytes held");
        assertNotEquals(0, net.count(Counter.HOST_BUFFER_LIMIT));

        net.host.streams().forEach(stream -> stream.setRoom(Long.MAX_VALUE));
        net.reactor.settle();
        for (int i = 0; i < guests.length; i++) {
            net.guest.takeAll();
            guests[i].send(ACK, new byte[1]);
            net.reactor.advance(S / 10);
            int taken = net.host.streams().get(i).peerReceived().length;
            assertEquals(1_001 + taken, guests[i].expect(ACK).ack(), "what was not taken was not acknowledged");
        }
    }

    @Test
    void closingTheNetworkResetsBothSides() {
        TcpGuest guest = guest(5000).connect();
        SimHostStream stream = stream();

        net.reactor.round(net.network::close);

        guest.expect(RST);
        assertTrue(stream.peerSawReset());
    }

    // ---- forwards

    @Test
    void anAcceptedConnectionReachesTheGuestFromTheGateway() throws IOException {
        SimHostStream peer = accept();
        TcpGuest guest = new TcpGuest(net, 80, GATEWAY, PEER.getPort());
        guest.ack = guest.expect(SYN).seq() + 1;
        peer.peerSend("request".getBytes(UTF_8));
        net.reactor.settle();
        assertTrue(peer.readsPaused());

        guest.send(SYN | ACK);
        assertEquals("request", new String(guest.receiveAll(), UTF_8));
        guest.send(ACK, "response".getBytes(UTF_8));

        assertEquals("response", new String(peer.peerReceived(), UTF_8));
        assertEquals(1, net.count(Counter.FORWARDS_ACCEPTED));
    }

    @Test
    void aGuestThatRefusesResetsThePeer() throws IOException {
        SimHostStream peer = accept();
        TcpGuest guest = new TcpGuest(net, 80, GATEWAY, PEER.getPort());
        guest.ack = guest.expect(SYN).seq() + 1;
        guest.seq = 0;

        guest.send(RST | ACK);

        assertTrue(peer.peerSawReset());
        assertEquals(1, net.count(Counter.FORWARDS_REFUSED));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aGuestThatRejectsByIcmpResetsThePeer() throws IOException {
        SimHostStream peer = accept();
        Received syn = net.guest.poll();

        net.guest.send(GATEWAY, new IcmpMessage(IcmpMessage.UNREACHABLE, 13, 0, Arrays.copyOf(syn.ipv4().encode(), 28)));
        net.reactor.settle();

        assertTrue(peer.peerSawReset());
        assertEquals(1, net.count(Counter.FORWARDS_REFUSED));
    }

    /// RFC 5927 §5.2.
    @Test
    void anIcmpErrorDoesNotEndAnOpenConnection() throws IOException {
        SimHostStream peer = accept();
        Received syn = net.guest.poll();
        TcpGuest guest = new TcpGuest(net, 80, GATEWAY, PEER.getPort());
        guest.ack = syn.tcp().seq() + 1;
        guest.send(SYN | ACK);

        net.guest.send(GATEWAY, new IcmpMessage(IcmpMessage.UNREACHABLE, 13, 0, Arrays.copyOf(syn.ipv4().encode(), 28)));
        net.reactor.settle();
        guest.send(ACK, "response".getBytes(UTF_8));

        assertFalse(peer.peerSawReset());
        assertEquals("response", new String(peer.peerReceived(), UTF_8));
    }

    @Test
    void aGuestThatNeverAnswersResetsThePeer() throws IOException {
        SimHostStream peer = accept();

        net.reactor.advance(200 * S);

        assertTrue(peer.peerSawReset());
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void twoPeersWithOnePortAreToldApart() throws IOException {
        accept();
        net.host.peerConnect(address("127.0.0.1", 8080), address("192.168.1.10", PEER.getPort()));
        net.reactor.settle();

        int first = net.guest.poll().tcp().srcPort();
        int second = net.guest.poll().tcp().srcPort();
        assertEquals(PEER.getPort(), first);
        assertNotEquals(first, second);
        assertEquals(2, net.network.flowCount());
    }

    private SimHostStream accept() throws IOException {
        net.network.forwards().add(PortForward.parse("tcp::8080-:80", AddressPlan.defaults().firstLease()).getFirst());
        SimHostStream peer = net.host.peerConnect(address("127.0.0.1", 8080), PEER);
        net.reactor.settle();
        return peer;
    }

    /// Sends until the window is used up. @return what was sent
    private byte[] fillWindow(TcpGuest guest) {
        byte[] all = new byte[0];
        SplittableRandom random = new SplittableRandom(3);
        int window = 60_000;
        while (window > 0) {
            byte[] piece = new byte[Math.min(window, 1_000)];
            random.nextBytes(piece);
            guest.send(ACK, piece);
            all = Arrays.copyOf(all, all.length + piece.length);
            System.arraycopy(piece, 0, all, all.length - piece.length, piece.length);
            net.reactor.advance(S / 10);
            TcpSegment ack = guest.expect(ACK);
            window = ack.window() - (guest.seq - ack.ack());
            assertTrue(all.length <= 5 << 20, "the window never closes");
        }
        return all;
    }

    private TcpGuest guest(int port) {
        return new TcpGuest(net, port, FAR, 80);
    }

    private SimHostStream stream() {
        return net.host.streams().getFirst();
    }

    private void restart(GuestNetworkConfig config) {
        net.close();
        net = NetworkFixture.ready(config, LinkCapabilities.plain(1500));
    }

    private static int v4(String address) {
        return IpAddress.parse(address).v4Bits();
    }

    private static InetSocketAddress address(String host, int port) {
        return new InetSocketAddress(IpAddress.parse(host).toInetAddress(), port);
    }
}
