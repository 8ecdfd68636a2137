package dev.jslirp.net;

/// Limits and times of the layer below transport. Times in nanoseconds.
///
/// @param neighborsMax          guests whose MAC address is remembered; the least recently heard is forgotten
/// @param neighborAgeNs         how long a neighbour is believed without being heard
/// @param neighborPendingMax    packets held in all while their next hop resolves
/// @param reassemblyBytesMax    memory held in fragments, in all
/// @param reassemblyDatagramsMax datagrams being reassembled, in all
/// @param reassemblyFragmentsMax fragments of one datagram
/// @param reassemblyAgeNs       age at which an incomplete datagram is given up (RFC 1122 §3.3.2)
/// @param icmpErrorsPerSecond   errors sent to guests per second (RFC 1812 §4.3.2.8)
/// @param icmpErrorBurst        errors that may be sent at once after a quiet time
public record NetConfig(int neighborsMax, long neighborAgeNs, int neighborPendingMax, int reassemblyBytesMax,
        int reassemblyDatagramsMax, int reassemblyFragmentsMax, long reassemblyAgeNs, int icmpErrorsPerSecond, int icmpErrorBurst) {
    /// Defaults fit for tens of guests.
    public static NetConfig defaults() {
        return new NetConfig(256, 600_000_000_000L, 64, 4 << 20, 64, 64, 30_000_000_000L, 1_000, 100);
    }
}
