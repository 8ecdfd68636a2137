package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.tap.guest.Guest.Caller;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `--splice`: forwarded connections past the interface, and when they go over it nevertheless.
class SpliceIT {
    private static final int SPLICED_MAX = 64;
    private static final int GUARD_MS = 20_000;
    private static Installation installation;

    @BeforeAll
    static void install() {
        Installation.require();
        installation = new Installation();
    }

    @AfterAll
    static void remove() {
        if (installation != null) {
            installation.close();
        }
    }

    /// A guest with `--splice`, whose port 80 is a port of the host's loopback.
    private static final class Forwarded implements AutoCloseable {
        final int port = Ports.free();
        final Guest guest;
        private final long descriptors;

        Forwarded(Caller caller, String... options) throws IOException {
            List<String> all = new ArrayList<>(List.of("--splice", "-p", "tcp:127.0.0.1:" + port + "-:80"));
            all.addAll(List.of(options));
            guest = new Guest(installation, caller, all.toArray(String[]::new));
            descriptors = guest.descriptors();
        }

        /// A server in the guest.
        Process serve(String address) throws IOException {
            Process server = guest.start("sh", "-c", "exec " + installation.java() + " -cp " + installation.testClasses() + " "
                    + SpliceServer.class.getName() + " " + address + " 80");
            assertEquals("listening", server.inputReader().readLine());
            return server;
        }

        Socket connect(char mode) throws IOException {
            Socket socket = new Socket("127.0.0.1", port);
            socket.setSoTimeout(GUARD_MS);
            socket.getOutputStream().write(mode);
            return socket;
        }

        void assertRefused() throws IOException {
            try (Socket socket = new Socket("127.0.0.1", port)) {
                socket.setSoTimeout(GUARD_MS);
                assertThrows(SocketException.class, () -> socket.getInputStream().read());
            }
        }

        String ask() throws IOException {
            try (Socket socket = connect(SpliceServer.WHO)) {
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            }
        }

        /// Ends the daemon, after it has closed what connections needed. Idle pipes and the sockets inside it keeps.
        Guest.Stats stopAndAudit() {
            Await.until("the daemon's descriptors to come back to " + descriptors, () -> guest.descriptors() <= descriptors + 32,
                    () -> guest.descriptors() + " descriptors");
            return LinuxGuestTests.stopAndAudit(guest);
        }

        @Override
        public void close() {
            guest.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void megabytesBothWaysPassTheInterfaceBy(Caller caller) throws Exception {
        byte[] sent = new byte[100_000_000];
        new SplittableRandom(1).nextBytes(sent);
        try (Forwarded net = new Forwarded(caller)) {
            Process server = net.serve("0.0.0.0");
            try (Socket socket = net.connect(SpliceServer.ECHO); ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                Future<Void> writer = threads.submit(() -> {
                    socket.getOutputStream().write(sent);
                    socket.shutdownOutput();
                    return null;
                });
                assertArrayEquals(sent, socket.getInputStream().readAllBytes());
                writer.get(GUARD_MS, TimeUnit.MILLISECONDS);
            }
            assertEquals("10.0.2.15", net.ask());
            server.destroy();
            Guest.Stats stats = net.stopAndAudit();
            assertEquals(2, stats.get("FORWARDS_SPLICED"), stats::text);
            assertEquals(sent.length + 2, stats.get("SPLICED_BYTES_TO_GUEST"), stats::text);
            assertEquals(sent.length + "10.0.2.15".length(), stats.get("SPLICED_BYTES_FROM_GUEST"), stats::text);
            assertTrue(stats.get("BYTES_TO_GUEST") + stats.get("BYTES_FROM_GUEST") < 10_000, stats::text);
        }
    }

    @ParameterizedTest
    @EnumSource
    void endsAreTold(Caller caller) throws Exception {
        try (Forwarded net = new Forwarded(caller)) {
            net.assertRefused();
            Process server = net.serve("0.0.0.0");
            var output = server.inputReader();
            try (Socket finished = net.connect(SpliceServer.FINISH)) {
                assertEquals(-1, finished.getInputStream().read());
                finished.getOutputStream().write(new byte[1_000]);
            }
            assertEquals("1000 bytes after the FIN", output.readLine());
            try (Socket reset = net.connect(SpliceServer.RESET)) {
                assertThrows(SocketException.class, () -> reset.getInputStream().read());
            }
            Socket resetting = net.connect(SpliceServer.WAIT);
            resetting.setSoLinger(true, 0);
            resetting.close();
            assertEquals("failed", output.readLine());
            server.destroy();
            Guest.Stats stats = net.stopAndAudit();
            assertEquals(1, stats.get("FORWARDS_REFUSED"), stats::text);
            assertEquals(4, stats.get("FORWARDS_SPLICED"), stats::text);
        }
    }

    @Test
    void aThousandConnectionsUseTheSameSockets() throws Exception {
        try (Forwarded net = new Forwarded(Caller.USER)) {
            Process server = net.serve("0.0.0.0");
            try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
                List<Future<String>> answers = new ArrayList<>();
                for (int i = 0; i < 1_000; i++) {
                    answers.add(threads.submit(net::ask));
                }
                for (Future<String> answer : answers) {
                    assertEquals("10.0.2.15", answer.get());
                }
            }
            server.destroy();
            Guest.Stats stats = net.stopAndAudit();
            assertEquals(1_000, stats.get("FORWARDS_SPLICED"), stats::text);
            assertEquals(0, stats.get("FORWARDS_NOT_SPLICED"), stats::text);
        }
    }

    @Test
    void moreConnectionsThanSocketsGoOverTheInterface() throws Exception {
        int over = 36;
        try (Forwarded net = new Forwarded(Caller.ROOT)) {
            Process server = net.serve("0.0.0.0");
            List<Socket> open = new ArrayList<>();
            for (int i = 0; i < SPLICED_MAX + over; i++) {
                open.add(net.connect(SpliceServer.ECHO));
                echo(open.getLast(), i);
            }
            for (Socket socket : open) {
                echo(socket, 7);
            }
            assertEquals("10.0.2.2", net.ask());
            for (Socket socket : open) {
                socket.close();
            }
            Await.until("a socket inside to be free", () -> {
                try {
                    return net.ask().equals("10.0.2.15");
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }, net.guest::log);
            server.destroy();
            Guest.Stats stats = net.stopAndAudit();
            assertTrue(stats.get("FORWARDS_SPLICED") > SPLICED_MAX, stats::text);
            assertTrue(stats.get("FORWARDS_NOT_SPLICED") > over, stats::text);
            assertEquals(0, stats.get("FORWARDS_REFUSED"), stats::text);
        }
    }

    private static void echo(Socket socket, int value) throws IOException {
        socket.getOutputStream().write(value);
        assertEquals(value, socket.getInputStream().read());
    }

    @Test
    void withoutTheGuestsAddressConnectionsGoOverTheInterface() throws Exception {
        try (Forwarded net = new Forwarded(Caller.ROOT, "--no-configure")) {
            Process server = net.serve("0.0.0.0");
            // Nobody answers: the address is nobody's yet.
            net.connect(SpliceServer.WHO).close();
            Await.until("a frame to the guest", () -> net.guest.sh(10, "grep -q 'tap0: *[1-9]' /proc/net/dev").status() == 0,
                    net.guest::log);
            net.guest.exec(10, "ip", "addr", "add", "10.0.2.15/24", "dev", "tap0").ok();
            assertEquals("10.0.2.15", net.ask());
            net.guest.exec(10, "ip", "addr", "del", "10.0.2.15/24", "dev", "tap0").ok();
            net.guest.exec(10, "ip", "addr", "add", "10.0.2.16/24", "dev", "tap0").ok();
            net.connect(SpliceServer.WHO).close();
            server.destroy();
            Guest.Stats stats = LinuxGuestTests.stopAndAudit(net.guest);
            assertEquals(1, stats.get("FORWARDS_SPLICED"), stats::text);
            assertEquals(2, stats.get("FORWARDS_NOT_SPLICED"), stats::text);
        }
    }

    @Test
    void aServerAtTheGuestsLoopbackStaysUnreachable() throws Exception {
        try (Forwarded net = new Forwarded(Caller.ROOT)) {
            Process server = net.serve("127.0.0.1");
            net.assertRefused();
            server.destroy();
            assertEquals(1, net.stopAndAudit().get("FORWARDS_REFUSED"));
        }
    }

    @Test
    void anIsolatedGuestIsReachedAndReachesNobody() throws Exception {
        try (Forwarded net = new Forwarded(Caller.USER, "--isolated"); Sockets.Greeter host = new Sockets.Greeter()) {
            Process server = net.serve("0.0.0.0");
            assertEquals("10.0.2.15", net.ask());
            assertEquals(7, net.guest.exec(20, "curl", "-sS", "http://10.0.2.2:" + host.port() + "/").status());
            server.destroy();
            assertEquals(1, net.stopAndAudit().get("FORWARDS_SPLICED"));
        }
    }
}
