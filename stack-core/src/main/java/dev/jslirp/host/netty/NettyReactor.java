package dev.jslirp.host.netty;

import dev.jslirp.time.Reactor;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.TimeUnit;

/// The reactor on a Netty event loop; time is that of the loop's ticker, which is [System#nanoTime] for all but [PumpedLoop].
///
/// A wake-up moved to a later time leaves the scheduled task where it is; when it fires too early, it
/// is scheduled anew. So the usual re-arm per batch allocates nothing and touches no queue.
public final class NettyReactor implements Reactor {
    private final EventLoop loop;
    private final Ticker ticker;
    private final Runnable timer = this::onTimer;
    private Runnable onWake;
    private long wakeNs = Long.MAX_VALUE;
    /// When the outstanding task fires; meaningless if `scheduled` is null.
    private long scheduledNs;
    private Future<?> scheduled;

    /// A reactor on `loop`, which becomes the owning thread.
    public NettyReactor(EventLoop loop) {
        this.loop = loop;
        ticker = loop.ticker();
    }

    @Override
    public long nowNs() {
        return ticker.nanoTime();
    }

    @Override
    public void wakeAt(long deadlineNs) {
        wakeNs = deadlineNs;
        if (deadlineNs == Long.MAX_VALUE || scheduled != null && scheduledNs - deadlineNs <= 0) {
            return;
        }
        if (scheduled != null) {
            scheduled.cancel(false);
        }
        schedule(ticker.nanoTime());
    }

    @Override
    public void onWake(Runnable handler) {
        onWake = handler;
    }

    @Override
    public boolean inLoop() {
        return loop.inEventLoop();
    }

    @Override
    public void execute(Runnable task) {
        loop.execute(task);
    }

    /// When the handler of wake-ups wants to run next, [Long#MAX_VALUE] for never.
    long wakeNs() {
        return wakeNs;
    }

    private void schedule(long nowNs) {
        scheduledNs = wakeNs;
        scheduled = loop.schedule(timer, Math.max(0, wakeNs - nowNs), TimeUnit.NANOSECONDS);
    }

    private void onTimer() {
        scheduled = null;
        if (wakeNs == Long.MAX_VALUE) {
            return;
        }
        long nowNs = ticker.nanoTime();
        if (wakeNs - nowNs > 0) {
            schedule(nowNs);
        } else {
            wakeNs = Long.MAX_VALUE;
            onWake.run();
        }
    }
}
