package dev.jslirp.tcp;

/// The limit of RFC 5961 §7 on ACKs that forged or stale segments provoke: so many in any second of one connection.
final class ChallengeAckLimit {
    private static final long SECOND_NS = 1_000_000_000L;

    private long secondNs;
    private int sent;

    ChallengeAckLimit(long nowNs) {
        secondNs = nowNs;
    }

    /// @return whether one more may be sent
    boolean take(int perSecond, long nowNs) {
        if (nowNs - secondNs >= SECOND_NS) {
            secondNs = nowNs;
            sent = 0;
        }
        if (sent >= perSecond) {
            return false;
        }
        sent++;
        return true;
    }
}
