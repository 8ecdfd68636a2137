package dev.jslirp.bench;

import io.netty.buffer.PooledByteBufAllocator;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;

/// What established, idle TCP flows hold: live heap, and memory of the allocator, after full collections.
final class FlowMemory {
    private static final int FLOWS = 50_000;

    private FlowMemory() {}

    static void print(PrintStream out) {
        try (BenchNetwork net = new BenchNetwork(LinkKind.TSO)) {
            // Whatever is made only once is there before.
            IdleFlowsBenchmark.connectIdle(net, 1);
            long heapBefore = liveHeapBytes();
            long directBefore = usedDirectBytes();
            IdleFlowsBenchmark.connectIdle(net, FLOWS + 1);
            int opened = net.network.flowCount() - 1;
            double heap = (double) (liveHeapBytes() - heapBefore) / opened;
            double direct = (double) (usedDirectBytes() - directBefore) / opened;
            out.printf("%d idle TCP flows: %.0f bytes of heap, %.0f of buffers each%n", opened, heap, direct);
        }
    }

    private static long liveHeapBytes() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long usedDirectBytes() {
        return ((PooledByteBufAllocator) BenchmarkBase.ALLOCATOR).pinnedDirectMemory();
    }
}
