package dev.jslirp.time;

/// One round of work: everything that happens between two visits of the reactor to the kernel.
///
/// Whoever is called by the outside (a frame, a socket, a timer) first calls [#begin], which reads the
/// clock once per round, and enlists what it touched with [#join]. After the round's events the batch
/// ends: each participant is called once (flush sockets, send the one coalesced ACK), due timers run,
/// the last participants run (link flush), and one wake-up is armed.
public final class Batch {
    /// Called once at the end of the batch it joined.
    public interface Participant {
        /// The batch ends; may join again (it is then called again in this same end, bounded).
        void onBatchEnd(long nowNs);
    }

    /// A batch on `reactor`, with timers in `wheel`; `last` runs at the very end, when all participants are done.
    public Batch(Reactor reactor, TimerWheel wheel, Runnable last) {
    }

    /// Opens a batch unless one is open. @return the time of this batch
    public long begin() {
        return 0;
    }

    /// Time of the open batch.
    public long nowNs() {
        return 0;
    }

    /// Enlists a participant; opens a batch if none is open. The caller keeps its own "joined" flag.
    public void join(Participant participant) {
    }
}
