package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.tap.guest.Guest.Caller;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What the Linux kernel and everyday programs must be able to do as guests; run as root, as an ordinary user, and with
/// two loops.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LinuxGuestTests {
    static final long MB = 1_000_000;
    static final String GATEWAY = "10.0.2.2";
    static final String DNS = "10.0.2.3";
    private static final Path PING_GROUP_RANGE = Path.of("/proc/sys/net/ipv4/ping_group_range");

    private final Caller caller;
    private final List<String> always;
    Installation installation;
    OutsideNetwork outside;
    private ByteServer bytes;
    private String pingGroupRange;

    /// Tests what `caller` starts, always with the options `always`.
    LinuxGuestTests(Caller caller, String... always) {
        this.caller = caller;
        this.always = List.of(always);
    }

    @BeforeAll
    void build() throws IOException {
        Installation.require();
        installation = new Installation();
        outside = new OutsideNetwork();
        bytes = new ByteServer();
        pingGroupRange = Files.readString(PING_GROUP_RANGE).strip();
        Files.writeString(PING_GROUP_RANGE, "0 2147483647");
    }

    @AfterAll
    void tearDown() throws IOException {
        if (pingGroupRange != null) {
            Files.writeString(PING_GROUP_RANGE, pingGroupRange);
        }
        if (bytes != null) {
            bytes.close();
        }
        if (outside != null) {
            outside.close();
        }
        if (installation != null) {
            installation.close();
        }
    }

    Guest guest(String... options) {
        List<String> all = new ArrayList<>(always);
        all.addAll(List.of(options));
        return new Guest(installation, caller, all.toArray(String[]::new));
    }

    String url(long length, long seed) {
        return "http://" + GATEWAY + ":" + bytes.port() + "/bytes/" + length + "/" + seed;
    }

    String sumUrl() {
        return "http://" + GATEWAY + ":" + bytes.port() + "/sum";
    }

    /// Ends the guest's daemon and checks that it closed what it opened.
    static Guest.Stats stopAndAudit(Guest guest) {
        Guest.Stats stats = guest.stop();
        assertEquals(stats.get("TCP_FLOWS_OPENED"), stats.get("TCP_FLOWS_CLOSED"), () -> "TCP flows\n" + stats.text());
        assertEquals(stats.get("UDP_FLOWS_OPENED"), stats.get("UDP_FLOWS_CLOSED"), () -> "UDP flows\n" + stats.text());
        assertEquals(stats.get("ECHO_FLOWS_OPENED"), stats.get("ECHO_FLOWS_CLOSED"), () -> "echo flows\n" + stats.text());
        assertEquals(0, stats.get("INTERNAL"), () -> "bugs caught at the frame path\n" + stats.text());
        assertTrue(stats.text().contains("buffers in use 0"), () -> "buffers leaked\n" + stats.text());
        return stats;
    }

    @Test
    void udhcpcGetsTheFirstLease() throws IOException {
        try (Guest guest = guest("--no-configure")) {
            Path script = installation.scratch().resolve("udhcpc-" + caller + ".sh");
            Files.writeString(script, "#!/bin/sh\n[ \"$1\" = bound ] && echo \"lease $ip/$mask router $router dns $dns mtu $mtu\"\nexit 0\n");
            script.toFile().setExecutable(true, false);
            Shell.Result result = guest.exec(30, "busybox", "udhcpc", "-i", "tap0", "-n", "-q", "-f", "-O", "mtu", "-s", script.toString()).ok();
            assertTrue(result.out().contains("lease 10.0.2.15/24 router 10.0.2.2 dns 10.0.2.3"), () -> result.out() + result.err());
            stopAndAudit(guest);
            assertTrue(guest.log().contains("10.0.2.15"), guest::log);
        }
    }

    @Test
    void dhclientGetsTheFirstLeaseAndReleasesIt() throws IOException {
        try (Guest guest = guest("--no-configure")) {
            Path leases = installation.scratch().resolve("dhclient-" + caller + ".leases");
            Path script = installation.scratch().resolve("dhclient-" + caller + ".sh");
            Files.writeString(script, "#!/bin/sh\nip link set tap0 up\n[ -n \"$new_ip_address\" ] && ip addr add $new_ip_address/24 dev tap0\nexit 0\n");
            script.toFile().setExecutable(true, false);
            String files = "-lf " + leases + " -pf " + leases + ".pid -sf " + script + " tap0";
            Shell.Result result = guest.sh(60, "dhclient -1 -v " + files + " && dhclient -r -v " + files).ok();
            assertTrue(result.err().contains("bound to 10.0.2.15"), () -> result.out() + result.err());
            assertTrue(Files.readString(leases).contains("option routers 10.0.2.2"));
            stopAndAudit(guest);
        }
    }

    @Test
    void pingReachesTheGatewayAndAnotherNetwork() {
        try (Guest guest = guest()) {
            String gateway = guest.exec(30, "ping", "-n", "-c", "3", "-i", "0.2", GATEWAY).ok().out();
            assertTrue(gateway.contains("3 received"), gateway);
            String outsideHost = guest.exec(30, "ping", "-n", "-c", "3", "-i", "0.2", "-s", "4000", OutsideNetwork.ADDRESS).ok().out();
            assertTrue(outsideHost.contains("3 received"), outsideHost);
            stopAndAudit(guest);
        }
    }

    @Test
    void digResolvesOverUdpAndTcp() throws IOException {
        Path config = installation.scratch().resolve("dnsmasq-" + caller + ".conf");
        StringBuilder text = new StringBuilder("no-resolv\nno-hosts\nport=53\nlocal=/example/\naddress=/www.example/192.0.2.80\n");
        for (int i = 0; i < 120; i++) {
            text.append("txt-record=big.example,\"").append("0123456789".repeat(6)).append(i).append("\"\n");
        }
        Files.writeString(config, text);
        outside.serve(53, "udp", installation.scratch().resolve("dnsmasq-" + caller + ".log"),
                "dnsmasq", "--keep-in-foreground", "--conf-file=" + config, "--pid-file=", "--user=root");
        try (Guest guest = guest("--dns", OutsideNetwork.ADDRESS)) {
            assertEquals("192.0.2.80\n", guest.exec(20, "dig", "+short", "@" + DNS, "www.example").ok().out());
            assertEquals("192.0.2.80\n", guest.exec(20, "dig", "+short", "+tcp", "@" + DNS, "www.example").ok().out());
            String missing = guest.exec(20, "dig", "@" + DNS, "nobody.example").ok().out();
            assertTrue(missing.contains("status: NXDOMAIN"), missing);
            String truncated = guest.exec(20, "dig", "+ignore", "+noedns", "@" + DNS, "TXT", "big.example").ok().out();
            assertTrue(truncated.contains(" tc "), truncated);
            String retried = guest.exec(20, "dig", "@" + DNS, "TXT", "big.example").ok().out();
            assertTrue(retried.contains("ANSWER: 120") && retried.contains("(TCP)"), retried);
            stopAndAudit(guest);
        }
    }

    @Test
    void curlMovesAGigabyteBothWaysWithEqualSums() {
        Path file = installation.scratch().resolve("gigabyte-" + caller);
        try (Guest guest = guest()) {
            guest.exec(240, "curl", "-sS", "-o", file.toString(), url(1_000 * MB, 1)).ok();
            assertEquals(ByteServer.sum(1_000 * MB, 1), Shell.run(60, "sha256sum", file.toString()).ok().out().split(" ")[0]);
            String sum = guest.exec(240, "curl", "-sS", "-T", file.toString(), sumUrl()).ok().out();
            assertEquals(ByteServer.sum(1_000 * MB, 1), sum);
            stopAndAudit(guest);
        } finally {
            file.toFile().delete();
        }
    }

    @Test
    void twoHundredParallelDownloadsArriveIntact() {
        try (Guest guest = guest()) {
            String script = "for i in $(seq 200); do curl -sS " + url(2 * MB, 7) + " | sha256sum & done; wait";
            String out = guest.sh(240, script).ok().out();
            assertEquals((ByteServer.sum(2 * MB, 7) + "  -\n").repeat(200), out);
            stopAndAudit(guest);
        }
    }

    @Test
    void iperfNeverStalls() {
        outside.serve(5201, "tcp", installation.scratch().resolve("iperf3-" + caller + ".log"), "iperf3", "-s");
        try (Guest guest = guest()) {
            for (String streams : new String[] {"1", "8"}) {
                assertNoStall(iperf(guest, "-t", "10", "-P", streams, "-J"));
                assertNoStall(iperf(guest, "-t", "10", "-P", streams, "-R", "-J"));
            }
            stopAndAudit(guest);
        }
    }

    /// Runs an iperf3 client; its output. A server serves one client at a time, and may not yet be done with the one before.
    static String iperf(Guest guest, String... options) {
        List<String> words = new ArrayList<>(List.of("iperf3", "-c", OutsideNetwork.ADDRESS));
        words.addAll(List.of(options));
        Shell.Result result = guest.exec(60, words.toArray(String[]::new));
        for (int i = 0; i < 100 && (result.out() + result.err()).contains("the server is busy running a test"); i++) {
            result = guest.exec(60, words.toArray(String[]::new));
        }
        return result.ok().out();
    }

    /// Every one-second interval of every stream moved something.
    private static void assertNoStall(String json) {
        Matcher interval = Pattern.compile("\"bits_per_second\":\\s*([0-9.e+]+)").matcher(json);
        int intervals = 0;
        while (interval.find()) {
            assertNotEquals(0.0, Double.parseDouble(interval.group(1)), json);
            intervals++;
        }
        assertTrue(intervals >= 20, () -> "only a few intervals in\n" + json);
    }

    @Test
    void udpCarriesEverySize() throws IOException {
        try (UdpEcho echo = new UdpEcho(); Guest guest = guest()) {
            String out = guest.exec(240, installation.java().toString(), "-cp", installation.testClasses().toString(),
                    UdpSizes.class.getName(), GATEWAY, Integer.toString(echo.port())).ok().out();
            assertTrue(out.contains("every size came back"), out);
            stopAndAudit(guest);
        }
    }

    @Test
    void forwardsReachServersInTheGuest() throws Exception {
        int tcp = Ports.free();
        int udp = Ports.free();
        try (Guest guest = guest("-p", "tcp:127.0.0.1:" + tcp + "-:8080", "-p", "udp:127.0.0.1:" + udp + "-:9090")) {
            String java = installation.java() + " -cp " + installation.testClasses() + " ";
            Process server = new ProcessBuilder(guest.inside("sh", "-c", "exec " + java + EchoServer.class.getName() + " 8080 9090"))
                    .redirectErrorStream(true).start();
            try {
                assertEquals("listening", server.inputReader().readLine());
                Sockets.assertTcpEcho("127.0.0.1", tcp, 10_000_000);
                Sockets.assertUdpEcho("127.0.0.1", udp, 1, 1_000, 9_000, 60_000);
            } finally {
                server.destroy();
                server.waitFor();
            }
            stopAndAudit(guest);
        }
    }

    @Test
    void refusedIsRefusedUnreachableIsUnreachableResetIsReset() throws Exception {
        try (Guest guest = guest(); Sockets.Resetter resetter = new Sockets.Resetter()) {
            Shell.Result refused = guest.exec(20, "curl", "-sS", "http://" + GATEWAY + ":" + Ports.free() + "/");
            assertEquals(7, refused.status());
            assertTrue(refused.err().contains("refused") || refused.err().contains("Couldn't connect"), refused::err);
            // Nobody answers ARP for this address of the outside network.
            Shell.Result unreachable = guest.exec(30, "curl", "-sS", "http://198.51.100.77/");
            assertEquals(7, unreachable.status());
            assertTrue(unreachable.err().contains("No route to host") || unreachable.err().contains("Couldn't connect"), unreachable::err);
            Shell.Result reset = guest.exec(20, "curl", "-sS", "http://" + GATEWAY + ":" + resetter.port() + "/");
            assertEquals(56, reset.status());
            assertTrue(reset.err().contains("reset"), reset::err);
            stopAndAudit(guest);
        }
    }

    @Test
    void halfClosedConnectionsKeepWorkingBothWays() throws Exception {
        try (Guest guest = guest(); Sockets.HalfCloser host = new Sockets.HalfCloser()) {
            String out = guest.exec(60, installation.java().toString(), "-cp", installation.testClasses().toString(),
                    HalfCloseClient.class.getName(), GATEWAY, Integer.toString(host.port())).ok().out();
            assertTrue(out.contains("both half-closes worked"), out);
            host.assertDone();
            stopAndAudit(guest);
        }
    }

    @Test
    void tenThousandConnectionsLeaveNothingBehind() throws Exception {
        try (Guest guest = guest(); Sockets.Greeter greeter = new Sockets.Greeter()) {
            long before = guest.descriptors();
            String out = guest.exec(240, installation.java().toString(), "-cp", installation.testClasses().toString(),
                    ManyConnections.class.getName(), GATEWAY, Integer.toString(greeter.port()), "10000").ok().out();
            assertTrue(out.contains("10000 connections"), out);
            Await.until("the daemon's descriptors to come back to " + before, () -> guest.descriptors() <= before + 2,
                    () -> guest.descriptors() + " descriptors");
            Guest.Stats stats = stopAndAudit(guest);
            assertTrue(stats.get("TCP_FLOWS_OPENED") >= 10_000, stats::text);
        }
    }

    @Test
    void transfersSurviveLossReorderingAndDuplication() {
        Path file = installation.scratch().resolve("faulty-" + caller);
        try (Guest guest = guest("--fault", "loss=1%,reorder=1%,duplicate=1%")) {
            guest.exec(240, "curl", "-sS", "-o", file.toString(), url(100 * MB, 3)).ok();
            assertEquals(ByteServer.sum(100 * MB, 3), Shell.run(60, "sha256sum", file.toString()).ok().out().split(" ")[0]);
            String sum = guest.exec(240, "curl", "-sS", "-T", file.toString(), sumUrl()).ok().out();
            assertEquals(ByteServer.sum(100 * MB, 3), sum);
            Guest.Stats stats = stopAndAudit(guest);
            assertTrue(stats.get("TCP_RETRANSMITS") > 0, stats::text);
            assertTrue(stats.get("TCP_OUT_OF_ORDER") > 0, stats::text);
        } finally {
            file.toFile().delete();
        }
    }
}
