package dev.jslirp.bench;

import io.netty.buffer.ByteBuf;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// One UDP datagram of an existing flow, each way, in batches of 16.
public class UdpBenchmark extends BenchmarkBase {
    private static final int BATCH = 16;
    private static final int FAR_PORT = 5_000;

    @Param({"MTU_1500", "MTU_1500_CSUM"})
    public LinkKind link;
    @Param({"64", "1400"})
    public int bytes;
    private BenchNetwork net;
    private GuestFrame datagram;
    private ByteBuf hostBytes;

    @Setup
    public void setUp() {
        net = new BenchNetwork(link);
        datagram = GuestFrame.udp(40_000, FAR_PORT, bytes);
        hostBytes = ALLOCATOR.directBuffer(bytes).writerIndex(bytes);
        guestToHost();
        long frames = net.link.frames;
        hostToGuest();
        if (net.host.bytesTaken != (long) BATCH * bytes || net.link.frames - frames != BATCH) {
            throw new IllegalStateException("host got " + net.host.bytesTaken + " bytes, guest " + (net.link.frames - frames) + " frames");
        }
    }

    @TearDown
    public void tearDown() {
        net.close();
        datagram.bytes.release();
        hostBytes.release();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void guestToHost() {
        for (int i = 0; i < BATCH; i++) {
            net.receive(datagram);
        }
        net.endBatch();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void hostToGuest() {
        for (int i = 0; i < BATCH; i++) {
            net.host.datagrams.onDatagram(hostBytes, 0, GuestFrame.FAR_LO, FAR_PORT);
        }
        net.endBatch();
    }
}
