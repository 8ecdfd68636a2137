package dev.jslirp.time;

/// Something with a deadline in a [TimerWheel].
public interface Timed {
    /// The armed deadline has passed. The timer is disarmed; re-arm it here if wanted.
    void onDeadline(long nowNs);
}
