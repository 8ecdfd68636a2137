package dev.jslirp.tap.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameSplitterTest {
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    private final FrameSplitter splitter = new FrameSplitter(allocator);
    private final List<ByteBuffer> received = new ArrayList<>();
    private final List<ByteBuf> kept = new ArrayList<>();

    @AfterEach
    void everyBufferIsGivenBack() {
        kept.forEach(ByteBuf::release);
        splitter.release();
        assertEquals(0, allocator.metric().usedDirectMemory());
    }

    private void onFrame(ByteBuf frame, long offload) {
        assertEquals(0, offload);
        received.add(copy(frame));
    }

    private long feed(byte[] bytes, int from, int count) {
        assertTrue(splitter.room() >= FrameSplitter.LENGTH_BYTES + FrameSplitter.FRAME_BYTES_MAX);
        splitter.buffer().setBytes(splitter.index(), bytes, from, count);
        return splitter.received(count, this::onFrame);
    }

    private static byte[] stream(byte[]... frames) {
        ByteBuf out = Unpooled.buffer();
        for (byte[] frame : frames) {
            out.writeInt(frame.length).writeBytes(frame);
        }
        return ByteBufUtil.getBytes(out);
    }

    private static byte[] frame(int length, int seed) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    private static ByteBuffer copy(ByteBuf frame) {
        return ByteBuffer.wrap(ByteBufUtil.getBytes(frame));
    }

    private static List<ByteBuffer> wrapped(byte[]... frames) {
        return Arrays.stream(frames).map(ByteBuffer::wrap).toList();
    }

    @Test
    void framesArriveWholeWhereverTheStreamIsCut() {
        byte[][] frames = {frame(14, 1), frame(60, 2), frame(15, 3)};
        byte[] stream = stream(frames);
        for (int first = 0; first <= stream.length; first++) {
            for (int second = first; second <= stream.length; second++) {
                received.clear();
                assertEquals(FrameSplitter.FINE, feed(stream, 0, first));
                assertEquals(FrameSplitter.FINE, feed(stream, first, second - first));
                assertEquals(FrameSplitter.FINE, feed(stream, second, stream.length - second));
                assertEquals(wrapped(frames), received, "cut at " + first + " and " + second);
                assertTrue(splitter.isBetweenFrames());
            }
        }
    }

    @Test
    void framesArriveWholeByteByByte() {
        byte[][] frames = {frame(1_514, 1), frame(3_000, 2), frame(14, 3)};
        byte[] stream = stream(frames);
        for (int i = 0; i < stream.length; i++) {
            assertEquals(FrameSplitter.FINE, feed(stream, i, 1));
        }
        assertEquals(wrapped(frames), received);
    }

    @Test
    void aLongStreamInPiecesOfAnySizeIsCutRight() {
        SplittableRandom random = new SplittableRandom(7);
        byte[][] frames = new byte[200][];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = frame(random.nextInt(4) == 0 ? random.nextInt(14, FrameSplitter.FRAME_BYTES_MAX + 1) : random.nextInt(14, 1_515), i);
        }
        byte[] stream = stream(frames);
        for (int at = 0; at < stream.length;) {
            int count = Math.min(stream.length - at, 1 + random.nextInt(splitter.room()));
            assertEquals(FrameSplitter.FINE, feed(stream, at, count));
            at += count;
        }
        assertEquals(wrapped(frames), received);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 13, FrameSplitter.FRAME_BYTES_MAX + 1, 0x7fff_ffffL, 0x8000_0000L, 0xffff_ffffL, 0x4745_5420L})
    void anImpossibleLengthIsToldAndNothingIsAllocatedForIt(long length) {
        byte[] good = stream(frame(60, 1));
        byte[] bytes = Arrays.copyOf(good, good.length + 8);
        Unpooled.wrappedBuffer(bytes).setInt(good.length, (int) length);
        assertEquals(length, feed(bytes, 0, bytes.length));
        assertEquals(1, received.size());
        assertTrue(allocator.metric().usedDirectMemory() < 256 * 1024);
    }

    @Test
    void whatTheReceiverKeepsIsNotWrittenOver() {
        List<ByteBuffer> expected = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            byte[] frame = frame(50_000 + i, i);
            expected.add(ByteBuffer.wrap(frame));
            byte[] stream = stream(frame);
            int half = stream.length / 2;
            for (int part = 0; part < 2; part++) {
                int from = part * half;
                int count = part == 0 ? half : stream.length - half;
                splitter.room();
                splitter.buffer().setBytes(splitter.index(), stream, from, count);
                splitter.received(count, (bytes, _) -> kept.add(bytes.retainedSlice()));
            }
        }
        assertEquals(expected, kept.stream().map(FrameSplitterTest::copy).toList());
    }

    @Test
    void betweenBurstsNoBufferIsHeld() {
        byte[] stream = stream(frame(60, 1));
        feed(stream, 0, 10);
        splitter.rest();
        assertFalse(splitter.isBetweenFrames());
        feed(stream, 10, stream.length - 10);
        splitter.rest();
        assertNull(splitter.buffer());
        assertEquals(1, received.size());
    }

    @Test
    void theReceiverMayEndItAll() {
        byte[] stream = stream(frame(60, 1), frame(60, 2));
        splitter.room();
        splitter.buffer().setBytes(0, stream);
        int[] calls = {0};
        assertEquals(FrameSplitter.FINE, splitter.received(stream.length, (_, _) -> {
            calls[0]++;
            splitter.release();
        }));
        assertEquals(1, calls[0]);
    }
}
