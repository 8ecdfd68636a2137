package dev.jslirp.fuzz;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.wire.DropReason;
import java.util.List;

/// A network between a fuzzer's guest and a fuzzer's host, with the assertions of [the package][dev.jslirp.fuzz].
final class FuzzNetwork implements AutoCloseable {
    private static final long MS = 1_000_000L;
    /// What a network may hold whatever happens.
    private static final long HELD_BYTES_FLOOR = 256 << 10;
    /// A payload may pin four times its size (it is copied where it would pin more), here and in a copy on the way.
    private static final int HELD_PER_BYTE_SENT = 8;
    /// So that an input's time is bounded, too.
    private static final int STEPS_MAX = 256;

    final NetworkFixture fixture;
    private long bytesSent;
    private int steps;

    FuzzNetwork(GuestNetworkConfig config) {
        fixture = NetworkFixture.ready(config, LinkCapabilities.plain(1500));
    }

    /// Whether another step of `input` is to be carried out; the one before it is checked.
    boolean step(FuzzInput input) {
        check();
        return input.hasMore() && steps++ < STEPS_MAX;
    }

    /// A frame as it is.
    void frame(byte[] frame) {
        bytesSent += frame.length;
        fixture.link.deliver(frame);
    }

    /// An IPv4 packet's payload from the guest.
    void segment(int far, TcpSegment segment) {
        bytesSent += segment.payload().length + Long.BYTES;
        fixture.guest.send(far, segment);
    }

    /// Says that so many bytes were sent by other means.
    void sent(int bytes) {
        bytesSent += bytes;
    }

    /// 1 ms to about 9 hours by powers of two.
    void advance(int exponent) {
        fixture.reactor.advance(MS << exponent % 26);
    }

    /// A millisecond passes, and what was received is checked and returned.
    List<Received> receive() {
        fixture.reactor.advance(MS);
        List<Received> all = fixture.guest.takeAll();
        fixture.link.takeSent();
        for (Received received : all) {
            received.tcp();
            received.udp();
            received.icmp();
        }
        return all;
    }

    private void check() {
        receive();
        long internal = fixture.network.counters().get(DropReason.INTERNAL);
        if (internal != 0) {
            throw new AssertionError(internal + " exceptions inside the stack");
        }
        long held = fixture.allocator.liveBytes();
        if (held > HELD_BYTES_FLOOR + HELD_PER_BYTE_SENT * bytesSent) {
            throw new AssertionError(held + " bytes are held after " + bytesSent + " were sent");
        }
    }

    @Override
    public void close() {
        check();
        fixture.close();
        check();
    }

    /// Runs `target` on a network of this configuration.
    static void run(GuestNetworkConfig config, Target target) {
        FuzzNetwork net = new FuzzNetwork(config);
        try {
            target.run(net);
        } catch (Throwable failure) {
            try {
                net.fixture.abandon();
            } catch (RuntimeException | AssertionError alsoFailed) {
                failure.addSuppressed(alsoFailed);
            }
            throw failure;
        }
        net.close();
    }

    /// What is done to a network.
    interface Target {
        void run(FuzzNetwork net);
    }
}
