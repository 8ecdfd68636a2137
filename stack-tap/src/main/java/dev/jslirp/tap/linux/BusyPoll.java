package dev.jslirp.tap.linux;

/// How long a loop keeps looking for events before it sleeps.
///
/// To sleep and be woken costs more than most requests: some ten microseconds, more in a virtual machine. Where events come one soon
/// after the other, looking is faster; where they do not, it only heats the processor. So the window follows what happens, as in KVM's
/// halt polling: an event that came sooner than the limit but later than the window doubles it, one that took longer than the limit halves it. What
/// comes once a millisecond, or not at all, is soon waited for asleep. Several events at once halve it too: then those who make them
/// are ahead of the loop, and need the processor more than it does.
///
/// Durations in nanoseconds. Owned by the loop's thread.
final class BusyPoll {
    /// A window shorter than this is none, and one that opens is as long.
    static final long SHORTEST_NS = 10_000;

    private final long limitNs;
    private long windowNs;

    /// Begins without a window.
    ///
    /// @param limitNs longest window; shorter than [#SHORTEST_NS]: never look
    BusyPoll(long limitNs) {
        this.limitNs = limitNs < SHORTEST_NS ? 0 : limitNs;
    }

    /// How long to look; 0: not at all.
    long windowNs() {
        return windowNs;
    }

    /// A wait has ended, with `events` events or, with none, by a timer; looking and asleep together it took `waitedNs`.
    void waited(long waitedNs, int events) {
        if (waitedNs > limitNs || events > 1) {
            windowNs = windowNs / 2 < SHORTEST_NS ? 0 : windowNs / 2;
        } else if (waitedNs > windowNs) {
            windowNs = Math.min(limitNs, Math.max(SHORTEST_NS, 2 * windowNs));
        }
    }
}
