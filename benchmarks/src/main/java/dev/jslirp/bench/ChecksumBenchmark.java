package dev.jslirp.bench;

import dev.jslirp.wire.Checksum;
import io.netty.buffer.ByteBuf;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// The checksum of a buffer, and of a slice of one, as payload of the host is held. Bytes per nanosecond are GB/s.
public class ChecksumBenchmark extends BenchmarkBase {
    @Param({"64", "1460", "65480"})
    public int bytes;
    private ByteBuf buffer;
    private ByteBuf slice;

    @Setup
    public void setUp() {
        buffer = ALLOCATOR.directBuffer(bytes + 256);
        for (int i = 0; i < buffer.capacity(); i++) {
            buffer.setByte(i, i * 31);
        }
        buffer.writerIndex(bytes + 256);
        slice = buffer.retainedSlice(14, bytes + 64);
    }

    @TearDown
    public void tearDown() {
        slice.release();
        buffer.release();
    }

    @Benchmark
    public long whole() {
        return Checksum.sum(buffer, 34, bytes);
    }

    @Benchmark
    public long slice() {
        return Checksum.sum(slice, 20, bytes);
    }
}
