package dev.jslirp.bench;

import dev.jslirp.time.TimerWheel;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/// What a flow's timer costs: moved on by every segment, due now and then. 10 000 flows in turn, 1 µs apart.
public class TimerWheelBenchmark extends BenchmarkBase {
    private static final int FLOWS = 10_000;
    private static final long RTO_NS = 200_000_000L;
    private static final long STEP_NS = 1_000;

    private final TimerWheel wheel = new TimerWheel(FLOWS, 0);
    private final int[] ids = new int[FLOWS];
    private int next;
    private long nowNs;

    @Setup
    public void setUp() {
        for (int i = 0; i < FLOWS; i++) {
            ids[i] = wheel.add(_ -> { });
        }
    }

    /// Re-arms to a later time.
    @Benchmark
    public void rearm() {
        nowNs += STEP_NS;
        wheel.arm(nextId(), nowNs + RTO_NS);
    }

    /// Re-arms and polls, so that slots come up.
    @Benchmark
    public int rearmAndPoll() {
        nowNs += STEP_NS;
        wheel.arm(nextId(), nowNs + RTO_NS);
        return wheel.poll(nowNs, 128);
    }

    private int nextId() {
        next = next + 1 == FLOWS ? 0 : next + 1;
        return ids[next];
    }
}
