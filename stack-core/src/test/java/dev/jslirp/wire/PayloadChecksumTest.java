package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.testkit.SlowChecksum;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The sum of a gather list is that of its bytes in a row, wherever it is cut.
class PayloadChecksumTest {
    private final Random random = new Random(7);

    @Test
    void ofTwoPartsOfAllLengths() {
        byte[] bytes = new byte[150];
        random.nextBytes(bytes);
        for (int cut = 0; cut <= bytes.length; cut++) {
            check(bytes, cut);
        }
    }

    @Test
    void ofManyPartsOfRandomLengths() {
        for (int round = 0; round < 500; round++) {
            byte[] bytes = new byte[random.nextInt(3_000)];
            random.nextBytes(bytes);
            check(bytes, random.ints(random.nextInt(Payload.MAX_PARTS), 0, bytes.length + 1).sorted().toArray());
        }
    }

    @Test
    void ofOneBitsOnlyInOddParts() {
        byte[] bytes = new byte[4_095];
        Arrays.fill(bytes, (byte) 0xff);
        check(bytes, 1, 2, 5, 1_000, 4_001);
    }

    private void check(byte[] bytes, int... cuts) {
        Payload payload = new Payload();
        int from = 0;
        for (int i = 0; i <= cuts.length; i++) {
            int to = i < cuts.length ? cuts[i] : bytes.length;
            int headroom = random.nextInt(4);
            ByteBuf part = Unpooled.buffer(headroom + to - from).writeZero(headroom).writeBytes(bytes, from, to - from);
            payload.add(part, headroom, to - from);
            from = to;
        }
        assertEquals(bytes.length, payload.length());
        // 0 and 0xffff are the same number in one's complement; the pseudo-header in front decides between them for both.
        assertEquals(SlowChecksum.sum(bytes) % 0xffff, Checksum.fold(Checksum.sum(payload)) % 0xffff);
    }
}
