package dev.jslirp.bench;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Conventions of all benchmarks: nanoseconds per operation, two forks, flags of the launcher, pooled direct buffers.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgs = {"-XX:+UseSerialGC", "-Xms256m", "-Xmx256m", "-XX:+UseCompactObjectHeaders", "-XX:-UsePerfData",
    "--sun-misc-unsafe-memory-access=allow", "-Dio.netty.noUnsafe=false", "-Dio.netty.leakDetection.level=disabled",
    "-Djmh.executor=CUSTOM", "-Djmh.executor.class=dev.jslirp.bench.EventLoopThreads"})
public abstract class BenchmarkBase {
    /// Where buffers come from.
    protected static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;
}
