package dev.jslirp.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jslirp.testkit.LeakExtension;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class PcapLinkTest {
    private static final long EPOCH_NS = 1_700_000_000_123_456_789L;

    @RegisterExtension
    final LeakExtension leaks = new LeakExtension();
    private final FakeLink inner = new FakeLink();
    private final MemoryChannel file = new MemoryChannel();
    private final List<String> received = new ArrayList<>();

    /// Takes a few bytes at a time, and none once it is full.
    private static final class MemoryChannel implements WritableByteChannel {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private int room = Integer.MAX_VALUE;
        private int attempts;
        private int closes;

        @Override
        public int write(ByteBuffer source) throws IOException {
            attempts++;
            if (room == 0) {
                throw new IOException("no space left on device");
            }
            int count = Math.min(Math.min(source.remaining(), room), 100_000);
            byte[] taken = new byte[count];
            source.get(taken);
            bytes.writeBytes(taken);
            room -= count;
            return count;
        }

        @Override
        public boolean isOpen() {
            return closes == 0;
        }

        @Override
        public void close() {
            closes++;
        }
    }

    private record Captured(String text, int length) {}

    private PcapLink start(int snaplen) {
        PcapLink link = new PcapLink(inner, file, () -> EPOCH_NS, leaks.allocator(), snaplen);
        link.start((frame, _) -> received.add(frame.toString(StandardCharsets.ISO_8859_1)));
        return link;
    }

    private List<Captured> captured(int snaplen) {
        ByteBuf in = Unpooled.wrappedBuffer(file.bytes.toByteArray());
        assertEquals(0xa1b23c4d, in.readInt());
        assertEquals(2, in.readShort());
        assertEquals(4, in.readShort());
        assertEquals(0, in.readLong());
        assertEquals(snaplen, in.readInt());
        assertEquals(1, in.readInt(), "Ethernet");
        List<Captured> frames = new ArrayList<>();
        while (in.isReadable()) {
            assertEquals(1_700_000_000, in.readInt());
            assertEquals(123_456_789, in.readInt());
            int captured = in.readInt();
            int length = in.readInt();
            frames.add(new Captured(in.readCharSequence(captured, StandardCharsets.ISO_8859_1).toString(), length));
        }
        return frames;
    }

    @Test
    void bothDirectionsAreCapturedInOrderAndPassedOn() {
        PcapLink link = start(PcapLink.MAX_SNAPLEN);
        inner.deliver("from guest");
        link.transmit(FakeLink.frame("to ", "the ", "guest"));
        link.flush();
        assertEquals(List.of(new Captured("from guest", 10), new Captured("to the guest", 12)), captured(PcapLink.MAX_SNAPLEN));
        assertEquals(List.of("from guest"), received);
        assertEquals(List.of("to the guest"), inner.sentTexts());
        assertEquals(1, inner.flushes);
        link.close();
    }

    @Test
    void nothingIsWrittenBeforeTheBatchEnds() {
        PcapLink link = start(100);
        inner.deliver("a");
        assertEquals(0, file.attempts);
        link.flush();
        int attempts = file.attempts;
        link.flush();
        assertEquals(attempts, file.attempts, "an empty batch writes nothing");
        link.close();
    }

    @Test
    void framesAreCutAtSnaplenButKeepTheirLength() {
        PcapLink link = start(5);
        inner.deliver("from guest");
        link.transmit(FakeLink.frame("to ", "the ", "guest"));
        link.transmit(FakeLink.frame("header longer than that", "payload"));
        link.transmit(FakeLink.frame("five!"));
        link.close();
        assertEquals(List.of(new Captured("from ", 10), new Captured("to th", 12), new Captured("heade", 30), new Captured("five!", 5)),
                captured(5));
    }

    @Test
    void superFramesAreCapturedWholeAndManyFitNoBuffer() {
        PcapLink link = start(PcapLink.MAX_SNAPLEN);
        String part = "p".repeat(65_000);
        for (int i = 0; i < 9; i++) {
            OutboundFrame frame = FakeLink.frame("header", part);
            link.transmit(frame);
        }
        link.close();
        List<Captured> frames = captured(PcapLink.MAX_SNAPLEN);
        assertEquals(9, frames.size());
        frames.forEach(frame -> assertEquals(new Captured("header" + part, 65_006), frame));
    }

    @Test
    void fileHeaderIsThereWithoutAnyFrame() {
        start(77).close();
        assertEquals(List.of(), captured(77));
    }

    @Test
    void closingTwiceClosesTheFileOnce() {
        PcapLink link = start(100);
        link.close();
        link.close();
        assertEquals(1, file.closes);
    }

    @Test
    void writeErrorEndsTheCaptureAndNothingElse() {
        PcapLink link = start(100);
        file.room = 30;
        inner.deliver("first");
        link.flush();
        assertEquals(1, file.closes);
        assertEquals(0, leaks.allocator().liveBuffers());
        int attempts = file.attempts;
        inner.deliver("second");
        link.transmit(FakeLink.frame("third"));
        link.flush();
        assertEquals(attempts, file.attempts, "an ended capture is not written");
        assertEquals(List.of("first", "second"), received);
        assertEquals(List.of("third"), inner.sentTexts());
        assertEquals(2, inner.flushes);
        link.close();
        assertEquals(1, file.closes);
        assertFalse(file.isOpen());
    }

    @Test
    void snaplenIsBounded() {
        assertThrows(IllegalArgumentException.class, () -> start(0));
        assertThrows(IllegalArgumentException.class, () -> start(PcapLink.MAX_SNAPLEN + 1));
    }
}
