package dev.jslirp.testkit;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class SimHostNetworkTest {
    private static final InetSocketAddress REMOTE = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.9"), 80);

    @RegisterExtension
    final LeakExtension leaks = new LeakExtension();

    private final SimReactor reactor = new SimReactor();
    private final SimHostNetwork host = new SimHostNetwork(reactor, leaks.allocator());
    private final List<String> log = new ArrayList<>();
    private final HostStreamListener listener = new HostStreamListener() {
        @Override
        public void onConnected() {
            log.add("connected");
        }

        @Override
        public void onConnectFailed(HostError error) {
            log.add("failed " + error);
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            log.add(bytes.toString(US_ASCII));
            bytes.release();
        }

        @Override
        public void onEof() {
            log.add("eof");
        }

        @Override
        public void onReset(HostError error) {
            log.add("reset " + error);
        }

        @Override
        public void onDrained() {
            log.add("drained");
        }
    };

    private static void write(HostStream stream, String text) {
        stream.write(Unpooled.copiedBuffer(text, US_ASCII), 0, text.length());
    }

    private static String received(SimHostStream stream) {
        return new String(stream.peerReceived(), US_ASCII);
    }

    @Test
    void nothingIsCalledBackFromInsideTheCall() {
        HostStream stream = host.connect(REMOTE, listener);
        stream.resumeReads();
        host.stream(REMOTE).peerSend("x".getBytes(US_ASCII));
        assertEquals(List.of(), log);
        reactor.settle();
        assertEquals(List.of("connected", "x"), log);
    }

    @Test
    void aConnectFailsWhenAndHowItWasTold() {
        host.whenConnecting(REMOTE, SimHostNetwork.ConnectOutcome.failing(HostError.REFUSED).after(5));
        host.connect(REMOTE, listener);
        reactor.advance(4);
        assertEquals(List.of(), log);
        reactor.advance(1);
        assertEquals(List.of("failed REFUSED"), log);
        assertEquals(0, host.socketsOpen());
    }

    @Test
    void bytesAndEndWaitWhileReadsArePaused() {
        HostStream stream = host.connect(REMOTE, listener);
        reactor.settle();
        host.stream(REMOTE).peerSend("abc".getBytes(US_ASCII));
        host.stream(REMOTE).peerEof();
        reactor.advance(1000);
        assertEquals(List.of("connected"), log);
        stream.resumeReads();
        reactor.settle();
        assertEquals(List.of("connected", "abc", "eof"), log);
    }

    @Test
    void aBlockedPeerLeavesBytesUnsentUntilThereIsRoom() {
        HostStream stream = host.connect(REMOTE, listener);
        reactor.settle();
        SimHostStream peer = host.stream(REMOTE);
        peer.setRoom(2);
        write(stream, "abcde");
        assertEquals("", received(peer));
        stream.flush();
        assertEquals("ab", received(peer));
        assertEquals(3, stream.unsentBytes());
        stream.shutdownOutput();
        assertFalse(peer.peerSawEof());
        peer.setRoom(Long.MAX_VALUE);
        reactor.settle();
        assertEquals("abcde", received(peer));
        assertTrue(peer.peerSawEof());
        assertEquals(List.of("connected", "drained"), log);
    }

    @Test
    void closeWritesTheQueueAndSilencesTheStream() {
        HostStream stream = host.connect(REMOTE, listener);
        reactor.settle();
        SimHostStream peer = host.stream(REMOTE);
        peer.setRoom(0);
        write(stream, "abc");
        stream.close();
        peer.peerSend("late".getBytes(US_ASCII));
        peer.setRoom(Long.MAX_VALUE);
        reactor.settle();
        assertEquals("abc", received(peer));
        assertTrue(peer.peerSawEof());
        assertEquals(List.of("connected"), log);
        assertEquals(0, host.socketsOpen());
    }

    @Test
    void resetDropsEverythingAtOnce() {
        HostStream stream = host.connect(REMOTE, listener);
        reactor.settle();
        SimHostStream peer = host.stream(REMOTE);
        write(stream, "abc");
        stream.reset();
        peer.peerEof();
        reactor.settle();
        assertTrue(peer.peerSawReset());
        assertEquals("", received(peer));
        assertEquals(List.of("connected"), log);
    }

    @Test
    void aPeersResetOvertakesUnreadBytes() {
        host.connect(REMOTE, listener);
        reactor.settle();
        host.stream(REMOTE).peerSend("abc".getBytes(US_ASCII));
        host.stream(REMOTE).peerReset();
        reactor.settle();
        assertEquals(List.of("connected", "reset RESET"), log);
    }

    @Test
    void descriptorsRunOut() {
        host.setSocketsMax(1);
        HostStream stream = host.connect(REMOTE, listener);
        host.connect(REMOTE, listener);
        reactor.settle();
        assertEquals(List.of("connected", "failed NO_RESOURCES"), log);
        assertThrows(IOException.class, () -> host.listen(REMOTE, _ -> listener));
        assertEquals(1, host.socketsOpen());
        stream.close();
        assertEquals(0, host.socketsOpen());
    }

    @Test
    void anAcceptorThatWantsNobodyResetsTheClient() throws IOException {
        InetSocketAddress local = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 8080);
        host.listen(local, _ -> null);
        SimHostStream client = host.peerConnect(local, REMOTE);
        reactor.settle();
        assertTrue(client.peerSawReset());
        assertThrows(IOException.class, () -> host.listen(local, _ -> null));
    }

    @Test
    void datagramsLeaveAtFlushAndErrorsComeBack() throws IOException {
        HostDatagramsListener datagramsListener = new HostDatagramsListener() {
            @Override
            public void onDatagram(ByteBuf datagram, long addressHi, long addressLo, int port) {
                log.add(datagram.toString(US_ASCII) + " from " + new IpAddress(addressHi, addressLo) + ":" + port);
            }

            @Override
            public void onError(HostError error, long addressHi, long addressLo, int port) {
                log.add(error + " " + port);
            }
        };
        HostDatagrams socket = host.openDatagrams(null, REMOTE.getAddress(), datagramsListener);
        SimHostDatagrams peer = host.datagrams().getFirst();
        IpAddress address = IpAddress.of(REMOTE.getAddress());
        socket.send(Unpooled.copiedBuffer("q", US_ASCII), 0, 1, address.hi(), address.lo(), 80);
        assertEquals(0, peer.sent().size());
        host.whenSendingTo(REMOTE, HostError.REFUSED);
        socket.flush();
        peer.peerSend(REMOTE, "a".getBytes(US_ASCII));
        reactor.settle();
        assertEquals(List.of("REFUSED 80", "a from 192.0.2.9:80"), log);
    }
}
