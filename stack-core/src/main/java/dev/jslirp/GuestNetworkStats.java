package dev.jslirp;

import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DropReason;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/// What a network has counted, at one moment. Immutable, so any thread may read it.
///
/// @param counts    every counter
/// @param drops     packets of guests dropped, for every reason
/// @param flows     flows of all protocols that existed
/// @param linkDrops frames for guests that the link dropped, because it was full or refused them
public record GuestNetworkStats(Map<Counter, Long> counts, Map<DropReason, Long> drops, int flows, long linkDrops) {
    /// Copies the maps.
    public GuestNetworkStats {
        counts = Collections.unmodifiableMap(new EnumMap<>(counts));
        drops = Collections.unmodifiableMap(new EnumMap<>(drops));
    }

    static GuestNetworkStats of(Counters counters, int flows, long linkDrops) {
        Map<Counter, Long> counts = new EnumMap<>(Counter.class);
        for (Counter counter : Counter.values()) {
            counts.put(counter, counters.get(counter));
        }
        Map<DropReason, Long> drops = new EnumMap<>(DropReason.class);
        for (DropReason reason : DropReason.values()) {
            drops.put(reason, counters.get(reason));
        }
        return new GuestNetworkStats(counts, drops, flows, linkDrops);
    }

    /// Both together: those of two loops that share one network.
    public GuestNetworkStats plus(GuestNetworkStats other) {
        Map<Counter, Long> allCounts = new EnumMap<>(counts);
        other.counts.forEach((counter, value) -> allCounts.merge(counter, value, Long::sum));
        Map<DropReason, Long> allDrops = new EnumMap<>(drops);
        other.drops.forEach((reason, value) -> allDrops.merge(reason, value, Long::sum));
        return new GuestNetworkStats(allCounts, allDrops, flows + other.flows, linkDrops + other.linkDrops);
    }

    /// The value of a counter.
    public long get(Counter counter) {
        return counts.get(counter);
    }

    /// Packets dropped for this reason.
    public long get(DropReason reason) {
        return drops.get(reason);
    }
}
