package dev.jslirp.tap.vhost;

import dev.jslirp.tap.linux.EventFd;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// How many frames per second pass between a driver and the back end, each on a thread of its own; run it as a program.
///
/// The receiver only counts; what is measured is rings, descriptors and the copy of each frame.
public final class RingBenchmark {
    private static final int SIZE = 256;
    private static final long RUN_NS = 2_000_000_000L;
    private static final int BUFFER = 16_384;

    private RingBenchmark() {}

    /// Prints a line per direction and frame size.
    public static void main(String[] args) throws IOException {
        for (int round = 0; round < 2; round++) {
            for (int bytes : new int[] {60, 1_514, 16_000, 65_000}) {
                run(bytes, true);
                run(bytes, false);
            }
        }
    }

    private static void run(int bytes, boolean fromGuest) throws IOException {
        Path path = Files.createTempDirectory("vhost").resolve("s");
        AtomicLong frames = new AtomicLong();
        try (LinkFixture fixture = new LinkFixture(path, VhostUserConfig.ofMtu(1_500))) {
            fixture.startedWith((frame, offload) -> frames.setRelease(frames.getPlain() + 1));
            try (FrontEnd guest = new FrontEnd(fixture, SIZE, 2)) {
                guest.start(FrontEnd.ALL);
                long startNs = System.nanoTime();
                long count = fromGuest ? send(guest, bytes, frames, startNs) : receive(fixture, guest, bytes, startNs);
                double seconds = (System.nanoTime() - startNs) / 1e9;
                System.out.printf("%s %6d bytes: %,10.0f frames/s %6.1f Gbit/s%n", fromGuest ? "from guest" : "to guest  ", bytes,
                        count / seconds, count * 8.0 * bytes / seconds / 1e9);
            }
        }
    }

    private static long send(FrontEnd guest, int bytes, AtomicLong frames, long startNs) {
        DriverRing tx = guest.rings[1];
        for (int i = 0; i < SIZE; i++) {
            tx.descriptor(i, FrontEnd.address(FrontEnd.BUFFERS + (long) i % 8 * 65_536 * 2), bytes + 12, 0, 0);
        }
        for (int i = 0; i < SIZE; i++) {
            tx.offer(i);
        }
        tx.publish(0);
        tx.kick();
        while (System.nanoTime() - startNs < RUN_NS) {
            int before = tx.offered();
            for (int used = tx.usedCount(); used > 0; used--) {
                tx.offer((int) tx.takeUsed() & 0xffff);
            }
            if (tx.offered() != before) {
                tx.publish(0);
                if (tx.wantsKick(before)) {
                    tx.kick();
                }
            } else {
                Thread.onSpinWait();
            }
        }
        return frames.getAcquire();
    }

    private static long receive(LinkFixture fixture, FrontEnd guest, int bytes, long startNs) {
        DriverRing rx = guest.rings[0];
        int buffer = bytes > 2_000 ? BUFFER : 2_048;
        for (int i = 0; i < SIZE; i++) {
            rx.descriptor(i, FrontEnd.address(FrontEnd.BUFFERS + (long) i * BUFFER), buffer, DriverRing.WRITE, 0);
            rx.offer(i);
        }
        rx.publish(0);
        Sender sender = new Sender(fixture, rx.callFd, bytes, startNs);
        fixture.loop.execute(sender);
        while (System.nanoTime() - startNs < RUN_NS) {
            rx.callWhenPast(rx.taken());
            int used = rx.usedCount();
            if (used == 0) {
                Processes.awaitInput(rx.callFd);
                rx.calls();
                continue;
            }
            for (int i = 0; i < used; i++) {
                rx.offer((int) rx.takeUsed() & 0xffff);
            }
            rx.publish(0);
            if (sender.idle.getAndSet(false)) {
                fixture.loop.execute(sender);
            }
        }
        fixture.rounds();
        return fixture.inLoop(sender::release);
    }

    /// Sends until the ring is full, and again when there are buffers.
    private static final class Sender implements Runnable {
        private static final int BATCH = 32;
        private final AtomicBoolean idle = new AtomicBoolean();
        private final LinkFixture fixture;
        private final long startNs;
        private final ByteBuf header;
        private final ByteBuf body;
        private final OutboundFrame frame;
        private final int callFd;
        private long sent;

        Sender(LinkFixture fixture, int callFd, int bytes, long startNs) {
            this.callFd = callFd;
            this.fixture = fixture;
            this.startNs = startNs;
            header = fixture.allocator.directBuffer(256).writeZero(54);
            body = fixture.allocator.directBuffer(65_536).writeZero(65_536);
            frame = new OutboundFrame(header);
            frame.payload.add(body, 0, bytes - 54);
            frame.offload = Offload.pack(Offload.NEEDS_CSUM, bytes > 1_514 ? Offload.GSO_TCPV4 : 0, 1_460, 54, 34, 16);
        }

        @Override
        public void run() {
            int batch = 0;
            while (batch < BATCH && transmit()) {
                batch++;
            }
            boolean full = batch < BATCH;
            if (full) {
                idle.set(true);
                // Buffers that came before the driver could see that: it will not ask.
                full = !transmit() || !idle.getAndSet(false);
            }
            fixture.link.flush();
            if (System.nanoTime() - startNs >= RUN_NS) {
                // The driver shall see the end.
                EventFd.signal(callFd);
            } else if (!full) {
                fixture.loop.execute(this);
            }
        }

        private boolean transmit() {
            long dropped = fixture.link.dropped();
            fixture.link.transmit(frame);
            if (fixture.link.dropped() != dropped) {
                return false;
            }
            sent++;
            return true;
        }

        long release() {
            header.release();
            body.release();
            return sent;
        }
    }
}
