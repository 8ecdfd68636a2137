package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TcpOptionsTest {
    private final TcpOptions options = new TcpOptions();

    @BeforeEach
    void fillWithStaleValues() {
        read("020405b4 0303070402 080a0000000100000002 00");
    }

    @Test
    void nothingIsLeftOfTheSegmentBefore() {
        read("");
        assertNothingRead();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "02", "0204", "020405", // cut off
        "0200", "0201", "020005b4", // lengths that go nowhere
        "020305", "0205010203", // MSS of another length
        "0302", "03040102", // window scale of another length
        "0403ff", // SACK-permitted with a value
        "0802", "080800000000", "080b000000000000000000", // timestamps of another length
        "0506aabbccdd", "0503ff", "0509aabbccddeeff00", // half a block
        "05120000000100000002", // blocks beyond the end
        "ff", "ffff", "fe28", // unknown, beyond the end
        "00020405b4", // behind the end of the list
        "01010101", "1e04abcd", "1e02", // nothing for us
    })
    void hostileOrUselessListIsIgnored(String hex) {
        read(hex);
        assertNothingRead();
    }

    @ParameterizedTest
    @ValueSource(strings = {"020405b4 02", "020405b4 0303", "020405b4 00 0303", "020405b4 0501", "020405b4 1e00", "020405b4 ffff01"})
    void whatStandsBeforeTheErrorCounts(String hex) {
        read(hex);
        assertEquals(1460, options.mss);
        assertEquals(-1, options.windowScale);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e02020405b4", "01020405b4", "fd06aabbccdd020405b4", "020405b3020405b4"})
    void unknownOptionsAreSkippedAndTheLastOfARepeatedOneCounts(String hex) {
        read(hex);
        assertEquals(1460, options.mss);
    }

    @Test
    void fourBlocksFillTheSpace() {
        read("0101 0522 00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 01010101");
        assertEquals(4, options.sackBlocks);
        for (int i = 0; i < 8; i++) {
            assertEquals(i + 1, options.sack[i]);
        }
    }

    @Test
    void timestampsAreReadTheFastAndTheSlowWay() {
        for (String hex : new String[] {"0101080a 00000007 80000000", "080a 00000007 80000000 0101", "01 080a 00000007 80000000 00"}) {
            read(hex);
            assertTrue(options.timestamps, hex);
            assertEquals(7, options.tsVal, hex);
            assertEquals(Integer.MIN_VALUE, options.tsEcr, hex);
            assertEquals(0, options.mss, hex);
        }
    }

    @Test
    void windowScaleIsReadAsSent() {
        read("0303ff");
        assertEquals(255, options.windowScale);
    }

    /// Between other bytes that would be options, in a buffer that ends soon after.
    private void read(String hex) {
        byte[] list = HexFormat.of().parseHex(hex.replace(" ", ""));
        ByteBuf exact = Unpooled.wrappedBuffer(list);
        options.decode(exact, 0, list.length);
        ByteBuf surrounded = Unpooled.wrappedBuffer(
                HexFormat.of().parseHex("020409990303"), list, HexFormat.of().parseHex("0204888803030c"));
        TcpOptions other = new TcpOptions();
        other.decode(surrounded, 6, list.length);
        assertEquals(options.mss, other.mss, "bytes outside the list are read");
        assertEquals(options.windowScale, other.windowScale, "bytes outside the list are read");
    }

    private void assertNothingRead() {
        assertEquals(0, options.mss);
        assertEquals(-1, options.windowScale);
        assertFalse(options.sackPermitted);
        assertFalse(options.timestamps);
        assertEquals(0, options.sackBlocks);
    }
}
