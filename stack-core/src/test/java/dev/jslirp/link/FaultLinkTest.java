package dev.jslirp.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.testkit.TrackingAllocator;
import dev.jslirp.wire.Offload;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FaultLinkTest {
    private static final int FRAMES = 20_000;

    private final List<byte[]> toGuest = new ArrayList<>();
    private final List<byte[]> fromGuest = new ArrayList<>();
    private final EmbeddedLink embedded = new EmbeddedLink(LinkCapabilities.plain(1_500), frame -> toGuest.add(Frames.bytes(frame)));
    private final TrackingAllocator allocator = new TrackingAllocator();

    private FaultLink link(String faults) {
        FaultLink link = new FaultLink(embedded, FaultConfig.parse(faults), new SplittableRandom(1), allocator);
        link.start((frame, _) -> fromGuest.add(ByteBufUtil.getBytes(frame)));
        return link;
    }

    private void passNumberedFrames(FaultLink link) {
        for (int i = 0; i < FRAMES; i++) {
            byte[] frame = Frames.pattern(60);
            frame[20] = (byte) (i >> 8);
            frame[21] = (byte) i;
            embedded.receive(Unpooled.wrappedBuffer(frame), Offload.NONE);
            var outbound = Frames.outbound(54, 6);
            outbound.header.setShort(20, i);
            link.transmit(outbound);
        }
        link.flush();
        link.flush();
        link.close();
        allocator.assertAllReleased();
    }

    private static List<Integer> numbers(List<byte[]> frames) {
        return frames.stream().map(frame -> (frame[20] & 0xff) << 8 | frame[21] & 0xff).toList();
    }

    private static void assertAbout(double expected, double actual) {
        assertTrue(Math.abs(actual - expected) < expected / 5, () -> actual + " instead of about " + expected);
    }

    @Test
    void framesAreLostAtTheRateAskedFor() {
        passNumberedFrames(link("loss=5%"));
        assertAbout(0.05 * FRAMES, FRAMES - toGuest.size());
        assertAbout(0.05 * FRAMES, FRAMES - fromGuest.size());
    }

    @Test
    void framesAreDuplicatedUnchanged() {
        passNumberedFrames(link("duplicate=5%"));
        assertAbout(0.05 * FRAMES, toGuest.size() - FRAMES);
        assertAbout(0.05 * FRAMES, fromGuest.size() - FRAMES);
        assertEquals(FRAMES, numbers(toGuest).stream().distinct().count());
    }

    @Test
    void reorderedFramesAllArrive() {
        passNumberedFrames(link("reorder=5%"));
        for (List<byte[]> direction : List.of(toGuest, fromGuest)) {
            List<Integer> numbers = numbers(direction);
            assertEquals(FRAMES, numbers.stream().distinct().count());
            long descents = 0;
            for (int i = 1; i < numbers.size(); i++) {
                descents += numbers.get(i) < numbers.get(i - 1) ? 1 : 0;
            }
            assertTrue(descents > FRAMES / 100, descents + " frames came late");
        }
    }

    @Test
    void corruptionFlipsOneBitBehindTheEthernetHeader() {
        FaultLink link = link("corrupt=100%");
        link.transmit(Frames.outbound(54, 6));
        embedded.receive(Unpooled.wrappedBuffer(Frames.pattern(60)), Offload.NONE);
        link.close();
        allocator.assertAllReleased();
        for (byte[] frame : List.of(toGuest.getFirst(), fromGuest.getFirst())) {
            int flipped = 0;
            for (int i = 0; i < 60; i++) {
                flipped += Integer.bitCount((frame[i] ^ Frames.pattern(60)[i]) & 0xff);
            }
            assertEquals(1, flipped);
            assertArrayEquals(Arrays.copyOf(Frames.pattern(60), 14), Arrays.copyOf(frame, 14));
        }
    }

    @Test
    void framesWhoseChecksumIsOffloadedAreNotCorrupted() {
        FaultLink link = link("corrupt=100%");
        embedded.receive(Unpooled.wrappedBuffer(Frames.pattern(60)), Offload.pack(Offload.NEEDS_CSUM, 0, 0, 0, 34, 16));
        link.close();
        assertArrayEquals(Frames.pattern(60), fromGuest.getFirst());
    }

    @Test
    void aHeldFrameIsReleasedOnClose() {
        FaultLink link = link("reorder=100%");
        link.transmit(Frames.outbound(54, 6));
        embedded.receive(Unpooled.wrappedBuffer(Frames.pattern(60)), Offload.NONE);
        link.close();
        link.close();
        allocator.assertAllReleased();
        assertTrue(toGuest.isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "loss", "loss=1", "loss=x%", "loss=101%", "jitter=1%", "loss=1%,", "loss=-1%"})
    void whatIsNoFaultIsRefusedWithItsText(String text) {
        var e = assertThrows(IllegalArgumentException.class, () -> FaultConfig.parse(text));
        assertTrue(e.getMessage().startsWith("fault "), e.getMessage());
    }

    @Test
    void allFaultsCanBeGiven() {
        assertEquals(new FaultConfig(0.01, 0.02, 0.03, 0.005), FaultConfig.parse("loss=1%,duplicate=2%,reorder=3%,corrupt=0.5%"));
        assertFalse(FaultConfig.parse("loss=0%").loss() > 0);
    }
}
