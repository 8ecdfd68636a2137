package dev.jslirp.tcp;

import java.util.Objects;

/// What all TCP connections of one network share. Times in nanoseconds.
///
/// @param receiveWindowMax  largest window offered to the guest, bytes; sets the window scale
/// @param reassemblyBytesMax out-of-order bytes held per connection (memory held, not payload)
/// @param sendBufferMax     bytes queued towards the guest per connection above which host reads pause
/// @param rtoMinNs          floor of the retransmission time-out (RFC 6298 §2.4 says 1 s; 200 ms fits a local link)
/// @param rtoInitialNs      before the first measurement (RFC 6298 §2.1)
/// @param rtoMaxNs          ceiling (RFC 6298 §2.5)
/// @param retriesMax        retransmissions of one segment before the connection is given up (R2)
/// @param synRetriesMax     retransmissions of SYN or SYN-ACK before giving up
/// @param delayedAckNs      longest delay of an ACK (RFC 9293 §3.8.6.3: below 500 ms)
/// @param quickAckDelayNs   the same for the first few small segments of a connection, which their answer may acknowledge while larger
///     ones are acknowledged at once: within 0 to `delayedAckNs`
/// @param keepAliveIdleNs   idle time before the first keep-alive probe; 0 = off
/// @param keepAliveIntervalNs between probes
/// @param keepAliveProbes   unanswered probes before giving up
/// @param timeWaitNs        length of TIME_WAIT (2 MSL)
/// @param challengeAcksPerSecond limit of RFC 5961 §7, per connection
/// @param congestionControl algorithm
public record TcpConfig(int receiveWindowMax, int reassemblyBytesMax, int sendBufferMax,
        long rtoMinNs, long rtoInitialNs, long rtoMaxNs, int retriesMax, int synRetriesMax, long delayedAckNs, long quickAckDelayNs,
        long keepAliveIdleNs, long keepAliveIntervalNs, int keepAliveProbes, long timeWaitNs,
        int challengeAcksPerSecond, CongestionAlgorithm congestionControl) {
    /// Congestion control algorithms.
    public enum CongestionAlgorithm {
        /// RFC 5681, RFC 6582.
        NEW_RENO,
        /// RFC 9438.
        CUBIC
    }

    private static final long MS = 1_000_000L;
    private static final long S = 1_000 * MS;

    /// Checks that the values are usable.
    ///
    /// @throws IllegalArgumentException naming the field, its value and what it must be
    public TcpConfig {
        require(receiveWindowMax >= 1024 && receiveWindowMax <= 1 << 29, "receiveWindowMax", receiveWindowMax, "1 KiB to 512 MiB");
        require(reassemblyBytesMax >= 0, "reassemblyBytesMax", reassemblyBytesMax, "at least 0");
        require(sendBufferMax > 0 && sendBufferMax <= 1 << 29, "sendBufferMax", sendBufferMax, "1 byte to 512 MiB");
        require(rtoMinNs > 0, "rtoMinNs", rtoMinNs, "above 0");
        require(rtoInitialNs > 0, "rtoInitialNs", rtoInitialNs, "above 0");
        require(rtoMaxNs >= rtoMinNs && rtoMaxNs >= rtoInitialNs, "rtoMaxNs", rtoMaxNs, "at least rtoMinNs and rtoInitialNs");
        require(retriesMax > 0, "retriesMax", retriesMax, "above 0");
        require(synRetriesMax > 0, "synRetriesMax", synRetriesMax, "above 0");
        require(delayedAckNs > 0 && delayedAckNs < 500 * MS, "delayedAckNs", delayedAckNs, "above 0 and below 500 ms");
        require(quickAckDelayNs >= 0 && quickAckDelayNs <= delayedAckNs, "quickAckDelayNs", quickAckDelayNs, "0 to delayedAckNs");
        require(keepAliveIdleNs >= 0, "keepAliveIdleNs", keepAliveIdleNs, "at least 0");
        require(keepAliveIdleNs == 0 || keepAliveIntervalNs > 0, "keepAliveIntervalNs", keepAliveIntervalNs, "above 0");
        require(keepAliveIdleNs == 0 || keepAliveProbes > 0, "keepAliveProbes", keepAliveProbes, "above 0");
        require(timeWaitNs > 0, "timeWaitNs", timeWaitNs, "above 0");
        require(challengeAcksPerSecond > 0, "challengeAcksPerSecond", challengeAcksPerSecond, "above 0");
        Objects.requireNonNull(congestionControl, "congestionControl");
    }

    private static void require(boolean ok, String field, long value, String must) {
        if (!ok) {
            throw new IllegalArgumentException("TcpConfig." + field + " is " + value + " but must be " + must);
        }
    }

    /// Defaults for a guest on the same machine.
    public static TcpConfig defaults() {
        return new TcpConfig(4 << 20, 4 << 20, 4 << 20, 200 * MS, S, 60 * S, 10, 5, 40 * MS, MS,
                7_200 * S, 75 * S, 9, 60 * S, 10, CongestionAlgorithm.CUBIC);
    }
}
