package dev.jslirp.host.netty;

import dev.jslirp.time.Reactor;
import io.netty.channel.IoEventLoop;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// A loop without a thread of its own, for a program that has one (an emulator, a machine monitor): reactor and event loop of host
/// sockets in one, run by the program whenever it likes.
///
/// ```
/// var pump = new PumpedLoop(Thread.currentThread(), System::nanoTime, () -> {});
/// var host = new NettyHostNetwork(pump.eventLoop(), allocator, NettyHostNetwork.Options.DEFAULT);
/// var network = new GuestNetwork(config, link, host, pump, random, allocator);
/// network.start();
/// while (running) {
///     link.receive(...);                // the guest's frames
///     pump.poll(pump.nextDeadlineNs() - System.nanoTime()); // or poll(0), and sleep elsewhere
/// }
/// ```
/// Everything of the network happens inside [#poll], and inside what the program calls itself. Time is the program's: a guest that was
/// paused need not see its timers run out, if the clock given stood still too. Sockets are looked at only by `poll`, so a program that
/// sleeps does it there, and is woken by frames of other threads (`EmbeddedLink.submit`), by [#execute] and by [#wakeUp]; one that must
/// sleep elsewhere polls often.
public final class PumpedLoop implements Reactor, AutoCloseable {
    private final LongSupplier clock;
    private final Runnable alert;
    private final ManualIoEventLoop loop;
    private final NettyReactor reactor;

    /// A loop that only `owner` may poll; it owns the network.
    ///
    /// @param clock what [#nowNs] says: monotonic nanoseconds of any origin, read by `owner` only
    /// @param alert run by another thread that has called [#execute], for a program that sleeps elsewhere; nothing is needed to
    ///              wake `poll`
    public PumpedLoop(Thread owner, LongSupplier clock, Runnable alert) {
        this.clock = clock;
        this.alert = alert;
        loop = new ManualIoEventLoop(null, owner, NioIoHandler.newFactory(), new ClockTicker(clock));
        reactor = new NettyReactor(loop);
    }

    /// The loop for [NettyHostNetwork]; the program does not run it itself.
    public IoEventLoop eventLoop() {
        return loop;
    }

    /// Does everything that is to be done now: sockets that are ready, tasks, timers, ends of batches. Owner only.
    ///
    /// @param waitNs how long to wait for something to do, if there is nothing: 0 or less for not at all; it never waits past
    ///               [#nextDeadlineNs]
    /// @return whether there was anything
    public boolean poll(long waitNs) {
        return (waitNs > 0 ? loop.run(waitNs) : loop.runNow()) > 0;
    }

    /// When [#poll] has something to do although no socket becomes ready and nobody hands in anything; [Long#MAX_VALUE] for never.
    /// Owner only.
    public long nextDeadlineNs() {
        return reactor.wakeNs();
    }

    /// Ends the wait of a [#poll] under way, or of the next one. Any thread.
    public void wakeUp() {
        if (!loop.inEventLoop()) {
            loop.wakeup();
        }
    }

    @Override
    public long nowNs() {
        return clock.getAsLong();
    }

    @Override
    public void wakeAt(long deadlineNs) {
        reactor.wakeAt(deadlineNs);
    }

    @Override
    public void onWake(Runnable handler) {
        reactor.onWake(handler);
    }

    @Override
    public boolean inLoop() {
        return reactor.inLoop();
    }

    @Override
    public void execute(Runnable task) {
        reactor.execute(task);
        if (!inLoop()) {
            alert.run();
        }
    }

    /// Frees the selector, after the network was closed. Owner only; idempotent.
    @Override
    @SuppressWarnings("deprecation") // A graceful shutdown waits for time to pass, and the program's clock may stand still.
    public void close() {
        loop.shutdown();
        while (!loop.isTerminated()) {
            loop.runNow();
        }
    }

    /// The program's clock as Netty wants it. Nothing sleeps by it: the selector waits.
    private record ClockTicker(LongSupplier clock, long initialNanoTime) implements Ticker {
        ClockTicker(LongSupplier clock) {
            this(clock, clock.getAsLong());
        }

        @Override
        public long nanoTime() {
            return clock.getAsLong();
        }

        @Override
        public void sleep(long delay, TimeUnit unit) {
            throw new UnsupportedOperationException("a pumped loop does not sleep by its clock");
        }
    }
}
