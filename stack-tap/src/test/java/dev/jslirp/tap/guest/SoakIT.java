package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.tap.guest.Guest.Caller;
import dev.jslirp.tcp.TcpConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Everything at once, over and over, for `soak.seconds`: nothing may grow.
///
/// ```sh
/// mvn -pl stack-core,stack-tap verify -Dit.test=SoakIT -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dsoak.seconds=3600
/// ```
class SoakIT {
    private static final String GATEWAY = "10.0.2.2";
    private static final int CYCLES_MIN = 4;
    private static final Pattern HEAP_USED = Pattern.compile("used (\\d+)K");
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");

    private static final int CONNECTIONS = 1_000;
    /// How long the stack remembers a connection that the host closed first.
    private static final long TIME_WAIT_NS = TcpConfig.defaults().timeWaitNs();
    /// What it remembers of each, at most.
    private static final int TIME_WAIT_KB = 1;

    /// The daemon at rest.
    ///
    /// @param remembered connections in TIME_WAIT
    private record Sample(long atNs, long heapKb, long residentKb, long descriptors, int remembered) {}

    @Test
    void nothingGrows() throws Exception {
        Installation.require();
        long seconds = Long.getLong("soak.seconds", 10);
        try (Installation installation = new Installation();
                OutsideNetwork outside = new OutsideNetwork();
                ByteServer bytes = new ByteServer();
                UdpEcho echo = new UdpEcho();
                Sockets.Greeter greeter = new Sockets.Greeter()) {
            outside.serve(53, "udp", installation.scratch().resolve("dnsmasq.log"), "dnsmasq", "--keep-in-foreground", "--no-resolv",
                    "--no-hosts", "--address=/example/192.0.2.80", "--pid-file=", "--user=root");
            try (Guest guest = new Guest(installation, Caller.ROOT, "--dns", OutsideNetwork.ADDRESS)) {
                long idle = descriptors(guest);
                List<Sample> samples = new ArrayList<>();
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
                while (samples.size() < CYCLES_MIN || System.nanoTime() - end < 0) {
                    cycle(installation, guest, bytes.port(), echo.port(), greeter.port());
                    Await.until("the descriptors to come back to " + idle, () -> descriptors(guest) <= idle + 2,
                            () -> Shell.run(10, "ss", "-tunap").out());
                    samples.add(sample(installation, guest, samples));
                }
                assertFlat(samples);
                audit(guest.stop());
            }
        }
    }

    /// Connection churn, datagrams, look-ups and transfers both ways, side by side.
    private static void cycle(Installation installation, Guest guest, int bytesPort, int echoPort, int greeterPort) {
        String java = installation.java() + " -Xmx64m -XX:+UseSerialGC -cp " + installation.testClasses() + " ";
        String url = "http://" + GATEWAY + ":" + bytesPort;
        guest.sh(300, "fail() { echo \"$1 failed\" >&2; touch $dir/failed; }; dir=$(mktemp -d " + installation.scratch() + "/soak.XXXXXX)\n"
                + "(" + java + ManyConnections.class.getName() + " " + GATEWAY + " " + greeterPort + " " + CONNECTIONS
                + " >$dir/many && grep -q '^" + CONNECTIONS + " ' $dir/many"
                + " || fail connections) &\n"
                + "(" + java + UdpSizes.class.getName() + " " + GATEWAY + " " + echoPort + " >/dev/null || fail datagrams) &\n"
                + "(for i in $(seq 30); do dig +short +tries=3 @10.0.2.3 n$i.example | grep -q 192.0.2.80 || fail DNS; done) &\n"
                + "(head -c 100000000 /dev/zero >$dir/up; for i in 1 2 3; do curl -sSf -o /dev/null " + url + "/bytes/100000000/$i"
                + " && curl -sSf -T $dir/up " + url + "/sum >/dev/null || fail transfers; done) &\n"
                + "wait; test ! -e $dir/failed; status=$?; rm -r $dir; exit $status").ok();
    }

    /// Open descriptors of the daemon without those of UDP flows, which stay for minutes after the last datagram.
    private static long descriptors(Guest guest) {
        String owner = "pid=" + guest.daemonPid() + ",";
        return guest.descriptors() - Shell.run(10, "ss", "-Huanp").ok().out().lines().filter(line -> line.contains(owner)).count();
    }

    private static Sample sample(Installation installation, Guest guest, List<Sample> earlier) throws IOException {
        String jcmd = installation.java().resolveSibling("jcmd").toString();
        String pid = Long.toString(guest.daemonPid());
        Shell.run(30, jcmd, pid, "GC.run").ok();
        Matcher used = HEAP_USED.matcher(Shell.run(30, jcmd, pid, "GC.heap_info").ok().out().split("Metaspace")[0]);
        long heapKb = 0;
        while (used.find()) {
            heapKb += Long.parseLong(used.group(1));
        }
        Matcher resident = RESIDENT.matcher(Files.readString(Path.of("/proc", pid, "status")));
        assertTrue(heapKb > 0 && resident.find(), "no figures for " + pid);
        long nowNs = System.nanoTime();
        int cycles = 1 + (int) earlier.stream().filter(sample -> nowNs - sample.atNs < TIME_WAIT_NS).count();
        return new Sample(nowNs, heapKb, Long.parseLong(resident.group(1)), descriptors(guest), cycles * CONNECTIONS);
    }

    /// What there was after the first third, when everything has happened once, is there at the end, but for connections in TIME_WAIT.
    private static void assertFlat(List<Sample> samples) {
        Sample warm = samples.get(samples.size() / 3);
        Sample last = samples.getLast();
        System.out.println("soak: " + samples.size() + " cycles, " + warm + " to " + last);
        int rememberedKb = Math.max(0, last.remembered - warm.remembered) * TIME_WAIT_KB;
        assertTrue(last.heapKb <= warm.heapKb + rememberedKb + 2_048, () -> "heap\n" + samples);
        assertTrue(last.residentKb <= warm.residentKb + 32_768, () -> "resident memory (heap, direct memory, code)\n" + samples);
        assertTrue(last.descriptors <= warm.descriptors + 4, () -> "descriptors\n" + samples);
    }

    private static void audit(Guest.Stats stats) {
        assertEquals(stats.get("TCP_FLOWS_OPENED"), stats.get("TCP_FLOWS_CLOSED"), stats::text);
        assertEquals(stats.get("UDP_FLOWS_OPENED"), stats.get("UDP_FLOWS_CLOSED"), stats::text);
        assertEquals(0, stats.get("INTERNAL"), stats::text);
        assertTrue(stats.text().contains("buffers in use 0"), stats::text);
    }
}
