package dev.jslirp.bench;

import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// One TCP segment through link, net, nat and tcp to a host that takes it, and the way back. In batches of 16, as a
/// busy link delivers them: one acknowledgement per batch is part of the price. `…Alone`: a batch and an acknowledgement for each.
public class TcpBenchmark extends BenchmarkBase {
    private static final int BATCH = 16;
    private static final int GUEST_PORT = 40_000;
    /// Rounds in which both windows, and the congestion window, grow to hold a batch.
    private static final int WARM_UP = 100;

    @Param
    public LinkKind link;
    private BenchNetwork net;
    private GuestFrame data;
    private ByteBuf hostBytes;
    private int guestSeq = 1;

    @Setup
    public void setUp() {
        net = new BenchNetwork(link);
        data = GuestFrame.tcp(BenchNetwork.FAR_PORT, TcpHeader.ACK, false, link.segmentBytes);
        hostBytes = ALLOCATOR.directBuffer(link.segmentBytes);
        hostBytes.writerIndex(hostBytes.capacity());
        net.connect(GUEST_PORT);
        for (int i = 0; i < WARM_UP; i++) {
            guestToHostAlone();
            hostToGuest();
        }
        long bytes = net.host.bytesTaken;
        guestToHost();
        long frames = net.link.frames;
        hostToGuest();
        if (net.host.bytesTaken - bytes != (long) BATCH * link.segmentBytes || net.link.frames - frames != BATCH) {
            throw new IllegalStateException("the host got " + (net.host.bytesTaken - bytes) + " bytes, the guest "
                    + (net.link.frames - frames) + " frames");
        }
    }

    @TearDown
    public void tearDown() {
        net.close();
        data.bytes.release();
        hostBytes.release();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void guestToHost() {
        for (int i = 0; i < BATCH; i++) {
            sendFromGuest();
        }
        net.endBatch();
    }

    @Benchmark
    public void guestToHostAlone() {
        sendFromGuest();
        net.endBatch();
    }

    private void sendFromGuest() {
        net.receive(data.with(GUEST_PORT, guestSeq, net.link.seqEnd));
        guestSeq += link.segmentBytes;
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void hostToGuest() {
        for (int i = 0; i < BATCH; i++) {
            net.host.stream.onBytes(hostBytes.retainedSlice());
        }
        int end = net.link.seqEnd + BATCH * link.segmentBytes;
        while (net.link.seqEnd != end) {
            net.endBatch();
            net.acknowledge(GUEST_PORT, guestSeq, net.link.seqEnd);
        }
        net.endBatch();
    }

    @Benchmark
    public void hostToGuestAlone() {
        net.host.stream.onBytes(hostBytes.retainedSlice());
        net.endBatch();
        net.acknowledge(GUEST_PORT, guestSeq, net.link.seqEnd);
        net.endBatch();
    }
}
