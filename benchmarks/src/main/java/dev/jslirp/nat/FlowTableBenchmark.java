package dev.jslirp.nat;

import dev.jslirp.bench.BenchmarkBase;
import dev.jslirp.time.TimerWheel;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/// Finding a flow by what a packet says, flows in random order: each look-up misses the cache of the one before.
public class FlowTableBenchmark extends BenchmarkBase {
    private static final int TCP = 6;
    private static final long GUEST_LO = 0xffff_0a00_020fL;
    private static final long FAR_LO = 0xffff_c000_0201L;

    @Param({"100", "10000", "100000"})
    public int flows;
    private FlowTable table;
    private int[] order;
    private int next;

    @Setup
    public void setUp() {
        SplittableRandom random = new SplittableRandom(1);
        table = new FlowTable(random);
        NatShared shared = new NatShared(NatConfig.defaults(), null, null, null, null, null, new TimerWheel(flows, 0), table, null, null);
        order = new int[flows];
        for (int i = 0; i < flows; i++) {
            table.add(new KeyOnly(shared, farLo(i), ports(i)));
            int at = random.nextInt(i + 1);
            order[i] = order[at];
            order[at] = i;
        }
    }

    /// Many guests' ports towards a few servers.
    private static long farLo(int flow) {
        return FAR_LO + flow / 50_000;
    }

    private static int ports(int flow) {
        return Flow.ports(10_000 + flow % 50_000, 443);
    }

    @Benchmark
    public Object find() {
        next = next + 1 == flows ? 0 : next + 1;
        int flow = order[next];
        return table.find(0, GUEST_LO, 0, farLo(flow), ports(flow), TCP);
    }

    private static final class KeyOnly extends Flow {
        KeyOnly(NatShared shared, long farLo, int ports) {
            super(shared, 0, GUEST_LO, 0, farLo, ports, TCP);
        }

        @Override
        void onTimer(long nowNs) {}

        @Override
        void onFlush(long nowNs) {}

        @Override
        void onRemoved() {}

        @Override
        void shutDown(long nowNs) {}
    }
}
