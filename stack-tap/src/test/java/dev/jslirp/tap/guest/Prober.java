package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

/// A running [RequestClient].
final class Prober implements AutoCloseable {
    private final Process client;
    private final BufferedReader answers;
    private final Writer orders;

    /// Times of requests.
    record Times(long p50Ns, long p99Ns) {
        /// The medians over rounds.
        static Times median(List<Times> rounds) {
            return new Times(median(rounds, Times::p50Ns), median(rounds, Times::p99Ns));
        }

        private static long median(List<Times> rounds, ToLongFunction<Times> which) {
            long[] sorted = rounds.stream().mapToLong(which).sorted().toArray();
            return sorted[sorted.length / 2];
        }

        @Override
        public String toString() {
            return p50Ns / 1_000 + "/" + p99Ns / 1_000 + " µs";
        }
    }

    /// What talks to `client`, a started [#command]; waits until it has warmed up.
    Prober(Process client) throws IOException {
        this.client = client;
        answers = client.inputReader();
        orders = client.outputWriter();
        assertEquals("ready", answers.readLine());
    }

    /// The command line of a client: one compiler and one collector, so that little else runs in it.
    static List<String> command(Installation installation, String... arguments) {
        String program = String.join(" ", installation.java().toString(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
                installation.testClasses().toString(), RequestClient.class.getName(), String.join(" ", arguments));
        return List.of(program.split(" "));
    }

    Times round(int requests) throws IOException {
        orders.append(Integer.toString(requests)).append('\n').flush();
        long[] timesNs = Arrays.stream(answers.readLine().split(" ")).mapToLong(Long::parseLong).toArray();
        return new Times(timesNs[0], timesNs[1]);
    }

    @Override
    public void close() throws IOException {
        orders.close();
        client.onExit().join();
    }
}
