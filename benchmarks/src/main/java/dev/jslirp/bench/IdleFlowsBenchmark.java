package dev.jslirp.bench;

import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// One byte from the guest and one byte back, each in a batch of its own, on one connection beside so many that are established and idle.
public class IdleFlowsBenchmark extends BenchmarkBase {
    private static final int GUEST_PORT = 1_000;
    private static final int FIRST_IDLE_PORT = 10_000;

    @Param({"0", "50000"})
    public int idleFlows;
    private BenchNetwork net;
    private GuestFrame request;
    private ByteBuf answer;
    private int guestSeq = 1;

    @Setup
    public void setUp() {
        net = new BenchNetwork(LinkKind.TSO);
        connectIdle(net, idleFlows);
        request = GuestFrame.tcp(BenchNetwork.FAR_PORT, TcpHeader.ACK, false, 1);
        answer = ALLOCATOR.directBuffer(1).writeByte(0);
        net.connect(GUEST_PORT);
        requestAndAnswer();
        if (net.host.bytesTaken != 1 || net.network.flowCount() != idleFlows + 1) {
            throw new IllegalStateException(net.host.bytesTaken + " bytes taken, " + net.network.flowCount() + " flows");
        }
    }

    /// Establishes `count` connections on which nothing is sent.
    static void connectIdle(BenchNetwork net, int count) {
        for (int i = 0; i < count; i++) {
            net.connect(FIRST_IDLE_PORT + i);
        }
    }

    @TearDown
    public void tearDown() {
        net.close();
        request.bytes.release();
        answer.release();
    }

    @Benchmark
    public void requestAndAnswer() {
        net.receive(request.with(GUEST_PORT, guestSeq++, net.link.seqEnd));
        net.endBatch();
        net.host.stream.onBytes(answer.retainedSlice());
        net.endBatch();
    }
}
