package dev.jslirp.testkit;

import dev.jslirp.time.Reactor;
import java.util.ArrayDeque;
import java.util.PriorityQueue;

/// Virtual time: nothing happens until a test advances it, and then everything happens in one order.
///
/// A *round* is what a real loop does between two visits to the kernel: some I/O, then the tasks given
/// to [#execute]. Every scheduled event and every wake-up is a round of its own; at one instant, I/O
/// comes before the wake-up, and I/O in the order it was scheduled.
public final class SimReactor implements Reactor {
    /// Rounds at one instant, and tasks in one round, after which the code under test is taken to spin.
    private static final int SPIN_LIMIT = 100_000;

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private Runnable wakeHandler;
    private long wakeAtNs = Long.MAX_VALUE;
    private long sequence;
    private long nowNs;
    private boolean inRound;

    /// What happens at a time, in scheduling order among equals. Times are compared by subtraction.
    private record Event(long atNs, long order, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            long difference = atNs - other.atNs;
            return difference != 0 ? Long.signum(difference) : Long.compare(order, other.order);
        }
    }

    /// Time begins at an odd, negative number, so that code which assumes an origin fails.
    public SimReactor() {
        this(-1_000_000_007L);
    }

    /// Time begins at `startNs`.
    public SimReactor(long startNs) {
        nowNs = startNs;
    }

    @Override
    public long nowNs() {
        return nowNs;
    }

    @Override
    public void wakeAt(long deadlineNs) {
        wakeAtNs = deadlineNs;
    }

    @Override
    public void onWake(Runnable handler) {
        wakeHandler = handler;
    }

    @Override
    public boolean inLoop() {
        return true;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    /// The wake-up asked for, [Long#MAX_VALUE] when there is none.
    public long wakeAtNs() {
        return wakeAtNs;
    }

    /// Runs `action` as I/O at `atNs` (now, if that is past), in a round of its own: never from inside this call.
    public void schedule(long atNs, Runnable action) {
        events.add(new Event(atNs - nowNs < 0 ? nowNs : atNs, sequence++, action));
    }

    /// Runs `io` as the I/O of one round, then the tasks. Inside a round it merely runs `io`, so a test can
    /// put several frames or socket events into one batch.
    public void round(Runnable io) {
        if (inRound) {
            io.run();
            return;
        }
        inRound = true;
        try {
            io.run();
            runTasks();
        } finally {
            inRound = false;
        }
    }

    private void runTasks() {
        for (int i = 0; !tasks.isEmpty(); i++) {
            if (i == SPIN_LIMIT) {
                throw new AssertionError("tasks keep submitting tasks: " + tasks.peek());
            }
            tasks.poll().run();
        }
    }

    /// Runs everything that is due now, without moving time.
    public void settle() {
        advanceTo(nowNs);
    }

    /// Moves time on by `durationNs`; see [#advanceTo].
    public void advance(long durationNs) {
        advanceTo(nowNs + durationNs);
    }

    /// Moves time to `targetNs`, running every event and wake-up on the way at its own time.
    public void advanceTo(long targetNs) {
        int spins = 0;
        while (true) {
            round(() -> {});
            long nextNs = nextEventNs();
            if (nextNs == Long.MAX_VALUE || nextNs - targetNs > 0) {
                break;
            }
            if (nextNs - nowNs > 0) {
                nowNs = nextNs;
                spins = 0;
            } else if (++spins == SPIN_LIMIT) {
                throw new AssertionError("the reactor spins at " + nowNs + " ns: wakeAt " + wakeAtNs + ", " + events.size() + " events");
            }
            runNext();
        }
        if (targetNs - nowNs > 0) {
            nowNs = targetNs;
        }
    }

    /// Moves time to the next event or wake-up and runs that one only. @return whether there was one
    public boolean step() {
        round(() -> {});
        long nextNs = nextEventNs();
        if (nextNs == Long.MAX_VALUE) {
            return false;
        }
        if (nextNs - nowNs > 0) {
            nowNs = nextNs;
        }
        runNext();
        return true;
    }

    /// The clock jumps, as when a machine was suspended: what was due meanwhile is late.
    public void jump(long durationNs) {
        nowNs += durationNs;
    }

    /// Time of the next event or wake-up, [Long#MAX_VALUE] when nothing will ever happen.
    public long nextEventNs() {
        Event event = events.peek();
        if (event == null) {
            return wakeAtNs;
        }
        return wakeAtNs == Long.MAX_VALUE || event.atNs - wakeAtNs <= 0 ? event.atNs : wakeAtNs;
    }

    private void runNext() {
        Event event = events.peek();
        if (event != null && event.atNs - nowNs <= 0) {
            events.poll();
            round(event.action);
            return;
        }
        wakeAtNs = Long.MAX_VALUE;
        round(wakeHandler);
    }
}
