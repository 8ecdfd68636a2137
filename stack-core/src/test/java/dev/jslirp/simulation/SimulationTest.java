package dev.jslirp.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// As many worlds as fit into `-Dsim.seconds` of wall-clock time, from `-Dsim.first` on, or the one of `-Dsim.seed`.
class SimulationTest {
    private static final long FIRST = Long.getLong("sim.first", 1);
    private static final long SECONDS = Long.getLong("sim.seconds", 20);

    @Test
    void everyWorldKeepsItsPromises() throws IOException {
        Long only = Long.getLong("sim.seed");
        if (only != null) {
            SimWorld world = new SimWorld(only);
            world.trace.follow(Path.of("target", "simulation", "seed-" + only + ".pcap"));
            world.run();
            return;
        }
        long endNs = System.nanoTime() + SECONDS * 1_000_000_000L;
        TreeMap<String, Integer> outcomes = new TreeMap<>();
        long seed = FIRST;
        for (; System.nanoTime() - endNs < 0; seed++) {
            SimWorld world = new SimWorld(seed);
            world.run();
            world.flows.forEach(flow -> outcomes.merge(flow.isComplete() ? "complete" : flow.excuse(), 1, Integer::sum));
        }
        System.out.println((seed - FIRST) + " worlds: " + outcomes);
        // Excuses must stay the exception, or nothing is tested.
        assertTrue(seed - FIRST < 20 || outcomes.getOrDefault("complete", 0) > outcomes.values().stream().mapToInt(i -> i).sum() / 3,
                outcomes::toString);
    }
}
