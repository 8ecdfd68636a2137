package dev.jslirp.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

/// A seed is worth something only if it always tells the same story.
class DeterminismTest {
    private static final int WORLDS = 25;

    @Test
    void theSameSeedGivesTheSameTrace() {
        for (long seed = 1; seed <= WORLDS; seed++) {
            assertEquals(fingerprint(seed), fingerprint(seed), "seed " + seed);
        }
    }

    @Test
    void anotherSeedGivesAnotherTrace() {
        assertNotEquals(fingerprint(1), fingerprint(2));
    }

    private static String fingerprint(long seed) {
        SimWorld world = new SimWorld(seed);
        world.run();
        return world.trace.fingerprint();
    }
}
