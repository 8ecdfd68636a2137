package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.tap.guest.Guest.Caller;
import dev.jslirp.tap.guest.Prober.Times;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// How much longer a request takes while another flow moves all it can, or a part of that.
///
/// **Method.** One connection makes requests at random moments ([RequestClient]). Idle rounds and rounds with a bulk flow take turns, and
/// the medians over the rounds of each kind's percentiles are compared. The same is done between the same programs over a plain veth
/// pair, with no stack in between: how much a bulk flow slows requests down there is the doing of the machine, whose processors the clients and
/// servers share with the stack. Machines are noisy: what is too slow is measured again, and only what is every time is a failure.
///
/// A flow at full speed keeps three threads busy: its client, its server and the stack. With fewer processors than these and the
/// requests' own need, the scheduler's time slices are measured and not the stack; the figures are printed then, and not judged.
class FairnessIT {
    private static final String ECHO_PORT = "7000", UNUSED_PORT = "7001", IPERF_PORT = "5201";
    private static final int ROUNDS = 3;
    private static final int REQUESTS = 1_000;
    private static final int ATTEMPTS = 3;
    private static final double SLOWER_MAX = 3;
    private static final int PROCESSORS_FOR_FULL_SPEED = 5;

    private static final List<Load> LIMITED = List.of(
            new Load("TCP up, 1 Gbit/s", "-b", "1G"),
            new Load("TCP down, 1 Gbit/s", "-b", "1G", "-R"),
            new Load("UDP up, 200 Mbit/s", "-b", "200M", "-u", "-l", "1400"));
    private static final List<Load> FULL_SPEED = List.of(
            new Load("TCP up", "-b", "0"),
            new Load("TCP down", "-b", "0", "-R"),
            new Load("UDP up", "-b", "0", "-u", "-l", "1400"));

    private Installation installation;
    private OutsideNetwork outside;

    /// A bulk flow of `iperf3`.
    private record Load(String name, String... options) {}

    /// Starts a program at one end of a way to the servers.
    private interface Place extends Function<List<String>, Process> {}

    /// Requests without and with the load.
    private record Comparison(Times idle, Times loaded) {
        double slower() {
            return (double) loaded.p99Ns() / idle.p99Ns();
        }

        @Override
        public String toString() {
            return "%s idle, %s loaded, p99 x %.1f".formatted(idle, loaded, slower());
        }
    }

    @BeforeEach
    void install() {
        Installation.require();
        installation = new Installation();
        outside = new OutsideNetwork();
        outside.serve(Integer.parseInt(IPERF_PORT), "tcp", installation.scratch().resolve("iperf3.log"), "iperf3", "-s", "-p", IPERF_PORT);
        outside.serve(Integer.parseInt(ECHO_PORT), "tcp", installation.scratch().resolve("echo.log"), installation.java().toString(), "-cp",
                installation.testClasses().toString(), EchoServer.class.getName(), ECHO_PORT, UNUSED_PORT);
    }

    @AfterEach
    void tearDown() {
        if (outside != null) {
            outside.close();
        }
        if (installation != null) {
            installation.close();
        }
    }

    @Test
    void aBulkFlowDoesNotTripleTheTimeOfAnotherFlowsRequests() throws Exception {
        List<String> failures = new ArrayList<>();
        try (Guest guest = new Guest(installation, Caller.ROOT)) {
            Place inside = command -> guest.start(command.toArray(new String[0]));
            try (Prober through = prober(inside); Prober direct = prober(FairnessIT::start)) {
                for (Load load : LIMITED) {
                    assess(load, ATTEMPTS, through, inside, direct, failures);
                }
                boolean judged = Runtime.getRuntime().availableProcessors() >= PROCESSORS_FOR_FULL_SPEED;
                for (Load load : FULL_SPEED) {
                    assess(load, judged ? ATTEMPTS : 1, through, inside, direct, judged ? failures : new ArrayList<>());
                }
            }
        }
        assertTrue(failures.isEmpty(), () -> String.join("\n", failures));
    }

    private static void assess(Load load, int attempts, Prober through, Place inside, Prober direct, List<String> failures)
            throws Exception {
        String line = "";
        for (int attempt = 0; attempt < attempts; attempt++) {
            Comparison veth = compare(load, direct, FairnessIT::start);
            Comparison stack = compare(load, through, inside);
            line = "%-18s through the stack: %s; plain veth: %s".formatted(load.name, stack, veth);
            System.out.println(line);
            if (stack.slower() <= Math.max(SLOWER_MAX, veth.slower())) {
                return;
            }
        }
        failures.add(line);
    }

    private Prober prober(Place place) throws IOException {
        return new Prober(place.apply(Prober.command(installation, OutsideNetwork.ADDRESS, ECHO_PORT)));
    }

    private static Comparison compare(Load load, Prober prober, Place place) throws Exception {
        List<Times> idle = new ArrayList<>();
        List<Times> loaded = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            idle.add(prober.round(REQUESTS));
            loaded.add(loadedRound(load, prober, place));
        }
        return new Comparison(Times.median(idle), Times.median(loaded));
    }

    private static Times loadedRound(Load load, Prober prober, Place place) throws Exception {
        List<String> command = new ArrayList<>(List.of("iperf3", "-c", OutsideNetwork.ADDRESS, "-p", IPERF_PORT, "-t", "60", "-i", "0.1",
                "--forceflush"));
        command.addAll(List.of(load.options));
        Process bulk = place.apply(command);
        try {
            BufferedReader output = bulk.inputReader();
            String line = output.readLine();
            while (line != null && !line.contains("bits/sec")) {
                line = output.readLine();
            }
            assertTrue(line != null, "iperf3 ended before it began");
            return prober.round(REQUESTS);
        } finally {
            bulk.descendants().forEach(ProcessHandle::destroy);
            bulk.destroy();
            bulk.waitFor();
        }
    }

    private static Process start(List<String> command) {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new AssertionError("cannot start " + command, e);
        }
    }
}
