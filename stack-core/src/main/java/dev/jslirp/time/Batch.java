package dev.jslirp.time;

import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One round of work: everything that happens between two visits of the reactor to the kernel.
///
/// Whoever is called by the outside (a frame, a socket, a timer) first calls [#begin], which reads the
/// clock once per round, and enlists what it touched with [#join]. After the round's events the batch
/// ends: each participant is called once (flush sockets, send the one coalesced ACK), due timers run,
/// the last participants run (link flush), and one wake-up is armed.
///
/// The work of one batch is bounded ([#MAX_ROUNDS], [#MAX_TIMERS]); what is left over is the next batch, for which a wake-up
/// is asked at once, so that I/O comes in between. Nothing is allocated in steady state.
public final class Batch {
    /// Called once at the end of the batch it joined.
    public interface Participant {
        /// The batch ends; may join again (it is then called again in this same end, bounded).
        void onBatchEnd(long nowNs);
    }

    /// Rounds of participants that join from inside the end of a batch; later ones are for the next batch.
    public static final int MAX_ROUNDS = 4;
    /// Timers fired at the end of one batch.
    public static final int MAX_TIMERS = 128;

    private static final Logger LOG = LoggerFactory.getLogger(Batch.class);

    private final Reactor reactor;
    private final TimerWheel wheel;
    private final Runnable last;
    private final Runnable end = this::end;

    private Participant[] joined = new Participant[16];
    private Participant[] ending = new Participant[16];
    private int joinedCount;
    private boolean open;
    private long nowNs;
    private long wakeNs = Long.MAX_VALUE;

    /// A batch on `reactor`, with timers in `wheel`; `last` runs at the very end, when all participants are done.
    /// Takes the reactor's wake-up for itself.
    public Batch(Reactor reactor, TimerWheel wheel, Runnable last) {
        this.reactor = reactor;
        this.wheel = wheel;
        this.last = last;
        this.nowNs = reactor.nowNs();
        reactor.onWake(this::wake);
    }

    /// Opens a batch unless one is open. @return the time of this batch
    public long begin() {
        if (!open) {
            open = true;
            nowNs = reactor.nowNs();
            reactor.execute(end);
        }
        return nowNs;
    }

    /// Time of the open batch; between batches that of the last one.
    public long nowNs() {
        return nowNs;
    }

    /// Enlists a participant; opens a batch if none is open. The caller keeps its own "joined" flag.
    public void join(Participant participant) {
        begin();
        if (joinedCount == joined.length) {
            joined = Arrays.copyOf(joined, joinedCount * 2);
        }
        joined[joinedCount++] = participant;
    }

    private void wake() {
        wakeNs = Long.MAX_VALUE;
        begin();
    }

    private void end() {
        callParticipants();
        fireTimers();
        callParticipants();
        // First, so that what the last step leads to gets a batch: a link interrupts its guest, and the guest sends at once.
        open = false;
        runLast();
        // What is left over comes by a wake-up, not a task: the reactor looks after its I/O first.
        long nextNs = joinedCount > 0 ? nowNs : wheel.nextDeadlineNs();
        if (nextNs != wakeNs) {
            wakeNs = nextNs;
            reactor.wakeAt(nextNs);
        }
    }

    private void callParticipants() {
        for (int round = 0; round < MAX_ROUNDS && joinedCount > 0; round++) {
            Participant[] callees = joined;
            int count = joinedCount;
            joined = ending;
            joinedCount = 0;
            ending = callees;
            for (int i = 0; i < count; i++) {
                call(callees[i]);
                callees[i] = null;
            }
        }
    }

    private void call(Participant participant) {
        try {
            participant.onBatchEnd(nowNs);
        } catch (RuntimeException | Error e) {
            LOG.warn("{} failed at the end of a batch; this is a bug", participant, e);
        }
    }

    private void fireTimers() {
        try {
            wheel.poll(nowNs, MAX_TIMERS);
        } catch (RuntimeException | Error e) {
            LOG.warn("a timer failed; this is a bug", e);
        }
    }

    private void runLast() {
        try {
            last.run();
        } catch (RuntimeException | Error e) {
            LOG.warn("{} failed at the end of a batch; this is a bug", last, e);
        }
    }
}
