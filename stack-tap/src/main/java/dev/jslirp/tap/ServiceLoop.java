package dev.jslirp.tap;

import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.TapException;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;

/// A thread of the daemon: an event loop, and memory that only it allocates from, so that loops never wait for each other.
final class ServiceLoop implements AutoCloseable {
    private static final int PAGE_BYTES = 8_192;
    /// Chunks of 4 MB: memory for a few large frames, and little more when idle.
    private static final int CHUNK_ORDER = 9;

    private final EpollLoop loop;
    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true, 0, 1, PAGE_BYTES, CHUNK_ORDER,
            PooledByteBufAllocator.defaultSmallCacheSize(), PooledByteBufAllocator.defaultNormalCacheSize(), false);

    /// Starts the thread.
    ///
    /// @param busyPollNs as [EpollLoop] takes it
    /// @throws TapException if the kernel gives no descriptor for it
    ServiceLoop(String name, long busyPollNs) throws TapException {
        loop = new EpollLoop(name, busyPollNs);
    }

    EpollLoop loop() {
        return loop;
    }

    PooledByteBufAllocator allocator() {
        return allocator;
    }

    /// Runs `task` in the loop and waits for it.
    ///
    /// @throws IOException what the task threw
    <T> T call(Callable<T> task) throws IOException {
        FutureTask<T> future = new FutureTask<>(task);
        loop.execute(future);
        try {
            return future.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case RuntimeException bug -> throw bug;
                default -> throw new IllegalStateException(e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /// Buffers not given back. After [#close], when the thread has given back those it kept for itself.
    long buffersInUse() {
        return Stream.concat(allocator.metric().directArenas().stream(), allocator.metric().heapArenas().stream())
                .mapToLong(PoolArenaMetric::numActiveAllocations).sum();
    }

    /// Ends the thread. Idempotent.
    @Override
    public void close() {
        loop.close();
    }
}
