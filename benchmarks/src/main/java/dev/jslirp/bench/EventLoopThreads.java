package dev.jslirp.bench;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Runs benchmarks on threads of the kind that run an event loop: Netty recycles buffers' objects on no others.
public final class EventLoopThreads extends ThreadPoolExecutor {
    /// Called by JMH (`jmh.executor.class`).
    public EventLoopThreads(int threads, String name) {
        super(threads, threads, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), new DefaultThreadFactory(name, true));
    }
}
