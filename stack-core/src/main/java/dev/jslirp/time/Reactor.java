package dev.jslirp.time;

/// Time, wake-ups and the owning thread of a guest network: the seam through which all scheduling
/// enters. Real: Netty's event loop. Test: virtual time. Embedded: the VMM's own loop.
public interface Reactor {
    /// Monotonic time in nanoseconds; any origin, may be negative; compare by subtraction only.
    long nowNs();

    /// Asks for one call of the wake-up handler at `deadlineNs`, replacing any earlier request;
    /// [Long#MAX_VALUE] cancels. In-loop only.
    void wakeAt(long deadlineNs);

    /// Sets the handler [#wakeAt] runs, in-loop. Called once, before the first `wakeAt`.
    void onWake(Runnable handler);

    /// Whether the caller runs on the owning thread.
    boolean inLoop();

    /// Runs `task` on the owning thread, after the I/O events of the current round. The only method
    /// that other threads may call. In-loop calls with a preallocated task allocate nothing.
    void execute(Runnable task);
}
