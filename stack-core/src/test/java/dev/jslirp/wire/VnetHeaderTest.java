package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VnetHeaderTest {
    @Test
    void everyOffloadSurvivesTheRoundTrip() {
        Random random = new Random(1);
        int[] types = {Offload.GSO_NONE, Offload.GSO_TCPV4, Offload.GSO_TCPV6, Offload.GSO_UDP_L4};
        for (int i = 0; i < 10_000; i++) {
            long offload = Offload.pack(random.nextInt(4), types[random.nextInt(4)], random.nextInt(65_536), random.nextInt(65_536),
                    random.nextInt(65_536), random.nextInt(256));
            assertEquals(offload, VnetHeader.decode(VnetHeader.first(offload), VnetHeader.csumOffset(offload)));
        }
    }

    @Test
    void fieldsLieWhereTheKernelsStructureHasThem() {
        long offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_448, 66, 34, 16);
        ByteBuffer header = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(VnetHeader.first(offload)).putShort(VnetHeader.csumOffset(offload));
        assertEquals(1, header.get(0));
        assertEquals(1, header.get(1));
        assertEquals(66, header.getShort(2));
        assertEquals(1_448, header.getShort(4));
        assertEquals(34, header.getShort(6));
        assertEquals(16, header.getShort(8));
    }

    @Test
    void ecnBitOfTheSegmentationTypeIsRemoved() {
        assertEquals(Offload.GSO_TCPV6, Offload.gsoType(VnetHeader.decode(0x84L << 8, (short) 0)));
    }

    @Test
    void bothLengthsAreWrittenAndRead() {
        long offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_448, 66, 34, 16);
        ByteBuf bytes = Unpooled.buffer();
        VnetHeader.write(bytes, offload, VnetHeader.LENGTH);
        assertEquals(10, bytes.readableBytes());
        VnetHeader.write(bytes, offload, VnetHeader.LENGTH_WITH_BUFFER_COUNT);
        assertEquals(22, bytes.readableBytes());
        assertEquals(offload, VnetHeader.decode(bytes, 0));
        assertEquals(offload, VnetHeader.decode(bytes, 10));
        assertEquals(1, bytes.getUnsignedShortLE(20), "bufferCount");
        assertThrows(IllegalArgumentException.class, () -> VnetHeader.write(bytes, offload, 11));
    }
}
