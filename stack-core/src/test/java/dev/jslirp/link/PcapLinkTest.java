package dev.jslirp.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jslirp.wire.Offload;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PcapLinkTest {
    private static final long TIME_NS = 1_700_000_000_123_456_789L;

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final List<byte[]> sent = new ArrayList<>();
    private final EmbeddedLink embedded = new EmbeddedLink(LinkCapabilities.offloading(1_500, true), frame -> sent.add(Frames.bytes(frame)));

    private PcapLink capture(int snaplen) {
        PcapLink link = new PcapLink(embedded, Channels.newChannel(file), () -> TIME_NS, snaplen);
        link.start((_, _) -> {});
        return link;
    }

    @Test
    void bothDirectionsAreRecordedWithTimeAndLengths() {
        PcapLink link = capture(PcapLink.SNAPLEN_MAX);
        embedded.receive(Unpooled.wrappedBuffer(Frames.pattern(60)), Offload.NONE);
        link.transmit(Frames.outbound(54, 1_000));
        link.close();

        ByteBuffer pcap = ByteBuffer.wrap(file.toByteArray()).order(ByteOrder.nativeOrder());
        assertEquals(0xa1b23c4d, pcap.getInt(0));
        assertEquals(1, pcap.getInt(20));
        pcap.position(24);
        assertRecord(pcap, Frames.pattern(60), 60);
        assertRecord(pcap, Frames.pattern(1_054), 1_054);
        assertFalse(pcap.hasRemaining());
        assertEquals(1, sent.size());
    }

    @Test
    void framesAreCutAtTheSnaplenWhereverPartsEnd() {
        PcapLink link = capture(80);
        link.transmit(Frames.outbound(54, 10, 10, 10, 10));
        embedded.receive(Unpooled.wrappedBuffer(Frames.pattern(200)), Offload.NONE);
        link.close();

        ByteBuffer pcap = ByteBuffer.wrap(file.toByteArray()).order(ByteOrder.nativeOrder()).position(24);
        assertRecord(pcap, Frames.pattern(80), 94);
        assertRecord(pcap, Frames.pattern(80), 200);
    }

    private static void assertRecord(ByteBuffer pcap, byte[] expected, int length) {
        assertEquals(TIME_NS / 1_000_000_000, pcap.getInt());
        assertEquals(TIME_NS % 1_000_000_000, pcap.getInt());
        assertEquals(expected.length, pcap.getInt());
        assertEquals(length, pcap.getInt());
        byte[] actual = new byte[expected.length];
        pcap.get(actual);
        assertArrayEquals(expected, actual);
    }

    @Test
    void manyLargeFramesDoNotOverflowTheCollection() {
        PcapLink link = capture(PcapLink.SNAPLEN_MAX);
        for (int i = 0; i < 40; i++) {
            link.transmit(Frames.outbound(54, 65_000));
        }
        link.close();
        assertEquals(24 + 40 * (16 + 65_054), file.size());
    }

    @Test
    void aFullDiskEndsTheCaptureAndNothingElse() {
        WritableByteChannel full = new WritableByteChannel() {
            @Override
            public int write(ByteBuffer bytes) throws IOException {
                throw new IOException("No space left on device");
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {}
        };
        PcapLink link = new PcapLink(embedded, full, () -> TIME_NS, 96);
        for (int i = 0; i < 3; i++) {
            link.transmit(Frames.outbound(54, 100));
            link.flush();
        }
        link.close();
        assertEquals(3, sent.size());
    }

    @Test
    void aSnaplenOutOfRangeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> capture(13));
        assertThrows(IllegalArgumentException.class, () -> capture(PcapLink.SNAPLEN_MAX + 1));
    }
}
