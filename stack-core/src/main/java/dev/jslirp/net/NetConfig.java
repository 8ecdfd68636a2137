package dev.jslirp.net;

/// Limits and times of the layer below transport. Times in nanoseconds.
///
/// @param neighborsMax          guests whose MAC address is remembered; the least recently heard is forgotten
/// @param neighborAgeNs         how long a neighbour is believed without being heard
/// @param neighborPendingMax    packets held in all while their next hop resolves
/// @param neighborPendingBytesMax memory held in those packets
/// @param reassemblyBytesMax    memory held in fragments, in all
/// @param reassemblyDatagramsMax datagrams being reassembled, in all
/// @param reassemblyFragmentsMax fragments of one datagram; the largest one has 119 at an MTU of 576
/// @param reassemblyAgeNs       age at which an incomplete datagram is given up (RFC 1122 §3.3.2)
/// @param icmpErrorsPerSecond   errors sent to guests per second (RFC 1812 §4.3.2.8)
/// @param icmpErrorBurst        errors that may be sent at once after a quiet time
public record NetConfig(int neighborsMax, long neighborAgeNs, int neighborPendingMax, int neighborPendingBytesMax,
        int reassemblyBytesMax, int reassemblyDatagramsMax, int reassemblyFragmentsMax, long reassemblyAgeNs, int icmpErrorsPerSecond,
        int icmpErrorBurst) {
    private static final long S = 1_000_000_000L;
    /// Tables are searched or swept whole now and then, so they stay this small.
    private static final int TABLE_MAX = 65_536;
    /// As long as Linux believes a neighbour.
    private static final long SHARED_AGE_NS = 30 * S;

    /// @throws IllegalArgumentException naming the parameter that is out of range, and the range
    public NetConfig {
        require("neighborsMax", neighborsMax, 1, TABLE_MAX);
        require("neighborAgeNs", neighborAgeNs, 1, Long.MAX_VALUE / 4);
        require("neighborPendingMax", neighborPendingMax, 0, TABLE_MAX);
        require("neighborPendingBytesMax", neighborPendingBytesMax, 0, Integer.MAX_VALUE);
        require("reassemblyBytesMax", reassemblyBytesMax, 0, Integer.MAX_VALUE);
        require("reassemblyDatagramsMax", reassemblyDatagramsMax, 0, TABLE_MAX);
        require("reassemblyFragmentsMax", reassemblyFragmentsMax, 2, 8_192);
        require("reassemblyAgeNs", reassemblyAgeNs, 1, Long.MAX_VALUE / 4);
        require("icmpErrorsPerSecond", icmpErrorsPerSecond, 1, S);
        require("icmpErrorBurst", icmpErrorBurst, 1, TABLE_MAX);
    }

    /// Defaults fit for tens of guests.
    public static NetConfig defaults() {
        return new NetConfig(256, 600 * S, 64, 1 << 20, 4 << 20, 64, 128, 30 * S, 1_000, 100);
    }

    /// The part of one of `loops` loops that share one network: packets that wait for a neighbour and ICMP errors are divided. Every loop
    /// knows all guests, and asks for one sooner, since it hears only a part of what the guest says. Fragments are for one loop.
    public NetConfig dividedBy(int loops) {
        return loops == 1 ? this : new NetConfig(neighborsMax, Math.min(neighborAgeNs, SHARED_AGE_NS), neighborPendingMax / loops,
                neighborPendingBytesMax / loops, reassemblyBytesMax, reassemblyDatagramsMax, reassemblyFragmentsMax, reassemblyAgeNs,
                Math.ceilDiv(icmpErrorsPerSecond, loops), Math.ceilDiv(icmpErrorBurst, loops));
    }

    private static void require(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + " " + value + " is not within " + min + " to " + max);
        }
    }
}
