package dev.jslirp.tap.guest;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What a virtual machine gets from QEMU's own network, from passt, and from jslirp; prints medians. The order of the
/// competitors turns with each round, so that none is always first. Software emulation costs far more than any of them
/// does: the numbers compare, they do not tell what a machine with KVM would see.
///
/// Down: busybox's `wget` in the guest fetches from a server on the host's loopback. Up: a client on the host fetches from busybox's
/// `httpd` in the guest through a forwarded port; `httpd` uses `sendfile`, so that the guest's programs are not what is measured. Echo:
/// one octet to `cat` in the guest and back, over one such connection. Each transfer runs once before, shorter, so that compilers have
/// seen it.
///
/// passt's vhost-user is not compared: it came in 2025, and Debian 12 has a release of 2023.
class QemuBenchmark {
    private static final int ROUNDS = Integer.getInteger("jslirp.bench.rounds", 3);
    private static final long BYTES = 100_000_000;
    private static final long WARM_UP_BYTES = 30_000_000;
    private static final int ECHOES = 500;
    private static final String GATEWAY = "10.0.2.2";

    /// One competitor in one round: megabytes per second and milliseconds.
    private record Result(double down, double up, double echo) {}

    /// Whatever serves the guest, and how the guest is booted.
    private record Peer(Supplier<QemuGuest> guest, AutoCloseable server) {}

    /// Serves a guest, and forwards `hostPort` of the host's loopback to its port 80.
    private interface Competitor {
        Peer start(Installation installation, int hostPort) throws IOException;
    }

    private static Map<String, Competitor> competitors() {
        Map<String, Competitor> all = new LinkedHashMap<>();
        all.put("QEMU user", (installation, hostPort) ->
                peer(installation, Netdev.USER.arguments(installation.scratch(), 0, hostPort, 0), () -> {}));
        if (Shell.run(5, "sh", "-c", "command -v passt").status() == 0) {
            all.put("passt stream", QemuBenchmark::passt);
        }
        all.put("jslirp stream", jslirp(Netdev.STREAM_UNIX));
        all.put("jslirp dgram", jslirp(Netdev.DGRAM));
        all.put("jslirp vhost-user", jslirp(Netdev.VHOST_USER));
        all.put("jslirp tap", jslirp(Netdev.TAP));
        all.put("jslirp tap offload", jslirp(Netdev.TAP_OFFLOAD));
        return all;
    }

    @Test
    void compare() throws Exception {
        QemuGuest.require();
        Map<String, Competitor> competitors = competitors();
        Map<String, List<Result>> results = new LinkedHashMap<>();
        List<String> names = new ArrayList<>(competitors.keySet());
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < names.size(); i++) {
                String name = names.get((i + round) % names.size());
                Result result = measure(name, competitors.get(name));
                print(name, result);
                results.computeIfAbsent(name, _ -> new ArrayList<>()).add(result);
            }
        }
        System.out.printf("%n%-20s %10s %10s %10s   medians of %d%n", "", "down MB/s", "up MB/s", "echo ms", ROUNDS);
        names.forEach(name -> print(name, new Result(median(results.get(name), Result::down), median(results.get(name), Result::up),
                median(results.get(name), Result::echo))));
    }

    private static void print(String name, Result result) {
        System.out.printf("%-20s %10.1f %10.1f %10.3f%n", name, result.down, result.up, result.echo);
    }

    private static Competitor jslirp(Netdev netdev) {
        return (installation, hostPort) -> {
            ServedNetwork network = new ServedNetwork(installation, netdev, "-p", "tcp:127.0.0.1:" + hostPort + "-:80");
            return new Peer(() -> network.boot(0), network);
        };
    }

    private static Peer passt(Installation installation, int hostPort) throws IOException {
        Path socket = installation.scratch().resolve("passt.sock");
        Path log = installation.scratch().resolve("passt.log");
        Process passt = new ProcessBuilder("passt", "--foreground", "--runas", "0", "--ipv4-only", "--socket", socket.toString(),
                "--address", "10.0.2.15", "--netmask", "24", "--gateway", GATEWAY, "--mtu", "1500",
                "--tcp-ports", "127.0.0.1/" + hostPort + ":80")
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        Await.until("passt", () -> Files.exists(socket) || !passt.isAlive(), () -> Shell.run(5, "cat", log.toString()).out());
        return peer(installation, Netdev.STREAM_UNIX.arguments(socket, 0, 0, 0), passt::destroy);
    }

    private static Peer peer(Installation installation, List<String> arguments, AutoCloseable server) {
        return new Peer(() -> new QemuGuest(installation.scratch(), 0, List.of(), arguments), server);
    }

    private static Result measure(String name, Competitor competitor) throws Exception {
        int hostPort = Ports.free();
        try (Installation installation = new Installation(); ByteServer bytes = new ByteServer()) {
            Peer peer = competitor.start(installation, hostPort);
            try (AutoCloseable _ = peer.server(); QemuGuest guest = peer.guest().get()) {
                guest.dhcp().ok();
                String page = "http://" + GATEWAY + ':' + bytes.port() + "/bytes/";
                double down = rate(name, length -> guest.sh(120, "wget -q -O /dev/null " + page + length + "/1").ok());
                for (long length : new long[] {WARM_UP_BYTES, BYTES}) {
                    guest.sh(60, "mkdir -p /tmp/www && head -c " + length + " /dev/zero > /tmp/www/" + length).ok();
                }
                guest.sh(10, "httpd -p 80 -h /tmp/www").ok();
                String files = "http://127.0.0.1:" + hostPort + '/';
                double up = rate(name, length -> Shell.run(120, "curl", "-sSf", "-o", "/dev/null", files + length).ok());
                guest.sh(10, "killall httpd; nc -ll -p 80 -e cat > /dev/null 2>&1 & sleep 1").ok();
                return new Result(down, up, echoMs(hostPort));
            }
        }
    }

    /// Sends or fetches so many bytes.
    private interface Transfer {
        void run(long length);
    }

    /// Megabytes per second; not a number if the transfer broke, which is said.
    private static double rate(String name, Transfer transfer) {
        try {
            transfer.run(WARM_UP_BYTES);
            long start = System.nanoTime();
            transfer.run(BYTES);
            return BYTES * 1e3 / (System.nanoTime() - start);
        } catch (AssertionError e) {
            System.out.println(name + ": a transfer broke: " + e.getMessage());
            return Double.NaN;
        }
    }

    /// The median time of an octet to the guest and back.
    private static double echoMs(int hostPort) throws IOException {
        double[] ms = new double[ECHOES];
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), hostPort)) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(10_000);
            for (int i = 0; i < ECHOES; i++) {
                long start = System.nanoTime();
                socket.getOutputStream().write('x');
                if (socket.getInputStream().read() != 'x') {
                    return Double.NaN;
                }
                ms[i] = (System.nanoTime() - start) / 1e6;
            }
        }
        return median(IntStream.range(ECHOES / 2, ECHOES).boxed().toList(), i -> ms[i]);
    }

    private static <T> double median(List<T> values, ToDoubleFunction<T> value) {
        return values.stream().mapToDouble(value).sorted().skip(values.size() / 2).findFirst().orElse(Double.NaN);
    }
}
