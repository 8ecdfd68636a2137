package dev.jslirp.bench;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.time.PumpReactor;
import dev.jslirp.wire.TcpHeader;
import java.util.SplittableRandom;

/// A guest network between a link and a host that discard, and the guest's part in a connection.
final class BenchNetwork implements AutoCloseable {
    static final int FAR_PORT = 80;
    private static final long BATCH_NS = 10_000;

    final DiscardingLink link;
    final DiscardingHost host = new DiscardingHost();
    final GuestNetwork network;
    private final PumpReactor reactor = new PumpReactor(0, () -> { });
    private final long offload;
    private final GuestFrame syn = GuestFrame.tcp(FAR_PORT, TcpHeader.SYN, true, 0);
    private final GuestFrame ack = GuestFrame.tcp(FAR_PORT, TcpHeader.ACK, false, 0);
    private final GuestFrame fin = GuestFrame.tcp(FAR_PORT, TcpHeader.FIN | TcpHeader.ACK, false, 0);
    private long nowNs;

    BenchNetwork(LinkKind kind) {
        link = new DiscardingLink(kind.capabilities);
        offload = kind.offload();
        network = new GuestNetwork(GuestNetworkConfig.defaults(), link, host, reactor, new SplittableRandom(1), BenchmarkBase.ALLOCATOR);
        network.start();
    }

    /// Hands a frame of the guest to the network.
    void receive(GuestFrame frame) {
        link.receiver.onFrame(frame.bytes, offload);
    }

    /// Ends the batch, 10 µs after the last one.
    void endBatch() {
        nowNs += BATCH_NS;
        reactor.poll(nowNs);
    }

    /// Opens a connection from this port; the guest's next sequence number is 1.
    void connect(int guestPort) {
        receive(syn.with(guestPort, 0, 0));
        endBatch();
        host.stream.onConnected();
        endBatch();
        acknowledge(guestPort, 1, link.seq + 1);
        endBatch();
    }

    void acknowledge(int guestPort, int seq, int number) {
        receive(ack.with(guestPort, seq, number));
    }

    /// Closes a connection on which nothing was sent: first the guest, then the host.
    void close(int guestPort) {
        receive(fin.with(guestPort, 1, link.seqEnd));
        endBatch();
        host.stream.onEof();
        endBatch();
        acknowledge(guestPort, 2, link.seq + 1);
        endBatch();
    }

    @Override
    public void close() {
        network.close();
        syn.bytes.release();
        ack.bytes.release();
        fin.bytes.release();
    }
}
