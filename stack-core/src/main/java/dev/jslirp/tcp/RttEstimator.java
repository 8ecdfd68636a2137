package dev.jslirp.tcp;

/// Retransmission time-out of RFC 6298. Times in nanoseconds.
final class RttEstimator {
    /// Exponent at which the back-off stops growing; the ceiling of the configuration is reached long before.
    private static final int BACKOFF_MAX = 16;
    private static final long AFTER_LOST_SYN_NS = 3_000_000_000L;

    private final TcpConfig config;
    private long srttNs;
    private long rttvarNs;
    /// The time-out before the first measurement.
    private long unmeasuredNs;
    private int backoff;

    RttEstimator(TcpConfig config) {
        this.config = config;
        unmeasuredNs = config.rtoInitialNs();
    }

    /// Takes one measurement (RFC 6298 §2.2, §2.3) and ends the back-off.
    void sample(long rttNs) {
        long rtt = Math.max(rttNs, 1);
        if (srttNs == 0) {
            srttNs = rtt;
            rttvarNs = rtt / 2;
        } else {
            rttvarNs += (Math.abs(srttNs - rtt) - rttvarNs) / 4;
            srttNs = Math.max(1, srttNs + (rtt - srttNs) / 8);
        }
        backoff = 0;
    }

    /// Our SYN had to be sent again (RFC 6298 §5.7): until the first measurement the time-out is 3 s, without back-off.
    void synWasLost() {
        unmeasuredNs = Math.min(config.rtoMaxNs(), Math.max(config.rtoInitialNs(), AFTER_LOST_SYN_NS));
        backoff = 0;
    }

    /// The smoothed round-trip time; 0 before the first measurement.
    long srttNs() {
        return srttNs;
    }

    /// The current time-out, back-off included, between floor and ceiling.
    long rtoNs() {
        long base = srttNs == 0 ? unmeasuredNs : Math.max(config.rtoMinNs(), srttNs + 4 * rttvarNs);
        long cap = config.rtoMaxNs();
        return base >= cap >> backoff ? cap : base << backoff;
    }

    /// RFC 6298 §5.5.
    void backOff() {
        backoff = Math.min(backoff + 1, BACKOFF_MAX);
    }
}
