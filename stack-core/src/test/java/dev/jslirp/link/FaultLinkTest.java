package dev.jslirp.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.link.FaultLink.Fault;
import dev.jslirp.testkit.LeakExtension;
import dev.jslirp.testkit.SimReactor;
import dev.jslirp.wire.Checksum;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.UdpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FaultLinkTest {
    @RegisterExtension
    final LeakExtension leaks = new LeakExtension();
    private final SimReactor reactor = new SimReactor();
    private final FakeLink inner = new FakeLink();
    private final List<byte[]> received = new ArrayList<>();
    private final List<Long> offloads = new ArrayList<>();

    private FaultLink start(String faults, long seed) {
        FaultLink link = new FaultLink(inner, FaultConfig.parse(faults), new SplittableRandom(seed), reactor, leaks.allocator());
        link.start((frame, offload) -> {
            byte[] bytes = new byte[frame.readableBytes()];
            frame.getBytes(frame.readerIndex(), bytes);
            received.add(bytes);
            offloads.add(offload);
        });
        return link;
    }

    private List<String> receivedTexts() {
        return received.stream().map(bytes -> new String(bytes, StandardCharsets.ISO_8859_1)).toList();
    }

    @Test
    void nothingHappensWithoutFaults() {
        try (FaultLink link = start("loss=0%", 1)) {
            inner.deliver("in");
            OutboundFrame frame = FakeLink.frame("ou", "t");
            frame.offload = 5;
            link.transmit(frame);
            link.flush();
            assertEquals(List.of("in"), receivedTexts());
            assertEquals(List.of("out"), inner.sentTexts());
            assertEquals(5, inner.sent.getFirst().offload());
            assertEquals(1, inner.flushes);
            assertEquals(inner.capabilities, link.capabilities());
            assertEquals(42, link.dropped());
            assertEquals(2, link.count(Fault.NONE));
        }
        assertEquals(1, inner.closes);
    }

    @Test
    void lostFramesOfBothDirectionsAreCounted() {
        try (FaultLink link = start("loss=100%", 1)) {
            inner.deliver("in");
            link.transmit(FakeLink.frame("out"));
            assertEquals(List.of(), receivedTexts());
            assertEquals(List.of(), inner.sentTexts());
            assertEquals(2, link.count(Fault.LOST));
        }
    }

    @Test
    void duplicatedFramesArriveTwice() {
        try (FaultLink link = start("duplicate=100%", 1)) {
            inner.deliver("in");
            link.transmit(FakeLink.frame("o", "ut"));
            assertEquals(List.of("in", "in"), receivedTexts());
            assertEquals(List.of("out", "out"), inner.sentTexts());
            assertEquals(2, link.count(Fault.DUPLICATED));
        }
    }

    @Test
    void reorderedFramesAreOvertakenByEightAtMost() {
        try (FaultLink link = start("reorder=20%", 3)) {
            int frames = 200;
            reactor.round(() -> {
                for (int i = 0; i < frames; i++) {
                    inner.deliver("f" + i);
                    link.transmit(FakeLink.frame("f", Integer.toString(i)));
                }
            });
            assertReordered(receivedTexts(), frames);
            assertReordered(inner.sentTexts(), frames);
            assertTrue(link.count(Fault.REORDERED) > 20);
        }
    }

    private static void assertReordered(List<String> texts, int frames) {
        assertEquals(frames, texts.stream().distinct().count());
        assertEquals(frames, texts.size());
        int overtaken = 0;
        for (int i = 0; i < frames; i++) {
            int number = Integer.parseInt(texts.get(i).substring(1));
            int later = (int) texts.subList(0, i).stream().filter(text -> Integer.parseInt(text.substring(1)) > number).count();
            overtaken += later > 0 ? 1 : 0;
            // Others that were held may slip past as well, when they are let go in the same moment.
            assertTrue(later <= 2 * 8, texts.get(i) + " was overtaken by " + later);
        }
        assertTrue(overtaken > 10, "only " + overtaken + " were overtaken");
    }

    @Test
    void heldFramesAreNotStuckOnAnIdleLink() {
        try (FaultLink link = start("reorder=100%", 1)) {
            reactor.round(() -> {
                inner.deliver("in");
                OutboundFrame frame = FakeLink.frame("ou", "t");
                frame.offload = 7;
                link.transmit(frame);
                link.flush();
                assertEquals(0, received.size() + inner.sent.size());
            });
            assertEquals(List.of("in"), receivedTexts());
            assertEquals(List.of("out"), inner.sentTexts());
            assertEquals(2, inner.sent.getFirst().headerLength());
            assertEquals(7, inner.sent.getFirst().offload());
            assertEquals(2, inner.flushes, "the released frame is flushed, too");
        }
    }

    @Test
    void onlySoManyFramesAreHeld() {
        try (FaultLink link = start("reorder=100%", 1)) {
            reactor.round(() -> {
                for (int i = 0; i < 1_000; i++) {
                    inner.deliver("frame");
                }
                assertTrue(leaks.allocator().liveBuffers() <= 65, "64 frames and the header space");
            });
            assertEquals(1_000, received.size());
            assertEquals(1_000, link.count(Fault.REORDERED));
        }
    }

    @Test
    void closingReleasesHeldFramesAndNoneComesAfterwards() {
        FaultLink link = start("reorder=100%", 1);
        reactor.round(() -> {
            inner.deliver("in");
            link.transmit(FakeLink.frame("out"));
            link.close();
            link.close();
            inner.deliver("late");
            link.transmit(FakeLink.frame("late"));
        });
        assertEquals(0, leaks.allocator().liveBuffers());
        assertEquals(0, received.size() + inner.sent.size());
    }

    @Test
    void damageIsOneBitAndShowsInAChecksum() {
        try (FaultLink link = start("corrupt=100%", 5)) {
            byte[] frame = datagram(true);
            for (int i = 0; i < 100; i++) {
                inner.deliver(frame, Offload.NONE);
                link.transmit(outbound(frame, Offload.NONE));
            }
            assertEquals(100, received.size());
            assertEquals(100, inner.sent.size());
            received.forEach(bytes -> assertDamaged(frame, bytes));
            inner.sent.forEach(sent -> assertDamaged(frame, sent.bytes()));
            assertEquals(200, link.count(Fault.CORRUPTED));
        }
    }

    @Test
    void damageShowsInAFrameThatLeftItsChecksumToTheReceiver() {
        try (FaultLink link = start("corrupt=100%", 5)) {
            long offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, 0, 34, UdpHeader.CHECKSUM);
            for (int i = 0; i < 100; i++) {
                inner.deliver(datagram(false), offload);
                link.transmit(outbound(datagram(false), offload));
            }
            received.forEach(bytes -> assertDamaged(datagram(true), bytes));
            inner.sent.forEach(sent -> assertDamaged(datagram(true), sent.bytes()));
            assertEquals(100, received.size());
            offloads.forEach(seen -> assertEquals(Offload.NONE, seen));
            inner.sent.forEach(sent -> assertEquals(Offload.NONE, sent.offload()));
        }
    }

    @Test
    void whatNobodyChecksIsLostInsteadOfDamaged() {
        try (FaultLink link = start("corrupt=100%", 1)) {
            inner.deliver(datagram(false), Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_UDP_L4, 10, 42, 34, 6));
            byte[] arp = datagram(true);
            arp[13] = 6;
            inner.deliver(arp, Offload.NONE);
            inner.deliver(new byte[3], Offload.NONE);
            assertEquals(0, received.size());
            assertEquals(3, link.count(Fault.CORRUPTED));
        }
    }

    @Test
    void theSameSeedMakesTheSameFaults() {
        assertEquals(run(11), run(11));
        assertNotEquals(run(11), run(12));
    }

    private String run(long seed) {
        inner.sent.clear();
        try (FaultLink link = start("loss=10%,duplicate=10%,reorder=10%,corrupt=10%", seed)) {
            for (int i = 0; i < 100; i++) {
                String text = Integer.toString(i);
                reactor.round(() -> link.transmit(FakeLink.frame(text)));
            }
            return inner.sentTexts().toString();
        }
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

    private static OutboundFrame outbound(byte[] bytes, long offload) {
        OutboundFrame frame = FakeLink.frame(Arrays.copyOf(bytes, 42));
        frame.payload.add(Unpooled.wrappedBuffer(bytes), 42, bytes.length - 42);
        frame.offload = offload;
        return frame;
    }

    /// UDP over IPv4 over Ethernet; the checksum complete, or the pseudo-header's sum alone.
    private static byte[] datagram(boolean complete) {
        int length = UdpHeader.LENGTH + 25;
        byte[] bytes = new byte[34 + length];
        Arrays.fill(bytes, 42, bytes.length, (byte) 'x');
        ByteBuf buf = Unpooled.wrappedBuffer(bytes);
        EthernetHeader.write(buf, 0, 2, 4, EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(buf, 14, 0, 20 + length, 1, 0, 64, Ipv4Header.UDP, 0x0a00020f, 0xc0000209);
        long pseudo = Checksum.pseudoHeader(0, IpAddress.v4Lo(0x0a00020f), 0, IpAddress.v4Lo(0xc0000209), Ipv4Header.UDP, length);
        UdpHeader.write(buf, 34, 5_000, 53, length, Checksum.fold(pseudo));
        if (complete) {
            buf.setShort(40, Checksum.of(buf, 34, length));
        }
        return bytes;
    }

    private static void assertDamaged(byte[] original, byte[] bytes) {
        assertEquals(original.length, bytes.length);
        int bits = 0;
        for (int i = 0; i < bytes.length; i++) {
            bits += Integer.bitCount((original[i] ^ bytes[i]) & 0xff);
        }
        assertEquals(1, bits);
        assertArrayEquals(Arrays.copyOf(original, 14), Arrays.copyOf(bytes, 14), "the Ethernet header is spared");
        PacketView view = new PacketView();
        ByteBuf buf = Unpooled.wrappedBuffer(bytes);
        DropReason reason = Ipv4Header.decode(buf, 14, bytes.length - 14, view);
        assertNotEquals(DropReason.NONE, reason == DropReason.NONE ? UdpHeader.decode(buf, view) : reason);
    }
}
