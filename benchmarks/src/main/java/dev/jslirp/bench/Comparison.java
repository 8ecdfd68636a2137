package dev.jslirp.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Two result files side by side, usually of two commits.
final class Comparison {
    private Comparison() {}

    /// Prints a line for each benchmark that both files have.
    static void print(Path before, Path after, PrintStream out) throws IOException {
        List<Measurement> earlier = Measurement.read(before);
        Map<String, Measurement> later = Measurement.read(after).stream().collect(Collectors.toMap(Measurement::name, Function.identity()));
        out.printf("%-55s %12s %12s %8s%n", "benchmark", "before, ns", "after, ns", "ratio");
        for (Measurement old : earlier) {
            Measurement now = later.get(old.name());
            if (now != null) {
                out.printf("%-55s %12.1f %12.1f %8.2f  %s%n", old.name(), old.ns(), now.ns(), now.ns() / old.ns(), verdict(old, now));
            }
        }
    }

    /// A difference counts when the confidence intervals do not touch.
    private static String verdict(Measurement old, Measurement now) {
        double distance = Math.abs(now.ns() - old.ns());
        String time = distance <= old.errorNs() + now.errorNs() || Double.isNaN(old.errorNs() + now.errorNs())
                ? "" : now.ns() < old.ns() ? "faster" : "SLOWER";
        return now.bytesAllocated() > old.bytesAllocated() + 1 ? (time + " MORE GARBAGE").strip() : time;
    }
}
