package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `jslirp serve` with Linux guests behind sockets.
class ServeIT {
    private static final long LARGE = 100_000_000;
    private static final long SMALL = 20_000_000;
    private static final int MTU = 65_520;

    private Installation installation;
    private ByteServer bytes;
    private Path socket;
    private Path log;
    private final List<VmmGuest> guests = new ArrayList<>();
    private final List<Process> daemons = new ArrayList<>();

    @BeforeEach
    void install() throws IOException {
        Installation.require();
        installation = new Installation();
        socket = installation.scratch().resolve("net.sock");
        bytes = new ByteServer();
    }

    @AfterEach
    void clean() throws Exception {
        for (VmmGuest guest : guests) {
            guest.close();
        }
        for (Process daemon : daemons) {
            if (daemon.isAlive()) {
                stop(daemon);
            }
        }
        if (bytes != null) {
            bytes.close();
        }
        if (installation != null) {
            installation.close();
        }
    }

    /// Starts a daemon and waits for its last line.
    private Process serve(String... options) {
        List<String> command = new ArrayList<>(List.of(installation.launcher().toString(), "serve", "--stats"));
        command.addAll(List.of(options));
        try {
            log = Files.createTempFile(installation.scratch(), "serve", ".log");
            Process daemon = new ProcessBuilder(command).redirectInput(new File("/dev/null")).redirectErrorStream(true)
                    .redirectOutput(log.toFile()).start();
            daemons.add(daemon);
            Await.until("the daemon", () -> log().contains("listening at ") || !daemon.isAlive(), this::log);
            assertTrue(daemon.isAlive(), this::log);
            return daemon;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Ends a daemon, which must leave nothing in use.
    private void stop(Process daemon) throws InterruptedException {
        daemon.destroy();
        assertTrue(daemon.waitFor(20, TimeUnit.SECONDS), this::log);
        assertEquals(0, daemon.exitValue(), this::log);
        assertTrue(log().contains("buffers in use 0"), this::log);
    }

    private VmmGuest guest(int number, int mtuBytes) {
        VmmGuest guest = new VmmGuest(number, mtuBytes);
        guests.add(guest);
        return guest;
    }

    private VmmGuest.Transport unixStream() throws IOException {
        return Transports.stream(UnixDomainSocketAddress.of(socket));
    }

    private String download(long length, int seed) {
        return "curl -sS --max-time 100 http://10.0.2.2:" + bytes.port() + "/bytes/" + length + "/" + seed;
    }

    private void assertDownloads(VmmGuest guest, long length) {
        assertEquals(ByteServer.sum(length, 5) + "  -\n", guest.sh(110, download(length, 5) + " | sha256sum").ok().out());
    }

    private void assertUploads(VmmGuest guest, long length) throws IOException {
        Path file = installation.scratch().resolve("upload");
        String sum = guest.sh(60, "head -c " + length + " /dev/urandom > " + file + " && sha256sum < " + file).ok().out().split(" ")[0];
        assertEquals(sum, guest.sh(110, "curl -sS --max-time 100 -T " + file + " http://10.0.2.2:" + bytes.port() + "/sum").ok().out());
    }

    @Test
    void aGuestGetsALeaseAndReachesTheGatewayAndNames() throws Exception {
        Process daemon = serve("--listen", "stream:" + socket, "--dns-name", "gate.example=10.0.2.2");
        VmmGuest guest = guest(1, 1_500).connect(unixStream());
        Path script = installation.scratch().resolve("udhcpc.sh");
        Files.writeString(script, """
                #!/bin/sh
                [ "$1" = bound ] || exit 0
                echo "lease $ip/$mask router $router dns $dns mtu $mtu"
                ip addr add $ip/$mask dev tap0
                ip route add default via $router
                """);
        script.toFile().setExecutable(true, false);
        String lease = guest.sh(30, "busybox udhcpc -i tap0 -n -q -f -O mtu -s " + script).ok().out();
        assertTrue(lease.contains("lease 10.0.2.15/24 router 10.0.2.2 dns 10.0.2.3 mtu 1500"), lease);
        assertTrue(guest.sh(30, "ping -n -c 3 -i 0.2 10.0.2.2").ok().out().contains("3 received"));
        assertEquals("10.0.2.2\n", guest.sh(30, "dig +short @10.0.2.3 gate.example A").ok().out());
        assertTrue(log().contains("lease 10.0.2.15 to 52:54:00:00:00:01"), this::log);
        stop(daemon);
        Pattern report = Pattern.compile("stream:\\S+ .*: from it \\d+ frames, .* no room for 0$", Pattern.MULTILINE);
        assertTrue(report.matcher(log()).find(), this::log);
    }

    @Test
    void bytesAreTheSameBothWaysOverAUnixStream() throws Exception {
        serve("--listen", "stream:" + socket, "--mtu", Integer.toString(MTU));
        VmmGuest guest = guest(1, MTU).configure("10.0.2.15").connect(unixStream());
        assertDownloads(guest, LARGE);
        assertUploads(guest, LARGE);
    }

    @Test
    void bytesAreTheSameBothWaysOverTcp() throws Exception {
        serve("--listen", "stream:127.0.0.1:0");
        Matcher place = Pattern.compile("listening at stream:127\\.0\\.0\\.1:(\\d+)").matcher(log());
        assertTrue(place.find(), this::log);
        VmmGuest guest = guest(1, 1_500).configure("10.0.2.15")
                .connect(Transports.stream(new InetSocketAddress("127.0.0.1", Integer.parseInt(place.group(1)))));
        assertDownloads(guest, LARGE);
        assertUploads(guest, LARGE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bytesAreTheSameBothWaysInDatagrams(boolean connected) throws Exception {
        serve("--listen", "dgram:" + socket);
        VmmGuest guest = guest(1, 1_500).configure("10.0.2.15")
                .connect(Transports.datagrams(installation.scratch().resolve("vm.sock"), socket, connected));
        assertDownloads(guest, SMALL);
        assertUploads(guest, SMALL);
    }

    @Test
    void bytesAreTheSameBothWaysOverStandardInputAndOutput() throws Exception {
        log = Files.createTempFile(installation.scratch(), "serve", ".log");
        Process daemon = new ProcessBuilder(installation.launcher().toString(), "serve", "--listen", "stdio", "--stats", "--verbose")
                .redirectError(log.toFile()).start();
        daemons.add(daemon);
        VmmGuest guest = guest(1, 1_500).configure("10.0.2.15").connect(Transports.stdio(daemon));
        assertDownloads(guest, SMALL);
        assertUploads(guest, SMALL);
        guest.disconnect();
        guests.removeFirst().close();
        assertTrue(daemon.waitFor(20, TimeUnit.SECONDS), "the daemon lives on without its guest");
        assertEquals(0, daemon.exitValue());
        assertTrue(log().contains("buffers in use 0"), this::log);
    }

    @Test
    void guestsAtDifferentEndpointsReachEachOther() throws Exception {
        Path other = installation.scratch().resolve("other.sock");
        serve("--listen", "stream:" + socket, "--listen", "dgram:" + other);
        VmmGuest one = guest(1, 1_500).configure("10.0.2.15").connect(unixStream());
        VmmGuest two = guest(2, 1_500).configure("10.0.2.16")
                .connect(Transports.datagrams(installation.scratch().resolve("vm.sock"), other, false));
        assertTrue(one.sh(30, "ping -n -c 3 -i 0.2 10.0.2.16").ok().out().contains("3 received"));
        Path page = Files.createDirectory(installation.scratch().resolve("www")).resolve("page");
        String sum = two.sh(30, "head -c 10000000 /dev/urandom > " + page + " && sha256sum < " + page).ok().out();
        Process httpd = new ProcessBuilder(two.inside("exec busybox httpd -f -p 80 -h " + page.getParent())).start();
        daemons.addFirst(httpd);
        assertEquals(sum, one.sh(60, "curl -sS --retry 20 --retry-connrefused --retry-delay 1 http://10.0.2.16/page | sha256sum").ok().out());
        httpd.destroy();
        httpd.waitFor();
        daemons.remove(httpd);
    }

    @Test
    void aGuestComesBackAfterTheDaemonWasKilled() throws Exception {
        Process first = serve("--listen", "stream:" + socket);
        VmmGuest guest = guest(1, 1_500).configure("10.0.2.15").connect(unixStream());
        assertDownloads(guest, 1_000_000);
        first.destroyForcibly().waitFor();
        assertTrue(Files.exists(socket), "a killed daemon cannot remove its socket");
        guest.disconnect();
        Process second = serve("--listen", "stream:" + socket);
        guest.connect(unixStream());
        assertDownloads(guest, 1_000_000);
        stop(second);
        assertFalse(Files.exists(socket), "a daemon that was asked to end leaves its socket");
    }

    @Test
    void flowsOutliveTheGuestsConnection() throws Exception {
        serve("--listen", "stream:" + socket);
        VmmGuest guest = guest(1, 1_500).configure("10.0.2.15").connect(unixStream());
        Path part = installation.scratch().resolve("part");
        Process curl = new ProcessBuilder(guest.inside(download(LARGE, 5) + " --limit-rate 20M > " + part + " && sha256sum < " + part)).start();
        Await.until("some bytes", () -> part.toFile().length() > 1_000_000, this::log);
        guest.disconnect();
        guest.connect(unixStream());
        assertEquals(ByteServer.sum(LARGE, 5) + "  -\n", new String(curl.getInputStream().readAllBytes()));
    }

    @Test
    void aSlowGuestDoesNotStallAnother() throws Exception {
        Process daemon = serve("--listen", "stream:" + socket);
        VmmGuest slow = guest(1, 1_500).configure("10.0.2.15").connect(unixStream());
        VmmGuest quick = guest(2, 1_500).configure("10.0.2.16").connect(unixStream());
        Path part = installation.scratch().resolve("part");
        Process curl = new ProcessBuilder(slow.inside(download(LARGE, 5) + " > " + part + " && sha256sum < " + part)).start();
        Await.until("some bytes", () -> part.toFile().length() > 1_000_000, this::log);
        slow.reading(false);
        assertDownloads(quick, SMALL);
        assertUploads(quick, SMALL);
        slow.reading(true);
        assertEquals(ByteServer.sum(LARGE, 5) + "  -\n", new String(curl.getInputStream().readAllBytes()));
        stop(daemon);
    }

    @Test
    void garbageEndsOneGuestWithOneLine() throws Exception {
        serve("--listen", "stream:" + socket);
        VmmGuest good = guest(1, 1_500).configure("10.0.2.15").connect(unixStream());
        try (SocketChannel bad = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            bad.write(ByteBuffer.wrap("GET / HTTP/1.0\r\n\r\n".getBytes()));
            // What other guests have sent to everybody comes first.
            ByteBuffer flooded = ByteBuffer.allocate(1_500);
            int read;
            do {
                read = bad.read(flooded.clear());
            } while (read >= 0);
        }
        assertEquals(1, log().lines().filter(line -> line.contains("stream:" + socket) && line.contains("has gone")
                && line.contains("a frame of 1195725856 bytes")).count(), this::log);
        assertDownloads(good, 1_000_000);
    }

    @Test
    void readinessIsToldAndTheExitDescriptorEndsIt() throws Exception {
        Path ready = installation.scratch().resolve("ready");
        Process daemon = new ProcessBuilder("sh", "-c", "exec " + installation.launcher() + " serve --quiet --listen stream:" + socket
                + " --ready-fd 3 --exit-fd 0 3>" + ready).redirectErrorStream(true).start();
        daemons.add(daemon);
        Await.until("readiness", () -> ready.toFile().length() > 0, () -> "");
        assertEquals("1", Files.readString(ready));
        unixStream().close();
        daemon.getOutputStream().close();
        assertTrue(daemon.waitFor(20, TimeUnit.SECONDS), "the daemon lives on");
        assertEquals("", new String(daemon.getInputStream().readAllBytes()));
        assertEquals(0, daemon.exitValue());
        assertFalse(Files.exists(socket));
    }
}
