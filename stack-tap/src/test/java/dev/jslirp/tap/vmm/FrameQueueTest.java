package dev.jslirp.tap.vmm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.util.internal.PlatformDependent;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FrameQueueTest {
    private static final int HEADER = 54;
    private static final int PADDED = 60;
    private static final int MAX = 256 * 1024;

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    private final OutboundFrame frame = new OutboundFrame(allocator.directBuffer(OutboundFrame.HEADER_CAPACITY, OutboundFrame.HEADER_CAPACITY));
    private final ByteBuf expected = Unpooled.buffer();
    private FrameQueue queue = new FrameQueue(allocator, true, MAX);

    @AfterEach
    void everyBufferIsGivenBack() {
        queue.release();
        frame.header.release();
        assertEquals(0, allocator.metric().usedDirectMemory());
        assertEquals(0, allocator.metric().usedHeapMemory());
    }

    /// Offers a frame whose payload is these parts, and writes what the wire should carry to [#expected].
    private boolean offer(ByteBuf... parts) {
        frame.header.setIndex(0, 0);
        byte[] header = new byte[HEADER];
        new SplittableRandom(expected.writerIndex()).nextBytes(header);
        frame.header.writeBytes(header);
        frame.payload.clear();
        for (ByteBuf part : parts) {
            frame.payload.add(part, part.readerIndex(), part.readableBytes());
        }
        boolean taken = queue.add(frame);
        if (taken) {
            int padding = Math.max(0, PADDED - frame.length());
            expected.writeInt(frame.length() + padding);
            ByteBuf copy = Unpooled.buffer(frame.length());
            frame.copyTo(copy);
            expected.writeBytes(copy).writeZero(padding);
        }
        // What was borrowed is no longer valid.
        frame.header.setZero(0, HEADER);
        frame.payload.clear();
        return taken;
    }

    private ByteBuf payload(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return allocator.directBuffer(length, length).writeBytes(bytes);
    }

    /// Writes up to `count` bytes, as a socket would.
    private byte[] write(int count) {
        ByteBuf out = Unpooled.buffer();
        for (int range = 0; range < queue.ranges() && out.readableBytes() < count; range++) {
            byte[] bytes = new byte[Math.min(queue.length(range), count - out.readableBytes())];
            PlatformDependent.copyMemory(queue.address(range), bytes, 0, bytes.length);
            out.writeBytes(bytes);
        }
        queue.consume(out.readableBytes());
        return ByteBufUtil.getBytes(out);
    }

    @Test
    void framesFollowTheirLengthsHoweverTheSocketTakesThem() {
        ByteBuf large = payload(30_000);
        ByteBuf small = payload(1_000);
        for (int step : new int[] {1, 3, 1_000, 29_999, 1 << 20}) {
            expected.clear();
            assertTrue(offer(small) && offer() && offer(large) && offer(small, large.slice(5_000, 20_000), small));
            ByteBuf written = Unpooled.buffer();
            while (queue.bytes() > 0) {
                written.writeBytes(write(step));
            }
            assertArrayEquals(ByteBufUtil.getBytes(expected), ByteBufUtil.getBytes(written), "in steps of " + step);
            assertEquals(0, queue.ranges());
        }
        large.release();
        small.release();
    }

    @Test
    void aBatchOfSmallFramesIsOneRange() {
        ByteBuf small = payload(100);
        for (int i = 0; i < 100; i++) {
            assertTrue(offer(small));
        }
        assertEquals(1, queue.ranges());
        assertEquals(1, small.refCnt());
        small.release();
    }

    @Test
    void largePartsAreRetainedUntilTheyAreWritten() {
        ByteBuf large = payload(60_000);
        assertTrue(offer(large));
        assertEquals(2, large.refCnt());
        write(queue.bytes() - 1);
        assertEquals(2, large.refCnt());
        write(1);
        assertEquals(1, large.refCnt());
        large.release();
    }

    @Test
    void partsThatWouldPinMuchMoreAreCopied() {
        ByteBuf chunk = payload(1 << 20);
        assertTrue(offer(chunk.slice(0, 65_000)));
        assertEquals(1, chunk.refCnt());
        assertEquals(HEADER + 65_000 + 4, queue.bytes());
        assertArrayEquals(ByteBufUtil.getBytes(expected), write(1 << 20));
        chunk.release();
    }

    @Test
    void partsOnTheHeapAreCopied() {
        ByteBuf heap = Unpooled.buffer().writeZero(10_000);
        assertTrue(offer(heap));
        assertEquals(1, heap.refCnt());
        assertArrayEquals(ByteBufUtil.getBytes(expected), write(1 << 20));
    }

    @Test
    void aFrameThatDoesNotFitIsRefusedWholeAndTheOthersStay() {
        ByteBuf large = payload(60_000);
        int taken = 0;
        while (offer(large)) {
            taken++;
        }
        assertEquals(4, taken);
        assertTrue(queue.bytes() <= MAX);
        assertEquals(1 + taken, large.refCnt());
        assertTrue(offer(large.slice(0, 1_000)), "a smaller one fits");
        assertArrayEquals(ByteBufUtil.getBytes(expected), write(1 << 20));
        assertTrue(offer(large));
        large.release();
    }

    @Test
    void shortFramesHaveTheLengthThatEthernetAsksFor() {
        ByteBuf five = payload(5);
        ByteBuf six = payload(6);
        assertTrue(offer() && offer(five) && offer(six));
        assertEquals(3 * (4 + PADDED), queue.bytes());
        assertEquals(1, queue.ranges());
        assertArrayEquals(ByteBufUtil.getBytes(expected), write(1 << 20));
        five.release();
        six.release();
    }

    @Test
    void aQueueForDatagramsKeepsFramesApart() {
        queue.release();
        queue = new FrameQueue(allocator, false, MAX);
        ByteBuf large = payload(50_000);
        ByteBuf small = payload(500);
        assertTrue(offer(small) && offer(small, large) && offer());
        assertEquals(2 * HEADER + 2 * 500 + 50_000 + PADDED, queue.bytes());
        boolean[] ends = new boolean[queue.ranges()];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = queue.isEnd(i);
        }
        assertArrayEquals(new boolean[] {true, false, true, true}, ends);
        queue.consumeFrames(2);
        assertEquals(PADDED, queue.bytes());
        assertFalse(queue.ranges() != 1);
        queue.consumeFrames(1);
        assertEquals(0, queue.bytes());
        large.release();
        small.release();
    }
}
