package dev.jslirp.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GuestCountsTest {
    private static final long V4 = 0xffff_0a00_0200L;

    @Test
    void countsAsAMapWould() {
        SplittableRandom random = new SplittableRandom(11);
        GuestCounts counts = new GuestCounts();
        Map<Long, Integer> model = new HashMap<>();
        for (int i = 0; i < 200_000; i++) {
            long lo = V4 + random.nextInt(i % 50_000 < 25_000 ? 300 : 12);
            int own = model.getOrDefault(lo, 0);
            if (own > 0 && random.nextInt(100) < 60) {
                counts.remove(0, lo);
                model.merge(lo, -1, (a, b) -> a + b == 0 ? null : a + b);
            } else {
                counts.add(0, lo);
                model.merge(lo, 1, Integer::sum);
            }
            assertEquals(model.size(), counts.guests());
            assertEquals(model.getOrDefault(lo, 0), counts.of(0, lo));
            long other = V4 + random.nextInt(300);
            assertEquals(model.getOrDefault(other, 0), counts.of(0, other));
        }
    }
}
