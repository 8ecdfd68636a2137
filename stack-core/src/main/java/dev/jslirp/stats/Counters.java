package dev.jslirp.stats;

import dev.jslirp.wire.DropReason;
import java.util.Arrays;

/// The counters of one guest network: plain `long`s, written by the owning thread only.
public final class Counters {
    private final long[] counts = new long[Counter.values().length];
    private final long[] drops = new long[DropReason.values().length];

    /// Adds one.
    public void increment(Counter counter) {
        counts[counter.ordinal()]++;
    }

    /// Adds `amount`.
    public void add(Counter counter, long amount) {
        counts[counter.ordinal()] += amount;
    }

    /// Counts one dropped packet.
    public void drop(DropReason reason) {
        drops[reason.ordinal()]++;
    }

    /// Adds all that `other`, of another loop of the same network, has counted; nobody may be writing either.
    public void add(Counters other) {
        for (int i = 0; i < counts.length; i++) {
            counts[i] += other.counts[i];
        }
        for (int i = 0; i < drops.length; i++) {
            drops[i] += other.drops[i];
        }
    }

    /// The value of a counter.
    public long get(Counter counter) {
        return counts[counter.ordinal()];
    }

    /// Packets dropped for this reason.
    public long get(DropReason reason) {
        return drops[reason.ordinal()];
    }

    /// Packets dropped for any reason.
    public long drops() {
        return Arrays.stream(drops).sum();
    }
}
