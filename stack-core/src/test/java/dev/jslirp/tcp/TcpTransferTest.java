package dev.jslirp.tcp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.SeqNum;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Two connections talk through a pipe that loses, duplicates and reorders, in virtual time.
class TcpTransferTest {
    private static final long MS = TestEndpoint.MS;

    private record Flying(long atNs, long order, int to, TestEndpoint.Sent segment) {}

    private final PacketView view = new PacketView();
    private long order;

    @Test
    void everyByteArrivesThroughAnUnreliablePipeAndNothingLeaks() {
        for (long seed = 0; seed < 300; seed++) {
            try {
                run(seed);
            } catch (Throwable e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private void run(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int loss = random.nextInt(4) == 0 ? 0 : random.nextInt(15);
        TestEndpoint[] ends = {endpoint(random), endpoint(random)};
        byte[][] data = {bytes(random), bytes(random)};
        int[] appended = {0, 0};
        int[] roomMax = {256 + random.nextInt(random.nextBoolean() ? 3000 : 200_000), 256 + random.nextInt(200_000)};
        ends[0].room = roomMax[0];
        ends[1].room = roomMax[1];
        // In some worlds one end gives up in the middle.
        int aborter = random.nextInt(4) == 0 ? random.nextInt(2) : -1;
        int abortAt = random.nextInt(100);
        PriorityQueue<Flying> pipe = new PriorityQueue<>(Comparator.comparingLong(Flying::atNs).thenComparingLong(Flying::order));
        long now = random.nextLong() >> 8;
        long start = now;
        TestEndpoint a = ends[0];
        a.connection = TcpConnection.active(a.shared, a, a, a.buffer, -random.nextInt(100_000), now);
        for (int steps = 0; !(ends[0].closed && ends[1].closed); steps++) {
            assertTrue(steps < 200_000 && now - start < 3_000_000 * MS,
                    () -> "no progress: " + describe(ends[0]) + ", " + describe(ends[1]));
            if (aborter >= 0 && steps >= abortAt && ends[1].connection != null) {
                ends[aborter].connection.abort(now);
            }
            for (int i = 0; i < 2; i++) {
                if (ends[i].connection != null) {
                    use(ends[i], data[i], appended, i, roomMax[i], random, now);
                    ends[i].connection.onBatchEnd(now);
                    transmit(ends[i], 1 - i, pipe, loss, random, now);
                }
            }
            long next = now + 50 * MS;
            for (TestEndpoint end : ends) {
                if (end.connection != null) {
                    next = Math.min(next, end.connection.nextDeadlineNs());
                }
            }
            now = Math.max(now, pipe.isEmpty() ? next : Math.min(next, pipe.peek().atNs));
            while (!pipe.isEmpty() && pipe.peek().atNs <= now) {
                deliver(ends, pipe, pipe.poll(), random, now);
            }
            for (TestEndpoint end : ends) {
                if (end.connection != null && end.connection.nextDeadlineNs() <= now) {
                    end.connection.onDeadline(now);
                }
            }
        }
        for (int i = 0; i < 2; i++) {
            byte[] received = ends[i].received.toByteArray();
            assertEquals(0, ends[i].allocator.metric().usedHeapMemory(), "leaked");
            assertEquals(Long.MAX_VALUE, ends[i].connection.nextDeadlineNs());
            if (aborter >= 0) {
                assertArrayEquals(Arrays.copyOf(data[1 - i], received.length), received);
                continue;
            }
            assertArrayEquals(data[1 - i], received);
            assertTrue(!ends[i].events.contains("TIMED_OUT") && !ends[i].events.contains("RESET_BY_GUEST"), ends[i].events.toString());
        }
    }

    private static String describe(TestEndpoint end) {
        return end.connection.state() + " received " + end.received.size() + ", room " + end.room + ", window "
                + end.shared.config().receiveWindowMax() + ", MSS " + end.shared.mss();
    }

    private void use(TestEndpoint end, byte[] data, int[] appended, int i, int roomMax, SplittableRandom random, long now) {
        if (end.connection.state() == TcpState.CLOSED) {
            return;
        }
        int left = data.length - appended[i];
        if (left > 0 && random.nextInt(3) == 0) {
            int count = 1 + random.nextInt(Math.min(left, 1 + random.nextInt(30_000)));
            end.buffer.append(end.allocator.buffer(count).writeBytes(data, appended[i], count));
            appended[i] += count;
        } else if (left == 0 && end.connection.state().isSynchronized()) {
            end.connection.close(now);
        }
        if (random.nextInt(4) == 0) {
            end.room = Math.min(roomMax, end.room + random.nextInt(roomMax + 1));
        }
    }

    private void transmit(TestEndpoint from, int to, PriorityQueue<Flying> pipe, int loss, SplittableRandom random, long now) {
        while (!from.sent.isEmpty()) {
            TestEndpoint.Sent segment = from.sent.poll();
            if (random.nextInt(100) < loss) {
                continue;
            }
            for (int copies = random.nextInt(100) < loss / 2 ? 2 : 1; copies > 0; copies--) {
                long delay = MS + (random.nextInt(100) < loss ? random.nextInt(8) * MS : 0);
                pipe.add(new Flying(now + delay, order++, to, segment));
            }
        }
    }

    private void deliver(TestEndpoint[] ends, PriorityQueue<Flying> pipe, Flying flying, SplittableRandom random, long now) {
        TestEndpoint end = ends[flying.to];
        ByteBuf frame = end.allocator.buffer(flying.segment.bytes().length).writeBytes(flying.segment.bytes());
        try {
            flying.segment.read(view, frame);
            deliver(end, frame, random, now);
            if (end.closed && !view.hasFlags(TcpHeader.RST) && view.hasFlags(TcpHeader.ACK)) {
                pipe.add(new Flying(now + MS, order++, 1 - flying.to, reset(view.ack)));
            }
        } finally {
            frame.release();
        }
    }

    /// What nobody's port says: RFC 9293 §3.10.7.1.
    private static TestEndpoint.Sent reset(int seq) {
        OutboundSegment segment = new OutboundSegment();
        segment.clear();
        segment.flags = TcpHeader.RST;
        segment.seq = seq;
        byte[] bytes = new byte[TcpHeader.MIN_LENGTH];
        TcpHeader.write(Unpooled.wrappedBuffer(bytes), 0, 1, 2, segment);
        return new TestEndpoint.Sent(bytes, 0);
    }

    private void deliver(TestEndpoint end, ByteBuf frame, SplittableRandom random, long now) {
        if (end.connection == null) {
            if (!view.hasFlags(2) || view.hasFlags(16)) {
                return;
            }
            end.connection = TcpConnection.passive(end.shared, end, end, end.buffer, view, -random.nextInt(100_000), now);
            end.connection.accept(now);
            return;
        }
        assertTrue(SeqNum.leq(view.seq, view.seq + view.payloadLength));
        end.connection.onSegment(view, frame, now);
    }

    private static byte[] bytes(SplittableRandom random) {
        byte[] bytes = new byte[random.nextInt(random.nextBoolean() ? 5_000 : 120_000)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static TestEndpoint endpoint(SplittableRandom random) {
        TcpConfig d = TcpConfig.defaults();
        TcpConfig config = new TcpConfig(random.nextBoolean() ? 4 << 20 : 2048 + random.nextInt(60_000),
                random.nextInt(4) == 0 ? 4000 : 4 << 20, d.sendBufferMax(), d.rtoMinNs(), d.rtoInitialNs(), 2_000 * MS, 30, 30,
                d.delayedAckNs(), d.quickAckDelayNs(), 100_000 * MS, 1_000 * MS, 60, 60_000 * MS, 1000,
                random.nextBoolean() ? TcpConfig.CongestionAlgorithm.CUBIC : TcpConfig.CongestionAlgorithm.NEW_RENO);
        int mss = switch (random.nextInt(3)) {
            case 0 -> 100 + random.nextInt(500);
            case 1 -> 1460;
            default -> 9000;
        };
        return new TestEndpoint(config, mss, random.nextBoolean() ? mss : 65_000);
    }
}
