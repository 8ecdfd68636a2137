package dev.jslirp.time;

/// Placeholder: hierarchical timing wheel, `long[]`-backed; arm, re-arm and cancel O(1).
public final class TimerWheel {
    /// A wheel with room for `capacity` timers to begin with; it grows with [#add].
    public TimerWheel(int capacity, long startNs) {}

    /// Reserves a timer, disarmed. @return its id
    public int add(Timed timed) {
        return -1;
    }

    /// Disarms and frees a timer; the id may be handed out again.
    public void remove(int id) {}

    /// Arms or re-arms; [Long#MAX_VALUE] disarms. Deadlines in the past fire at the next poll.
    public void arm(int id, long deadlineNs) {}

    /// Fires at most `limit` timers whose deadline is not after `nowNs`. @return how many fired
    public int poll(long nowNs, int limit) {
        return 0;
    }

    /// A time not after the earliest armed deadline, [Long#MAX_VALUE] when none is armed.
    public long nextDeadlineNs() {
        return Long.MAX_VALUE;
    }
}
