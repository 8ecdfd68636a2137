package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.testkit.SlowChecksum;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The checksum is the same whatever kind of buffer holds the bytes, and wherever in it they begin.
class ChecksumOfBuffersTest {
    private static final int LENGTH_MAX = 300;
    private static final int OFFSET_MAX = 9;

    private final byte[] bytes = new byte[OFFSET_MAX + LENGTH_MAX];

    ChecksumOfBuffersTest() {
        new Random(1).nextBytes(bytes);
    }

    @Test
    void ofADirectBuffer() {
        check(UnpooledByteBufAllocator.DEFAULT.directBuffer().writeBytes(bytes));
    }

    @Test
    void ofAHeapBuffer() {
        check(Unpooled.wrappedBuffer(bytes));
    }

    @Test
    void ofAPooledBuffer() {
        check(PooledByteBufAllocator.DEFAULT.directBuffer().writeBytes(bytes));
    }

    @Test
    void ofASliceOfASlice() {
        ByteBuf whole = PooledByteBufAllocator.DEFAULT.directBuffer().writeZero(5).writeBytes(bytes);
        ByteBuf slice = whole.retainedSlice(2, bytes.length + 3);
        check(slice.retainedSlice(3, bytes.length));
        slice.release();
        whole.release();
        assertEquals(0, whole.refCnt());
    }

    @Test
    void ofAReadOnlySliceOnTheHeap() {
        check(Unpooled.wrappedBuffer(new byte[7], bytes).asReadOnly().slice(7, bytes.length));
    }

    @Test
    void ofACompositeBuffer() {
        check(Unpooled.wrappedBuffer(Unpooled.copiedBuffer(bytes, 0, 101), Unpooled.copiedBuffer(bytes, 101, bytes.length - 101)));
    }

    @Test
    void ofOneBitsOnly() {
        byte[] ones = new byte[65_535];
        Arrays.fill(ones, (byte) 0xff);
        ByteBuf buf = Unpooled.wrappedBuffer(ones);
        assertEquals(SlowChecksum.of(ones), Checksum.of(buf, 0, ones.length));
        assertEquals(0, Checksum.of(buf, 0, ones.length - 1));
    }

    @Test
    void readsNoByteBesideTheRange() {
        ByteBuf buf = Unpooled.wrappedBuffer(new byte[256]);
        buf.setByte(63, 1).setByte(64 + 129, 1);
        assertEquals(0, Checksum.sum(buf, 64, 129));
    }

    @Test
    void leavesTheIndexesAlone() {
        ByteBuf buf = Unpooled.directBuffer().writeBytes(bytes);
        buf.readerIndex(3);
        Checksum.sum(buf, 4, 200);
        assertEquals(3, buf.readerIndex());
        assertEquals(bytes.length, buf.writerIndex());
        buf.release();
    }

    private void check(ByteBuf buf) {
        for (int off = 0; off < OFFSET_MAX; off++) {
            for (int length = 0; length <= LENGTH_MAX; length++) {
                int expected = SlowChecksum.of(Arrays.copyOfRange(bytes, off, off + length));
                assertEquals(expected, Checksum.of(buf, off, length), off + " + " + length);
            }
        }
        buf.release();
    }
}
