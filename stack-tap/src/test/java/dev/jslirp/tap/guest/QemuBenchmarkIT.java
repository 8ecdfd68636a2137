package dev.jslirp.tap.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/// What a virtual machine gets from QEMU's own network, from passt, and from jslirp; prints medians. The order of the
/// competitors turns with each round, so that none is always first. Software emulation costs far more than any of them
/// does: the numbers compare, they do not tell what a machine with KVM would see. Uploads seem bound by the
/// sending program in the guest: they take about as long with every network.
@EnabledIfSystemProperty(named = "jslirp.bench", matches = "true")
class QemuBenchmarkIT {
    private static final int ROUNDS = Integer.getInteger("jslirp.bench.rounds", 3);
    private static final long BYTES = 200_000_000;
    private static final String GATEWAY = "10.0.2.2";

    /// One competitor in one round: megabytes per second and milliseconds.
    private record Result(double down, double up, double ping) {}

    /// Whatever serves the guest, and how the guest is booted.
    private record Peer(Supplier<QemuGuest> guest, AutoCloseable server) {}

    private interface Competitor {
        Peer start(Installation installation) throws IOException;
    }

    @Test
    void compare() throws Exception {
        QemuGuest.require();
        Map<String, Competitor> competitors = new LinkedHashMap<>();
        competitors.put("QEMU user", installation -> peer(installation, Netdev.USER.arguments(installation.scratch(), 0, Ports.free(), 0), () -> {}));
        if (Shell.run(5, "sh", "-c", "command -v passt").status() == 0) {
            competitors.put("passt", QemuBenchmarkIT::passt);
        }
        competitors.put("jslirp stream", installation -> jslirp(installation, Netdev.STREAM_UNIX));
        competitors.put("jslirp dgram", installation -> jslirp(installation, Netdev.DGRAM));
        Map<String, List<Result>> results = new LinkedHashMap<>();
        List<String> names = new ArrayList<>(competitors.keySet());
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < names.size(); i++) {
                String name = names.get((i + round) % names.size());
                Result result = measure(competitors.get(name));
                System.out.println(name + ' ' + result);
                results.computeIfAbsent(name, _ -> new ArrayList<>()).add(result);
            }
        }
        System.out.printf("%-16s %10s %10s %10s   medians of %d%n", "", "down MB/s", "up MB/s", "ping ms", ROUNDS);
        names.forEach(name -> System.out.printf("%-16s %10.1f %10.1f %10.2f%n", name, median(results.get(name), Result::down),
                median(results.get(name), Result::up), median(results.get(name), Result::ping)));
    }

    private static Peer jslirp(Installation installation, Netdev netdev) {
        ServedNetwork network = new ServedNetwork(installation, netdev);
        return new Peer(() -> network.boot(0), network);
    }

    private static Peer passt(Installation installation) throws IOException {
        Path socket = installation.scratch().resolve("passt.sock");
        Path log = installation.scratch().resolve("passt.log");
        Process passt = new ProcessBuilder("passt", "--foreground", "--runas", "0", "--ipv4-only", "--socket", socket.toString(),
                "--address", "10.0.2.15", "--netmask", "24", "--gateway", GATEWAY, "--mtu", "1500")
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        Await.until("passt", () -> Files.exists(socket) || !passt.isAlive(), () -> Shell.run(5, "cat", log.toString()).out());
        return peer(installation, Netdev.STREAM_UNIX.arguments(socket, 0, 0, 0), passt::destroy);
    }

    private static Peer peer(Installation installation, List<String> arguments, AutoCloseable server) {
        return new Peer(() -> new QemuGuest(installation.scratch(), 0, List.of(), arguments), server);
    }

    private static Result measure(Competitor competitor) throws Exception {
        Installation installation = new Installation();
        try (installation; ByteServer bytes = new ByteServer()) {
            Peer peer = competitor.start(installation);
            try (AutoCloseable _ = peer.server(); QemuGuest guest = peer.guest().get()) {
                guest.dhcp().ok();
                // passt passes it on to the host, which may refuse it; then there is no number.
                String ping = guest.sh(60, "ping -c 11 -i 0.2 " + GATEWAY).out();
                String page = "http://" + GATEWAY + ':' + bytes.port() + "/bytes/" + BYTES + "/1";
                double down = rate(() -> guest.sh(240, "wget -q -O /dev/null " + page).ok());
                double up = rate(() -> guest.upload(240, "head -c " + BYTES + " /dev/zero", BYTES, GATEWAY, bytes.port()));
                return new Result(down, up, medianPing(ping));
            }
        }
    }

    /// Megabytes per second; not a number if the transfer broke, which is said.
    private static double rate(Runnable transfer) {
        long start = System.nanoTime();
        try {
            transfer.run();
        } catch (AssertionError e) {
            System.out.println("a transfer broke: " + e.getMessage());
            return Double.NaN;
        }
        return BYTES * 1e3 / (System.nanoTime() - start);
    }

    private static double medianPing(String output) {
        Matcher times = Pattern.compile("time=([0-9.]+) ms").matcher(output);
        List<Double> all = new ArrayList<>();
        while (times.find()) {
            all.add(Double.parseDouble(times.group(1)));
        }
        return median(all, Double::doubleValue);
    }

    private static <T> double median(List<T> values, ToDoubleFunction<T> value) {
        return values.stream().mapToDouble(value).sorted().skip(values.size() / 2).findFirst().orElse(Double.NaN);
    }
}
