package dev.jslirp.host;

import static dev.jslirp.host.HostFixture.loopback;
import static dev.jslirp.host.HostFixture.pattern;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What every implementation of [HostDatagrams] keeps; a subclass names the implementation.
public abstract class HostDatagramsContract {
    private static final long LOOPBACK_LO = 0xffff_7f00_0001L;

    private HostFixture host;
    private DatagramSocket first;
    private DatagramSocket second;
    private final Recorder recorder = new Recorder();

    /// A new network of the implementation.
    protected abstract HostFixture open();

    @BeforeEach
    void begin() throws Exception {
        host = open();
        first = socket();
        second = socket();
    }

    private static DatagramSocket socket() throws Exception {
        DatagramSocket socket = new DatagramSocket(loopback(0));
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(HostFixture.GUARD_S));
        return socket;
    }

    @AfterEach
    void close() throws Exception {
        first.close();
        second.close();
        host.close();
    }

    private HostDatagrams openSocket() throws Exception {
        return host.inLoop(() -> host.network().openDatagrams(null, InetAddress.ofLiteral("127.0.0.1"), recorder));
    }

    private void send(HostDatagrams socket, byte[] bytes, int port) throws Exception {
        host.runInLoop(() -> {
            ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
            socket.send(buffer, 0, bytes.length, 0, LOOPBACK_LO, port);
            assertTrue(recorder.errors.isEmpty(), "told inside the call");
            socket.flush();
            buffer.release();
        });
    }

    private static DatagramPacket receive(DatagramSocket socket) throws Exception {
        DatagramPacket packet = new DatagramPacket(new byte[65_536], 65_536);
        socket.receive(packet);
        return packet;
    }

    @Test
    void datagramsOfEverySizeEcho() throws Exception {
        HostDatagrams socket = openSocket();
        for (int length : new int[] {1, 2, 511, 1472, 1473, 9000, 65_506, 65_507, 0, 3}) {
            byte[] bytes = pattern(length, length);
            send(socket, bytes, first.getLocalPort());
            DatagramPacket packet = receive(first);
            assertEquals(length, packet.getLength());
            first.send(packet);
            Received received = recorder.next();
            assertArrayEquals(bytes, received.bytes);
            assertEquals(new Received(null, 0, LOOPBACK_LO, first.getLocalPort()).source(), received.source());
        }
    }

    @Test
    void aRunArrivesAsItsDatagrams() throws Exception {
        HostDatagrams socket = openSocket();
        byte[] bytes = pattern(0, 10_500);
        host.runInLoop(() -> {
            ByteBuf buffer = Unpooled.directBuffer().writeZero(3).writeBytes(bytes);
            socket.sendRun(buffer, 3, bytes.length, 1000, 0, LOOPBACK_LO, first.getLocalPort());
            socket.flush();
            buffer.release();
        });
        for (int at = 0; at < bytes.length; at += 1000) {
            DatagramPacket packet = receive(first);
            byte[] expected = Arrays.copyOfRange(bytes, at, Math.min(at + 1000, bytes.length));
            assertArrayEquals(expected, Arrays.copyOf(packet.getData(), packet.getLength()));
        }
    }

    @Test
    void manySmallDatagramsToSeveralDestinationsKeepTheirOrderAndBounds() throws Exception {
        HostDatagrams socket = openSocket();
        List<byte[]> toFirst = new ArrayList<>();
        List<byte[]> toSecond = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            (i % 5 == 4 ? toSecond : toFirst).add(pattern(i, i % 7 == 6 ? 90 : i % 11 == 10 ? 0 : 100));
        }
        host.runInLoop(() -> {
            for (int i = 0, j = 0; i + j < 150;) {
                boolean second = (i + j) % 5 == 4;
                byte[] bytes = second ? toSecond.get(j++) : toFirst.get(i++);
                ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
                socket.send(buffer, 0, bytes.length, 0, LOOPBACK_LO, (second ? HostDatagramsContract.this.second : first).getLocalPort());
                buffer.release();
            }
            socket.flush();
        });
        for (byte[] bytes : toFirst) {
            DatagramPacket packet = receive(first);
            assertArrayEquals(bytes, Arrays.copyOf(packet.getData(), packet.getLength()));
        }
        for (byte[] bytes : toSecond) {
            DatagramPacket packet = receive(second);
            assertArrayEquals(bytes, Arrays.copyOf(packet.getData(), packet.getLength()));
        }
    }

    @Test
    void burstsFromTheHostArriveOneByOneInOrder() throws Exception {
        HostDatagrams socket = openSocket();
        send(socket, pattern(0, 1), first.getLocalPort());
        DatagramPacket hello = receive(first);
        host.runInLoop(() -> {
            // While the loop is busy here, the socket's queue fills.
            for (int i = 0; i < 100; i++) {
                byte[] bytes = pattern(i, i % 30 == 29 ? 40 : 200);
                assertDoesNotThrow(() -> first.send(new DatagramPacket(bytes, bytes.length, hello.getSocketAddress())));
            }
        });
        for (int i = 0; i < 100; i++) {
            assertArrayEquals(pattern(i, i % 30 == 29 ? 40 : 200), recorder.next().bytes);
        }
    }

    @Test
    void tooLongADatagramIsTold() throws Exception {
        HostDatagrams socket = openSocket();
        send(socket, new byte[65_508], first.getLocalPort());
        assertEquals("TOO_BIG 0 " + LOOPBACK_LO + " " + first.getLocalPort(), recorder.nextError());
        assertEquals(0, recorder.datagrams.size());
    }

    @Test
    void aDeadPortIsRefusedAndTheNextDatagramToItIsSent() throws Exception {
        int port = first.getLocalPort();
        first.close();
        HostDatagrams socket = openSocket();
        send(socket, pattern(0, 10), port);
        assertEquals("REFUSED 0 " + LOOPBACK_LO + " " + port, recorder.nextError());
        first = new DatagramSocket(loopback(port));
        first.setSoTimeout((int) TimeUnit.SECONDS.toMillis(HostFixture.GUARD_S));
        send(socket, pattern(0, 11), port);
        assertEquals(11, receive(first).getLength());
    }

    @Test
    void anErrorMetWhileSendingDoesNotLoseTheDatagram() throws Exception {
        int port = first.getLocalPort();
        first.close();
        HostDatagrams socket = openSocket();
        first = host.inLoop(() -> {
            ByteBuf buffer = Unpooled.wrappedBuffer(pattern(0, 5));
            socket.send(buffer, 0, 4, 0, LOOPBACK_LO, port);
            socket.flush();
            // On loopback the error is there at once, and the next call meets it.
            DatagramSocket revived = new DatagramSocket(loopback(port));
            socket.send(buffer, 0, 5, 0, LOOPBACK_LO, port);
            socket.flush();
            return revived;
        });
        first.setSoTimeout((int) TimeUnit.SECONDS.toMillis(HostFixture.GUARD_S));
        assertEquals(5, receive(first).getLength());
        assertEquals("REFUSED 0 " + LOOPBACK_LO + " " + port, recorder.nextError());
    }

    @Test
    void afterARefusalAnotherDestinationIsReached() throws Exception {
        int port = first.getLocalPort();
        first.close();
        HostDatagrams socket = openSocket();
        send(socket, pattern(0, 1), port);
        assertEquals("REFUSED 0 " + LOOPBACK_LO + " " + port, recorder.nextError());
        send(socket, pattern(0, 2), second.getLocalPort());
        assertEquals(2, receive(second).getLength());
    }

    @Test
    void askedEarlyOrLateTheAddressIsTheOneItSendsFrom() throws Exception {
        HostDatagrams socket = openSocket();
        host.inLoop(socket::localAddress);
        send(socket, pattern(0, 5), first.getLocalPort());
        DatagramPacket packet = new DatagramPacket(new byte[5], 5);
        first.receive(packet);
        assertEquals(packet.getPort(), host.inLoop(socket::localAddress).getPort());
        host.runInLoop(socket::close);
    }

    @Test
    void aSecondDestinationKeepsThePortAndBothAreHeard() throws Exception {
        HostDatagrams socket = openSocket();
        send(socket, pattern(0, 1), first.getLocalPort());
        send(socket, pattern(0, 2), second.getLocalPort());
        send(socket, pattern(0, 3), first.getLocalPort());
        DatagramPacket one = receive(first);
        DatagramPacket two = receive(second);
        DatagramPacket three = receive(first);
        int port = host.inLoop(socket::localAddress).getPort();
        assertEquals(port, one.getPort());
        assertEquals(port, two.getPort());
        assertEquals(port, three.getPort());
        assertEquals(3, three.getLength());
        first.send(one);
        assertEquals(first.getLocalPort(), recorder.next().port);
        second.send(two);
        assertEquals(second.getLocalPort(), recorder.next().port);
    }

    @Test
    void aSocketBoundOnPurposeHearsEverybody() throws Exception {
        HostDatagrams socket = host.inLoop(() -> host.network().openDatagrams(loopback(0), null, recorder));
        send(socket, pattern(0, 1), first.getLocalPort());
        receive(first);
        second.send(new DatagramPacket(new byte[] {7}, 1, host.inLoop(socket::localAddress)));
        assertEquals(second.getLocalPort(), recorder.next().port);
    }

    @Test
    void aTftpServerMayAnswerFromAnotherPort() throws Exception {
        HostDatagrams socket = openSocket();
        send(socket, pattern(0, 1), 69);
        second.send(new DatagramPacket(new byte[] {7}, 1, loopback(host.inLoop(socket::localAddress).getPort())));
        assertEquals(second.getLocalPort(), recorder.next().port);
    }

    @Test
    void theUnspecifiedAddressIsUnreachableNotLoopback() throws Exception {
        HostDatagrams socket = openSocket();
        host.runInLoop(() -> socket.send(Unpooled.EMPTY_BUFFER, 0, 0, 0, 0xffff_0000_0000L, first.getLocalPort()));
        assertEquals("NETWORK_UNREACHABLE 0 " + 0xffff_0000_0000L + " " + first.getLocalPort(), recorder.nextError());
    }

    @Test
    void aPortInUseIsAnErrorThatNamesTheAddress() {
        ExecutionException e = assertThrows(ExecutionException.class,
                () -> host.inLoop(() -> host.network().openDatagrams(loopback(first.getLocalPort()), null, recorder)));
        String expected = "cannot open a UDP socket on 127.0.0.1:" + first.getLocalPort() + ": Address already in use";
        assertEquals(expected, e.getCause().getMessage());
    }

    @Test
    void aClosedSocketIsSilent() throws Exception {
        HostDatagrams socket = openSocket();
        send(socket, pattern(0, 1), first.getLocalPort());
        DatagramPacket packet = receive(first);
        host.runInLoop(() -> {
            socket.close();
            socket.close();
        });
        send(socket, pattern(0, 1), first.getLocalPort());
        first.send(packet);
        openSocket();
        assertTrue(recorder.datagrams.isEmpty());
        assertTrue(recorder.errors.isEmpty());
    }

    private record Received(byte[] bytes, long hi, long lo, int port) {
        String source() {
            return hi + " " + lo + " " + port;
        }
    }

    private static final class Recorder implements HostDatagramsListener {
        final BlockingQueue<Received> datagrams = new LinkedBlockingQueue<>();
        final BlockingQueue<String> errors = new LinkedBlockingQueue<>();

        Received next() throws InterruptedException {
            Received received = datagrams.poll(HostFixture.GUARD_S, TimeUnit.SECONDS);
            assertNotNull(received, "no datagram");
            return received;
        }

        String nextError() throws InterruptedException {
            String error = errors.poll(HostFixture.GUARD_S, TimeUnit.SECONDS);
            assertNotNull(error, "no error");
            return error;
        }

        @Override
        public void onDatagram(ByteBuf datagram, long addressHi, long addressLo, int port) {
            byte[] bytes = new byte[datagram.readableBytes()];
            datagram.readBytes(bytes);
            datagrams.add(new Received(bytes, addressHi, addressLo, port));
        }

        @Override
        public void onError(HostError error, long addressHi, long addressLo, int port) {
            errors.add(error + " " + addressHi + " " + addressLo + " " + port);
        }
    }
}
