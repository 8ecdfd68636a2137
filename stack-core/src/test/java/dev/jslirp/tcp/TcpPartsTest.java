package dev.jslirp.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.wire.Payload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import org.junit.jupiter.api.Test;

class TcpPartsTest {
    private static ByteBuf counting(int length) {
        ByteBuf bytes = Unpooled.buffer(length, length);
        for (int i = 0; i < length; i++) {
            bytes.writeByte(i);
        }
        return bytes;
    }

    @Test
    void rtoKeepsItsFloorAndBacksOffUntilASample() {
        RttEstimator rtt = new RttEstimator(TcpConfig.defaults());
        assertEquals(1_000_000_000L, rtt.rtoNs());
        rtt.sample(1_000_000);
        assertEquals(200_000_000L, rtt.rtoNs());
        rtt.backOff();
        rtt.backOff();
        assertEquals(800_000_000L, rtt.rtoNs());
        rtt.sample(1_000_000);
        assertEquals(200_000_000L, rtt.rtoNs());
    }

    @Test
    void congestionControlGrowsHalvesAndCollapses() {
        for (TcpConfig.CongestionAlgorithm algorithm : TcpConfig.CongestionAlgorithm.values()) {
            CongestionControl control = CongestionControl.of(algorithm, 1000);
            assertEquals(10_000, control.cwnd());
            control.onAcked(10_000, 1, 0);
            assertEquals(20_000, control.cwnd());
            control.onLoss(20_000, 0);
            int reduced = control.cwnd();
            assertTrue(reduced == 10_000 || reduced == 14_000);
            for (int i = 1; i < 2000; i++) {
                control.onAcked(reduced, 1_000_000, i * 10_000_000L);
            }
            assertTrue(control.cwnd() > 20_000);
            control.onTimeout(20_000, true, 0);
            assertEquals(1000, control.cwnd());
        }
    }

    /// RFC 9438 §4.7: a flow that is pushed back twice aims below where it was, and leaves room to a newer one.
    @Test
    void cubicConvergesFast() {
        CongestionControl control = CongestionControl.of(TcpConfig.CongestionAlgorithm.CUBIC, 1000);
        control.onAcked(10_000, 1, 0);
        control.onAcked(20_000, 1, 0);
        control.onAcked(40_000, 1, 0);
        control.onAcked(20_000, 1, 0);
        assertEquals(100_000, control.cwnd());
        control.onLoss(100_000, 0);
        control.onLoss(70_000, 0);
        assertEquals(49_000, control.cwnd());
        for (int second = 0; second <= 3; second++) {
            control.onAcked(control.cwnd(), 1, second * 1_000_000_000L);
        }
        assertTrue(control.cwnd() > 57_000 && control.cwnd() < 61_000, control.cwnd() + ", the plateau is 59500");
    }

    @Test
    void reassemblerFillsGapsAcrossTheWrapAndReleasesEverything() {
        Reassembler reassembler = new Reassembler(UnpooledByteBufAllocator.DEFAULT, 1 << 20);
        ByteBuf frame = counting(100);
        int base = -50;
        assertEquals(Reassembler.Result.STORED, reassembler.add(base + 80, frame, 80, 20));
        assertEquals(Reassembler.Result.STORED, reassembler.add(base + 40, frame, 40, 20));
        assertEquals(2, reassembler.ranges());
        assertEquals(Reassembler.Result.DUPLICATE, reassembler.add(base + 45, frame, 45, 10));
        int[] sack = new int[8];
        assertEquals(2, reassembler.writeSack(sack, 0, 4));
        assertEquals(base + 40, sack[0]);
        assertEquals(base + 80, sack[2]);
        assertEquals(Reassembler.Result.STORED, reassembler.add(base + 30, frame, 30, 70));
        assertEquals(1, reassembler.ranges());
        assertNull(reassembler.poll(base + 29));
        int at = 35;
        for (ByteBuf bytes = reassembler.poll(base + at); bytes != null; bytes = reassembler.poll(base + at)) {
            while (bytes.isReadable()) {
                assertEquals(at++, bytes.readByte());
            }
            bytes.release();
        }
        assertEquals(100, at);
        assertEquals(0, reassembler.pinnedBytes());
        frame.release();
        assertEquals(0, frame.refCnt());
    }

    @Test
    void reassemblerRefusesBeyondItsLimits() {
        Reassembler reassembler = new Reassembler(UnpooledByteBufAllocator.DEFAULT, 150);
        ByteBuf frame = counting(100);
        assertEquals(Reassembler.Result.STORED, reassembler.add(1, frame, 0, 90));
        assertEquals(Reassembler.Result.LIMIT, reassembler.add(200, frame, 0, 90));
        assertEquals(1, reassembler.ranges());
        reassembler.release();
        Reassembler wide = new Reassembler(UnpooledByteBufAllocator.DEFAULT, 1 << 20);
        for (int i = 0; i < Reassembler.MAX_RANGES; i++) {
            wide.add(2 * i, frame, 0, 1);
        }
        assertEquals(Reassembler.Result.LIMIT, wide.add(2 * Reassembler.MAX_RANGES, frame, 0, 1));
        wide.release();
        assertEquals(1, frame.refCnt());
    }

    @Test
    void scoreboardMergesAndFindsWhatIsLost() {
        SackScoreboard board = new SackScoreboard();
        assertTrue(board.add(-90, -80, -100, 10));
        assertEquals(-100, board.lostEdge(-100));
        assertTrue(board.add(-70, -60, -100, 10));
        assertTrue(board.add(-50, 5, -100, 10));
        assertFalse(board.add(-50, 0, -100, 10));
        assertEquals(75, board.sackedBytes());
        assertEquals(-50, board.lostEdge(-100));
        assertEquals(-80, board.skipSacked(-90));
        assertEquals(-70, board.holeEnd(-80, 100));
        assertEquals(15, board.pipe(-100, 20, -100));
        assertTrue(board.add(-80, -50, -100, 10));
        assertEquals(95, board.sackedBytes());
        board.acknowledged(5, 10);
        assertTrue(board.isEmpty());
    }

    @Test
    void scoreboardForgetsWhatIsBeyondItsLimit() {
        SackScoreboard board = new SackScoreboard();
        for (int i = 0; i < SackScoreboard.MAX_RANGES; i++) {
            assertTrue(board.add(10 * i + 1, 10 * i + 2, 0, 10));
        }
        int beyond = 10 * SackScoreboard.MAX_RANGES + 1;
        assertFalse(board.add(beyond, beyond + 1, 0, 10));
        assertEquals(SackScoreboard.MAX_RANGES, board.sackedBytes());
        assertTrue(board.add(2, 11, 0, 10), "what joins ranges needs no place");
    }

    @Test
    void queueGathersAnyRangeAndReleasesWholeBuffers() {
        QueuedSendBuffer queue = new QueuedSendBuffer();
        ByteBuf[] buffers = new ByteBuf[100];
        for (int i = 0; i < buffers.length; i++) {
            buffers[i] = counting(1000);
            queue.append(buffers[i]);
        }
        Payload payload = new Payload();
        assertEquals(1500, queue.gather(99_500 - 2000, 1500, payload));
        assertEquals(500, payload.index(0));
        payload.clear();
        assertEquals(63_500, queue.gather(500, 90_000, payload));
        queue.acknowledged(1500);
        assertEquals(0, buffers[0].refCnt());
        assertEquals(1, buffers[1].refCnt());
        assertEquals(98_500, queue.available());
        queue.release();
        queue.release();
        assertEquals(0, buffers[99].refCnt());
        assertEquals(0, queue.available());
    }

    @Test
    void queueCollectsSingleBytesInFewBuffers() {
        QueuedSendBuffer queue = new QueuedSendBuffer();
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
        for (int i = 0; i < 100_000; i++) {
            queue.append(allocator.buffer(1, 1).writeByte(i));
        }
        assertEquals(100_000, queue.available());
        assertTrue(allocator.metric().usedHeapMemory() < 110_000, allocator.metric().toString());
        Payload payload = new Payload();
        assertEquals(3_000, queue.gather(1_000, 3_000, payload));
        ByteBuf flat = Unpooled.buffer();
        payload.copyTo(flat);
        for (int i = 0; i < 3_000; i++) {
            assertEquals((byte) (1_000 + i), flat.readByte());
        }
        queue.acknowledged(99_999);
        queue.append(allocator.buffer(1, 1).writeByte(42));
        payload.clear();
        assertEquals(2, queue.gather(0, 2, payload));
        queue.acknowledged(2);
        assertEquals(0, allocator.metric().usedHeapMemory());
    }

    @Test
    void queueDoesNotPinALargeBufferForASmallSlice() {
        QueuedSendBuffer queue = new QueuedSendBuffer();
        ByteBuf large = counting(65_536);
        queue.append(large.retainedSlice(10, 3_000));
        assertEquals(1, large.refCnt());
        queue.append(large.retainedSlice(10, 30_000));
        assertEquals(2, large.refCnt());
        queue.append(large.retainedSlice(10, 3_000));
        assertEquals(2, large.refCnt());
        assertEquals(36_000, queue.available());
        queue.release();
        assertEquals(1, large.refCnt());
        large.release();
    }

    @Test
    void whatIsAppendedAfterReleaseIsFreed() {
        QueuedSendBuffer queue = new QueuedSendBuffer();
        queue.release();
        ByteBuf late = counting(1_000);
        queue.append(late);
        assertEquals(0, late.refCnt());
        assertEquals(0, queue.available());
    }

    @Test
    void aLostSynMeansALongerFirstTimeOutAndOneSegment() {
        RttEstimator rtt = new RttEstimator(TcpConfig.defaults());
        rtt.backOff();
        rtt.synWasLost();
        assertEquals(3_000_000_000L, rtt.rtoNs());
        rtt.sample(1_000_000);
        assertEquals(200_000_000L, rtt.rtoNs());
        for (TcpConfig.CongestionAlgorithm algorithm : TcpConfig.CongestionAlgorithm.values()) {
            CongestionControl control = CongestionControl.of(algorithm, 1000);
            control.onSynLost();
            assertEquals(1000, control.cwnd());
            control.onAcked(50_000, 1, 0);
            control.onAcked(50_000, 1, 0);
            control.onIdle();
            assertEquals(4000, control.cwnd());
            for (int i = 0; i < 10; i++) {
                control.onAcked(50_000, 1, 0);
            }
            control.onIdle();
            assertEquals(10_000, control.cwnd());
        }
    }
}
