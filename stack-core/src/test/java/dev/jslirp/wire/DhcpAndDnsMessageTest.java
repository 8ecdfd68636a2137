package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class DhcpAndDnsMessageTest {
    @Test
    void longOptionsAreSplitAndJoined() {
        byte[] value = new byte[600];
        value[599] = 7;
        DhcpMessage message = new DhcpMessage(1, 2, 3, 0x8000, 4, 5, 6, 7, 0x5254_0000_0001L, "f", new DhcpOptions().put(43, value));
        ByteBuf bytes = Unpooled.buffer();
        message.write(bytes, 1400);
        DhcpMessage read = DhcpMessage.parse(bytes, 0, bytes.readableBytes());
        assertEquals(message.toString(), read.toString());
        bytes.clear();
        message.write(bytes, 548);
        assertNull(DhcpMessage.parse(bytes, 0, bytes.readableBytes()).options().get(43));
    }

    @Test
    void overloadedFieldsAreOptionsToo() {
        ByteBuf bytes = Unpooled.buffer();
        new DhcpMessage(1, 2, 0, 0, 0, 0, 0, 0, 1, "", new DhcpOptions().put(52, (byte) 3)).write(bytes, 548);
        bytes.setBytes(108, new byte[] {12, 1, 'a', (byte) 255});
        bytes.setBytes(44, new byte[] {12, 1, 'b', (byte) 255});
        assertEquals("ab", new String(DhcpMessage.parse(bytes, 0, bytes.readableBytes()).options().get(12)));
        bytes.setByte(44 + 1, 63);
        assertNull(DhcpMessage.parse(bytes, 0, bytes.readableBytes()));
    }

    @Test
    void searchListIsCompressed() {
        assertEquals("03656e67" + "076578616d706c65" + "036f726700" + "026d6b" + "c004",
                HexFormat.of().formatHex(DnsName.searchList(List.of("eng.example.org", "mk.example.org"))));
    }

    @Test
    void compressionMustLeadBackwards() {
        ByteBuf message = Unpooled.buffer().writeZero(12).writeBytes(new byte[] {1, 'a', (byte) 0xc0, 14, (byte) 0xc0, 12, (byte) 0xc0, 0});
        assertEquals(-1, DnsName.read(message, 0, 20, 14, new StringBuilder()));
        assertEquals(-1, DnsName.read(message, 0, 20, 16, new StringBuilder()));
        assertEquals(-1, DnsName.read(message, 0, 20, 18, new StringBuilder()));
        assertEquals(-1, DnsName.read(message, 0, 13, 12, new StringBuilder()));
    }

    @Test
    void namesOfTheConfigurationAreChecked() {
        assertEquals("a.b-c", DnsName.require("name", "A.b-c."));
        for (String bad : List.of("", ".", "a..b", "-a", "a b", "x".repeat(64), "a.".repeat(127) + "a")) {
            assertThrows(IllegalArgumentException.class, () -> DnsName.require("name", bad), bad);
        }
    }

    @Test
    void namesAreSkippedWithoutFollowingPointers() {
        ByteBuf message = Unpooled.buffer().writeZero(12).writeBytes(new byte[] {0, (byte) 0xc0, 12, (byte) 0xc0, 13});
        assertEquals(17, DnsName.read(message, 0, 17, 15, null));
        assertEquals(17, DnsName.read(message, 0, 17, 15, new StringBuilder()));
        assertEquals(-1, DnsName.read(message, 0, 16, 15, null), "half a pointer");
    }

    @Test
    void hugeDhcpMessageIsRefused() {
        ByteBuf bytes = Unpooled.buffer();
        new DhcpMessage(1, 2, 0, 0, 0, 0, 0, 0, 1, "", new DhcpOptions()).write(bytes, 548);
        bytes.writeZero(4096 - bytes.writerIndex() + 1);
        assertEquals(1, DhcpMessage.parse(bytes, 0, 4096).op());
        assertNull(DhcpMessage.parse(bytes, 0, 4097));
    }
}
