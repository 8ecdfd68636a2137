package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class TcpOptionsTest {
    private final TcpOptions options = new TcpOptions();

    private void decode(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        options.decode(Unpooled.wrappedBuffer(bytes), 0, bytes.length);
    }

    @Test
    void whatWasReadBeforeAMalformedOptionStands() {
        decode("020405b4 fd00 030307");
        assertEquals(1460, options.mss);
        assertEquals(-1, options.windowScale);
        decode("030307 0402 080a 00000001");
        assertEquals(7, options.windowScale);
        assertTrue(options.sackPermitted);
        assertFalse(options.timestamps);
    }

    @Test
    void knownOptionsOfAnotherLengthAreSkipped() {
        decode("0203 05 03040102 040300 080900000000000000 050a0000000100000002 020405b4");
        assertEquals(1460, options.mss);
        assertEquals(-1, options.windowScale);
        assertFalse(options.sackPermitted);
        assertFalse(options.timestamps);
        assertEquals(1, options.sackBlocks);
    }

    @Test
    void nothingBehindTheEndIsRead() {
        decode("00 020405b4 030307");
        assertEquals(0, options.mss);
        assertEquals(-1, options.windowScale);
    }

    @Test
    void unknownOptionsAreSkippedByTheirLength() {
        decode("1e08 020400010000 fe04f989 020405b4");
        assertEquals(1460, options.mss);
    }

    @Test
    void timestampsAreTheSameWhereverTheyStand() {
        decode("0101 080a fffffffe 00000003");
        assertTrue(options.timestamps);
        assertEquals(-2, options.tsVal);
        assertEquals(3, options.tsEcr);
        decode("080a fffffffe 00000003 0101");
        assertTrue(options.timestamps);
        assertEquals(-2, options.tsVal);
        assertEquals(3, options.tsEcr);
    }

    @Test
    void fourSackBlocksAreTheMost() {
        decode("0101 0522" + "00000001".repeat(8) + "0101 0101");
        assertEquals(4, options.sackBlocks);
        int[] ones = new int[8];
        Arrays.fill(ones, 1);
        assertArrayEquals(ones, options.sack);
    }

    @Test
    void optionsOfTheSegmentBeforeAreForgotten() {
        decode("020405b4 030307 0402 080a0000000100000002 050a0000000100000002");
        assertTrue(options.mss != 0 && options.windowScale >= 0 && options.sackPermitted && options.timestamps && options.sackBlocks == 1);
        decode("");
        assertTrue(options.mss == 0 && options.windowScale < 0 && !options.sackPermitted && !options.timestamps && options.sackBlocks == 0);
        decode("050a0000000100000002");
        decode("0101080a0000000100000002");
        assertEquals(0, options.sackBlocks);
    }
}
