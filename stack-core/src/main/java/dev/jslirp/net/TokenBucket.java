package dev.jslirp.net;

/// A rate limit (RFC 1812 §4.3.2.8): so many at once after a quiet time, then so many per second.
///
/// Kept as one time, the one at which the bucket would be full again: every token taken moves it one interval on, and a
/// token is there while it lies less than a whole burst ahead.
final class TokenBucket {
    private final long intervalNs;
    private final long depthNs;
    private long fullAtNs;
    private boolean used;

    TokenBucket(int perSecond, int burst) {
        intervalNs = 1_000_000_000L / perSecond;
        depthNs = intervalNs * (burst - 1L);
    }

    /// Takes a token. @return false if there is none
    boolean take(long nowNs) {
        if (!used || fullAtNs - nowNs < 0) {
            fullAtNs = nowNs;
            used = true;
        }
        if (fullAtNs - nowNs > depthNs) {
            return false;
        }
        fullAtNs += intervalNs;
        return true;
    }
}
