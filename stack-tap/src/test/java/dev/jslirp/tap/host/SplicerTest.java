package dev.jslirp.tap.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.host.SplicedStream;
import dev.jslirp.host.SplicedStreamListener;
import dev.jslirp.tap.linux.Sockets;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Joined connections; the guest's network namespace is this one, and its address 127.0.0.2.
class SplicerTest {
    private static final int SOCKETS = 4;
    private static final int GUARD_S = 20;
    private static final InetAddress GUEST = InetAddress.ofLiteral("127.0.0.2");

    private final BlockingQueue<Pair> pairs = new LinkedBlockingQueue<>();
    private long descriptorsBefore;
    private LinuxHostFixture host;
    private LinuxHostNetwork network;
    private HostListener listener;
    private ServerSocket server;
    private InetSocketAddress target;
    /// Holds the loop after it has begun to connect.
    private volatile CountDownLatch held = new CountDownLatch(0);

    @BeforeEach
    void open() throws Exception {
        try (ServerSocket any = new ServerSocket(0, 1, GUEST); Socket one = connectTo((InetSocketAddress) any.getLocalSocketAddress())) {
            // The JDK opens a descriptor of its own for good when it closes its first socket.
            assertEquals(any.getLocalPort(), one.getPort());
        }
        descriptorsBefore = descriptors();
        host = new LinuxHostFixture();
        network = (LinuxHostNetwork) host.network();
        host.runInLoop(() -> network.spliceBy(openSockets()));
        server = new ServerSocket(0, 256, GUEST);
        server.setSoTimeout((int) TimeUnit.SECONDS.toMillis(GUARD_S));
        target = (InetSocketAddress) server.getLocalSocketAddress();
        listener = host.inLoop(() -> network.listen(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), this::accept));
    }

    private static int[] openSockets() {
        try {
            return Sockets.openStreams(SOCKETS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private HostStreamListener accept(HostStream accepted) {
        Pair pair = new Pair();
        pair.stream = network.splicer().splice(accepted, target, pair);
        await(held);
        pairs.add(pair);
        return pair.stream == null ? new Ordinary(accepted) : null;
    }

    @AfterEach
    void everythingIsGivenBack() throws Exception {
        server.close();
        if (!network.isClosed()) {
            assertEquals(SOCKETS, idleSockets());
        }
        host.close();
        assertEquals(descriptorsBefore, descriptors());
    }

    private int idleSockets() throws Exception {
        return host.inLoop(() -> ((Splicer) network.splicer()).idleSockets());
    }

    /// Sockets and pipes of this process.
    private static long descriptors() {
        try (var entries = Files.list(Path.of("/proc/self/fd"))) {
            return entries.filter(SplicerTest::isPipeOrSocket).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isPipeOrSocket(Path entry) {
        try {
            String target = Files.readSymbolicLink(entry).toString();
            return target.startsWith("socket:") || target.startsWith("pipe:");
        } catch (IOException e) {
            // The one that lists the directory.
            return false;
        }
    }

    private Socket connect() throws IOException {
        return connectTo(listener.localAddress());
    }

    private static Socket connectTo(InetSocketAddress address) throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(GUARD_S));
        return socket;
    }

    private Socket serve() throws IOException {
        Socket socket = server.accept();
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(GUARD_S));
        return socket;
    }

    private Pair pair() throws InterruptedException {
        Pair pair = pairs.poll(GUARD_S, TimeUnit.SECONDS);
        assertNotNull(pair, "no connection was accepted");
        return pair;
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    private static CompletableFuture<Void> sendAndFinish(Socket socket, byte[] bytes) {
        return CompletableFuture.runAsync(() -> {
            try {
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }, Thread::startVirtualThread);
    }

    /// Keeps the loop busy until the returned is counted down.
    private CountDownLatch holdLoop() {
        CountDownLatch go = new CountDownLatch(1);
        host.execute(() -> await(go));
        return go;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void megabytesGoBothWaysAtATime() throws Exception {
        byte[] up = random(16 << 20, 1);
        byte[] down = random(16 << 20, 2);
        try (Socket client = connect(); Socket guest = serve()) {
            var sent = sendAndFinish(client, up);
            var answered = sendAndFinish(guest, down);
            var atGuest = CompletableFuture.supplyAsync(() -> readAll(guest), Thread::startVirtualThread);
            assertArrayEquals(down, readAll(client));
            assertArrayEquals(up, atGuest.get(GUARD_S, TimeUnit.SECONDS));
            sent.get(GUARD_S, TimeUnit.SECONDS);
            answered.get(GUARD_S, TimeUnit.SECONDS);
        }
        Pair pair = pair();
        pair.expectFinished();
        assertEquals(up.length, pair.toGuest);
        assertEquals(down.length, pair.fromGuest);
    }

    private static byte[] readAll(Socket socket) {
        try {
            return socket.getInputStream().readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aFinIsPassedAsAHalfClose() throws Exception {
        try (Socket client = connect(); Socket guest = serve()) {
            client.getOutputStream().write(1);
            client.shutdownOutput();
            assertArrayEquals(new byte[] {1}, readAll(guest));
            guest.getOutputStream().write(2);
            assertEquals(2, client.getInputStream().read());
            guest.getOutputStream().write(3);
            guest.shutdownOutput();
            assertArrayEquals(new byte[] {3}, readAll(client));
        }
        pair().expectFinished();
    }

    @Test
    void theGuestMayFinishFirst() throws Exception {
        try (Socket client = connect(); Socket guest = serve()) {
            guest.shutdownOutput();
            assertEquals(-1, client.getInputStream().read());
            client.getOutputStream().write(7);
            client.shutdownOutput();
            assertArrayEquals(new byte[] {7}, readAll(guest));
        }
        pair().expectFinished();
    }

    @Test
    void aConnectionWithoutBytesFinishes() throws Exception {
        connect().close();
        serve().close();
        Pair pair = pair();
        pair.expectFinished();
        assertEquals(0, pair.toGuest + pair.fromGuest);
    }

    @Test
    void bytesAndFinFromBeforeTheConnectionInsideArrive() throws Exception {
        CountDownLatch go = holdLoop();
        try (Socket client = connect()) {
            client.getOutputStream().write(new byte[] {1, 2, 3});
            client.shutdownOutput();
            go.countDown();
            try (Socket guest = serve()) {
                assertArrayEquals(new byte[] {1, 2, 3}, readAll(guest));
            }
        }
        pair().expectFinished();
    }

    @Test
    void aServerThatRefusesResetsThePeer() throws Exception {
        server.close();
        try (Socket client = connect()) {
            assertThrows(SocketException.class, () -> client.getInputStream().read());
        }
        assertEquals("end REFUSED", pair().next());
    }

    @Test
    void aResetOfThePeerIsPassedToTheGuest() throws Exception {
        try (Socket client = connect(); Socket guest = serve()) {
            client.getOutputStream().write(1);
            assertEquals(1, guest.getInputStream().read());
            reset(client);
            assertThrows(SocketException.class, () -> guest.getInputStream().read());
        }
        pair().expectFailed(HostError.RESET);
    }

    @Test
    void aResetOfTheGuestIsPassedToThePeer() throws Exception {
        try (Socket client = connect(); Socket guest = serve()) {
            reset(guest);
            assertThrows(SocketException.class, () -> client.getInputStream().read());
        }
        pair().expectFailed(HostError.RESET);
    }

    @Test
    void whatCameBeforeAnEarlyResetIsPassedFirst() throws Exception {
        byte[] greeting = random(1_000, 6);
        CountDownLatch accepting = holdLoop();
        try (Socket client = connect()) {
            CountDownLatch connecting = new CountDownLatch(1);
            held = connecting;
            accepting.countDown();
            try (Socket guest = serve()) {
                guest.getOutputStream().write(greeting);
                reset(guest);
            }
            connecting.countDown();
            assertArrayEquals(greeting, client.getInputStream().readNBytes(greeting.length));
            assertThrows(SocketException.class, () -> client.getInputStream().read());
        }
        pair().expectFailed(HostError.RESET);
    }

    private static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Test
    void aResetAfterAFinIsPassed() throws Exception {
        try (Socket client = connect(); Socket guest = serve()) {
            client.shutdownOutput();
            assertEquals(-1, guest.getInputStream().read());
            reset(client);
            assertThrows(IOException.class, () -> {
                while (true) {
                    guest.getOutputStream().write(new byte[1 << 16]);
                }
            });
        }
        pair().expectFailed(HostError.RESET);
    }

    @Test
    void whatCameBeforeAResetIsPassedFirst() throws Exception {
        byte[] answer = random(100_000, 3);
        try (Socket client = connect(); Socket guest = serve()) {
            client.getOutputStream().write(1);
            Pair pair = pair();
            pair.expect("connected");
            pair.awaitToGuest(1);
            CountDownLatch go = holdLoop();
            guest.getOutputStream().write(answer);
            reset(guest);
            go.countDown();
            assertArrayEquals(answer, client.getInputStream().readNBytes(answer.length));
            assertThrows(SocketException.class, () -> client.getInputStream().read());
            assertEquals("end RESET", pair.next());
        }
    }

    @Test
    void whatCameBeforeAResetIsPassedAlsoWhereWritingFindsTheReset() throws Exception {
        byte[] answer = random(100_000, 3);
        try (Socket client = connect(); Socket guest = serve()) {
            client.getOutputStream().write(1);
            Pair pair = pair();
            pair.expect("connected");
            pair.awaitToGuest(1);
            CountDownLatch go = holdLoop();
            // Ready first, so the loop looks here first, and writes to what has been reset.
            client.getOutputStream().write(2);
            guest.getOutputStream().write(answer);
            reset(guest);
            go.countDown();
            assertArrayEquals(answer, client.getInputStream().readNBytes(answer.length));
            assertThrows(SocketException.class, () -> client.getInputStream().read());
            assertTrue(pair.next().startsWith("end "));
        }
    }

    @Test
    void aGuestThatDoesNotReadHoldsThePeerBack() throws Exception {
        byte[] bytes = random(64 << 20, 4);
        try (Socket client = connect(); Socket guest = serve()) {
            var sent = sendAndFinish(client, bytes);
            Pair pair = pair();
            pair.expect("connected");
            pair.awaitToGuest(1 << 20);
            guest.getOutputStream().write(5);
            assertEquals(5, client.getInputStream().read());
            guest.shutdownOutput();
            assertArrayEquals(bytes, readAll(guest));
            sent.get(GUARD_S, TimeUnit.SECONDS);
            assertEquals("end null", pair.next());
        }
    }

    /// The socket inside must not be used for another connection before that.
    @Test
    void whatTheGuestHasNotReadAfterAFinBothWaysArrives() throws Exception {
        byte[] bytes = random(1 << 20, 5);
        try (Socket client = connect(); Socket guest = serve()) {
            guest.shutdownOutput();
            sendAndFinish(client, bytes).get(GUARD_S, TimeUnit.SECONDS);
            Pair pair = pair();
            pair.expect("connected");
            pair.awaitToGuest(bytes.length);
            assertEquals(-1, client.getInputStream().read());
            assertEquals(SOCKETS - 1, idleSockets());
            assertArrayEquals(bytes, readAll(guest));
            assertEquals("end null", pair.next());
        }
    }

    @Test
    void urgentBytesStayWhereTheyAre() throws Exception {
        try (Socket client = connect(); Socket guest = serve()) {
            for (Socket[] way : new Socket[][] {{client, guest}, {guest, client}}) {
                way[0].getOutputStream().write("ab".getBytes());
                way[0].sendUrgentData('!');
                way[0].getOutputStream().write("cd".getBytes());
                assertEquals("ab!cd", new String(way[1].getInputStream().readNBytes(5)));
            }
            client.sendUrgentData('?');
            assertEquals('?', guest.getInputStream().read());
        }
        pair().expectFinished();
    }

    @Test
    void anUrgentByteIsNotTheEndOfAStreamThatEndsBehindIt() throws Exception {
        try (Socket client = connect(); Socket guest = serve()) {
            client.getOutputStream().write(1);
            Pair pair = pair();
            pair.expect("connected");
            pair.awaitToGuest(1);
            CountDownLatch go = holdLoop();
            client.getOutputStream().write("ab".getBytes());
            client.sendUrgentData('!');
            client.getOutputStream().write("cd".getBytes());
            client.shutdownOutput();
            go.countDown();
            assertEquals("\1ab!cd", new String(readAll(guest)));
        }
    }

    @Test
    void noConnectionComesFromThePortItGoesTo() {
        assertEquals(40_000, Splicer.firstPort(40_000, 39_999));
        assertEquals(40_001, Splicer.firstPort(40_000, 40_000));
        assertEquals(40_016, Splicer.firstPort(40_000, 40_015));
        assertEquals(40_000, Splicer.firstPort(40_000, 40_016));
        assertEquals(60_984, Splicer.firstPort(60_984, 80));
        assertEquals(32_768, Splicer.firstPort(60_985, 80));
        assertEquals(32_768, Splicer.firstPort(60_980, 60_990));
    }

    @Test
    void aSocketServesOneConnectionAfterAnother() throws Exception {
        for (int i = 0; i < 50 * SOCKETS; i++) {
            byte[] question = random(100, i);
            try (Socket client = connect(); Socket guest = serve()) {
                sendAndFinish(client, question).get(GUARD_S, TimeUnit.SECONDS);
                assertArrayEquals(question, readAll(guest));
                switch (i % 3) {
                    case 0 -> reset(guest);
                    case 1 -> reset(client);
                    default -> { }
                }
            }
            Pair pair = pair();
            pair.expect("connected");
            pair.next();
        }
    }

    /// The kernel would look for one among thousands in TIME_WAIT.
    @Test
    void eachConnectionHasAPortNearTheOneBefore() throws Exception {
        assumeTrue(Runtime.Version.parse(System.getProperty("os.version").replaceAll("^(\\d+\\.\\d+).*", "$1"))
                .compareTo(Runtime.Version.parse("6.3")) >= 0, "kernels before 6.3 choose from all ports");
        for (int i = 0; i < 50; i++) {
            try (Socket client = connect(); Socket guest = serve()) {
                int port = guest.getPort();
                int index = i;
                assertTrue(port >= 32_768 + i && port < 32_768 + i + 16, () -> "port " + port + " for connection " + index);
                client.shutdownOutput();
                assertEquals(-1, guest.getInputStream().read());
            }
            pair().expectFinished();
        }
    }

    @Test
    void withoutAFreeSocketNothingHappens() throws Exception {
        List<Socket> open = new ArrayList<>();
        for (int i = 0; i < SOCKETS; i++) {
            open.addAll(List.of(connect(), serve()));
            assertNotNull(pair().stream);
        }
        try (Socket client = connect()) {
            assertNull(pair().stream);
            client.getOutputStream().write(1);
            assertEquals(1, client.getInputStream().read());
        }
        for (Socket socket : open) {
            reset(socket);
        }
        awaitIdle();
    }

    /// No event tells the test of this.
    private void awaitIdle() throws Exception {
        long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(GUARD_S);
        while (idleSockets() < SOCKETS && System.nanoTime() - endNs < 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void anAddressThatIsNotTheGuestsIsLeftAlone() throws Exception {
        target = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 80);
        try (Socket client = connect()) {
            assertNull(pair().stream);
            client.getOutputStream().write(1);
            assertEquals(1, client.getInputStream().read());
        }
        assertEquals(SOCKETS, idleSockets());
        target = (InetSocketAddress) server.getLocalSocketAddress();
        connect().close();
        serve().close();
        pair().expectFinished();
    }

    @Test
    void theUserResetsBothWithoutAnotherEvent() throws Exception {
        try (Socket client = connect(); Socket guest = serve()) {
            Pair pair = pair();
            pair.expect("connected");
            host.runInLoop(pair.stream::reset);
            host.runInLoop(pair.stream::reset);
            assertThrows(SocketException.class, () -> client.getInputStream().read());
            assertThrows(SocketException.class, () -> guest.getInputStream().read());
            assertNull(pair.events.poll());
        }
    }

    @Test
    void closingTheNetworkResetsBoth() throws Exception {
        try (Socket client = connect(); Socket guest = serve()) {
            pair().expect("connected");
            host.runInLoop(network::close);
            assertThrows(SocketException.class, () -> client.getInputStream().read());
            assertThrows(SocketException.class, () -> guest.getInputStream().read());
        }
    }

    /// Sends back what comes.
    private record Ordinary(HostStream stream) implements HostStreamListener {
        Ordinary {
            stream.resumeReads();
        }

        @Override
        public void onConnected() {}

        @Override
        public void onConnectFailed(HostError error) {}

        @Override
        public void onBytes(ByteBuf bytes) {
            stream.write(bytes, bytes.readerIndex(), bytes.readableBytes());
            stream.flush();
            bytes.release();
        }

        @Override
        public void onEof() {
            stream.close();
        }

        @Override
        public void onReset(HostError error) {}

        @Override
        public void onDrained() {}
    }

    /// Writes down what happens.
    private static final class Pair implements SplicedStreamListener {
        final BlockingQueue<String> events = new LinkedBlockingQueue<>();
        SplicedStream stream;
        volatile long toGuest;
        volatile long fromGuest;

        @Override
        public void onConnected() {
            events.add("connected");
        }

        @Override
        public void onMoved(long bytesToGuest, long bytesFromGuest) {
            toGuest += bytesToGuest;
            fromGuest += bytesFromGuest;
        }

        @Override
        public void onEnd(HostError error) {
            events.add("end " + error);
        }

        String next() throws InterruptedException {
            String event = events.poll(GUARD_S, TimeUnit.SECONDS);
            assertNotNull(event, "nothing happened");
            return event;
        }

        void expect(String event) throws InterruptedException {
            assertEquals(event, next());
        }

        void expectFinished() throws InterruptedException {
            expect("connected");
            expect("end null");
        }

        void expectFailed(HostError error) throws InterruptedException {
            expect("connected");
            expect("end " + error);
        }

        void awaitToGuest(long bytes) {
            long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(GUARD_S);
            while (toGuest < bytes && System.nanoTime() - endNs < 0) {
                Thread.onSpinWait();
            }
        }
    }
}
