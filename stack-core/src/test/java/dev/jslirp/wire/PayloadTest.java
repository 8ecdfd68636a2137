package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PayloadTest {
    private final Payload payload = new Payload();

    @Test
    void theCopyHasAllPartsInOrder() {
        ByteBuf bytes = Unpooled.wrappedBuffer(new byte[] {0, 1, 2, 3, 4, 5, 6, 7});
        payload.add(bytes, 5, 3);
        payload.add(bytes, 2, 0);
        payload.add(bytes, 1, 2);
        ByteBuf copy = Unpooled.buffer();
        payload.copyTo(copy);
        assertEquals(5, payload.length());
        assertArrayEquals(new byte[] {5, 6, 7, 1, 2}, Arrays.copyOf(copy.array(), copy.readableBytes()));
    }

    @Test
    void aFullListTakesNoMore() {
        ByteBuf bytes = Unpooled.buffer(4).writeInt(1);
        for (int i = 0; i < Payload.MAX_PARTS; i++) {
            assertTrue(payload.add(bytes, 0, 4));
        }
        assertFalse(payload.add(bytes, 0, 4));
        assertEquals(Payload.MAX_PARTS, payload.parts());
        assertEquals(4 * Payload.MAX_PARTS, payload.length());
    }

    @Test
    void aClearedListHoldsNoBuffer() {
        payload.add(Unpooled.buffer(4).writeInt(1), 0, 4);
        payload.clear();
        assertEquals(0, payload.parts() + payload.length());
        assertNull(payload.buffer(0));
    }
}
