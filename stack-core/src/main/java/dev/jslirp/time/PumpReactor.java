package dev.jslirp.time;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/// The reactor of an embedder that has a loop of its own (a VMM, an emulator, a test) and brings its own `host.HostNetwork`: no threads, no
/// clock. With host sockets of `java.nio` it is `host.netty.PumpedLoop` that fits.
///
/// The loop calls [#advanceTo] before it hands over frames, [#poll] after it, and may sleep until
/// [#nextDeadlineNs]. The thread that does so owns the network; only [#execute] may be called by others, and `alert`
/// tells the loop that it has been.
public final class PumpReactor implements Reactor {
    private final Runnable alert;
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final Queue<Runnable> foreignTasks = new ConcurrentLinkedQueue<>();
    private volatile Thread owner = Thread.currentThread();
    private long nowNs;
    private long wakeNs = Long.MAX_VALUE;
    private Runnable onWake;

    /// A reactor whose time is `nowNs`, owned by the calling thread.
    ///
    /// @param alert run by another thread after it queued a task; should make the loop call [#poll] soon
    public PumpReactor(long nowNs, Runnable alert) {
        this.nowNs = nowNs;
        this.alert = alert;
    }

    /// Sets the time, which must not go back.
    public void advanceTo(long nowNs) {
        if (nowNs - this.nowNs < 0) {
            throw new IllegalArgumentException("time goes back from " + this.nowNs + " to " + nowNs + " ns");
        }
        this.nowNs = nowNs;
    }

    /// Sets the time, runs the wake-up if it is due, and the tasks queued until then. Tasks they queue wait for the next call.
    /// The calling thread becomes the owner.
    public void poll(long nowNs) {
        if (owner != Thread.currentThread()) {
            owner = Thread.currentThread();
        }
        advanceTo(nowNs);
        if (wakeNs != Long.MAX_VALUE && wakeNs - nowNs <= 0) {
            wakeNs = Long.MAX_VALUE;
            onWake.run();
        }
        for (Runnable task = foreignTasks.poll(); task != null; task = foreignTasks.poll()) {
            tasks.add(task);
        }
        for (int count = tasks.size(); count > 0; count--) {
            tasks.poll().run();
        }
    }

    /// When [#poll] wants to be called next: the present time if tasks wait, [Long#MAX_VALUE] if there is nothing to do.
    public long nextDeadlineNs() {
        return tasks.isEmpty() && foreignTasks.isEmpty() ? wakeNs : nowNs;
    }

    @Override
    public long nowNs() {
        return nowNs;
    }

    @Override
    public void wakeAt(long deadlineNs) {
        wakeNs = deadlineNs;
    }

    @Override
    public void onWake(Runnable handler) {
        onWake = handler;
    }

    @Override
    public boolean inLoop() {
        return owner == Thread.currentThread();
    }

    @Override
    public void execute(Runnable task) {
        if (inLoop()) {
            tasks.add(task);
        } else {
            foreignTasks.add(task);
            alert.run();
        }
    }
}
