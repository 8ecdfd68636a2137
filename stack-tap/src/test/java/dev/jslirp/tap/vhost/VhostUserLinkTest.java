package dev.jslirp.tap.vhost;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.tap.vhost.LinkFixture.Delivered;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.Offload;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Frames of an honest driver.
class VhostUserLinkTest {
    private static final int RX = 0;
    private static final int TX = 1;
    private static final int SIZE = 256;

    @TempDir
    private Path directory;
    private LinkFixture fixture;
    private FrontEnd guest;

    @BeforeEach
    void connect() throws IOException {
        fixture = new LinkFixture(directory.resolve("s"), VhostUserConfig.ofMtu(1_500)).recording();
        guest = new FrontEnd(fixture, SIZE, 2);
    }

    @AfterEach
    void close() {
        guest.close();
        fixture.close();
    }

    private static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        RandomGenerator.of("L64X128MixRandom").nextBytes(bytes);
        return bytes;
    }

    private void put(long at, byte[] bytes) {
        MemorySegment.copy(bytes, 0, guest.memory, ValueLayout.JAVA_BYTE, at, bytes.length);
    }

    /// A virtio-net header, then the frame.
    private static byte[] withHeader(int flags, int gsoType, int gsoSize, byte[] frame) {
        byte[] whole = new byte[12 + frame.length];
        whole[0] = (byte) flags;
        whole[1] = (byte) gsoType;
        whole[4] = (byte) gsoSize;
        whole[5] = (byte) (gsoSize >> 8);
        System.arraycopy(frame, 0, whole, 12, frame.length);
        return whole;
    }

    /// Sends `bytes` in one chain of descriptors of these lengths, the last of which takes the rest.
    private void send(byte[] bytes, int... lengths) {
        DriverRing tx = guest.rings[TX];
        put(FrontEnd.BUFFERS, bytes);
        int at = 0;
        for (int i = 0; i <= lengths.length; i++) {
            int length = i < lengths.length ? lengths[i] : bytes.length - at;
            tx.descriptor(i, FrontEnd.address(FrontEnd.BUFFERS + at), length, i < lengths.length ? DriverRing.NEXT : 0, i + 1);
            at += length;
        }
        tx.offer(0);
        tx.publish(0);
        tx.kick();
        guest.settle();
    }

    /// Offers `count` receive buffers of `bytes` bytes each.
    private void offerBuffers(int count, int bytes) {
        DriverRing rx = guest.rings[RX];
        for (int i = 0; i < count; i++) {
            rx.descriptor(i, FrontEnd.address(FrontEnd.BUFFERS + (long) i * bytes), bytes, DriverRing.WRITE, 0);
            rx.offer(i);
        }
        rx.publish(0);
    }

    /// The frames received, each with its virtio-net header.
    private List<byte[]> received(int bufferBytes, boolean merged) {
        DriverRing rx = guest.rings[RX];
        List<byte[]> frames = new ArrayList<>();
        while (rx.usedCount() > 0) {
            byte[] frame = new byte[0];
            int buffers = 1;
            for (int i = 0; i < buffers; i++) {
                long entry = rx.takeUsed();
                int length = (int) (entry >>> 32);
                byte[] part = guest.memory.asSlice(FrontEnd.BUFFERS + (entry & 0xffff) * bufferBytes, length)
                        .toArray(ValueLayout.JAVA_BYTE);
                if (i == 0) {
                    assertTrue(length >= 12);
                    buffers = part[10] & 0xff | (part[11] & 0xff) << 8;
                    assertTrue(merged || buffers == 1);
                }
                frame = Arrays.copyOf(frame, frame.length + length);
                System.arraycopy(part, 0, frame, frame.length - length, length);
            }
            frames.add(frame);
        }
        return frames;
    }

    private static byte[] frameOf(byte[] received) {
        return Arrays.copyOfRange(received, 12, received.length);
    }

    @Test
    void frameOfTheGuestIsDeliveredAndItsBufferGivenBack() {
        guest.start(FrontEnd.ALL);
        byte[] frame = bytes(60);
        send(withHeader(0, 0, 0, frame));
        List<Delivered> delivered = fixture.delivered();
        assertEquals(1, delivered.size());
        assertArrayEquals(frame, delivered.getFirst().bytes());
        assertEquals(Offload.NONE, delivered.getFirst().offload());
        assertEquals(1, guest.rings[TX].usedCount());
        assertEquals(0, guest.rings[TX].takeUsed());
        assertEquals(1, guest.rings[TX].calls());
    }

    @Test
    void frameIsGatheredFromDescriptorsOfAnyLength() {
        guest.start(FrontEnd.ALL);
        byte[] frame = bytes(3_000);
        send(withHeader(1, 1, 1_448, frame), 5, 0, 6, 2, 1_000, 1);
        Delivered delivered = fixture.delivered().getFirst();
        assertArrayEquals(frame, delivered.bytes());
        assertEquals(Offload.GSO_TCPV4, Offload.gsoType(delivered.offload()));
        assertEquals(1_448, Offload.gsoSize(delivered.offload()));
        assertTrue(Offload.checksumTrusted(delivered.offload()));
    }

    @Test
    void frameMayLieInIndirectDescriptorsAndCrossRegions() {
        guest.start(FrontEnd.ALL);
        byte[] frame = bytes(20_000);
        DriverRing tx = guest.rings[TX];
        long start = FrontEnd.HALF - 777;
        put(start, withHeader(0, 0, 0, frame));
        long table = 900 << 10;
        tx.descriptorAt(table, FrontEnd.address(start), 12, DriverRing.NEXT, 3);
        tx.descriptorAt(table + 48, FrontEnd.address(start + 12), frame.length, 0, 0);
        tx.descriptor(9, FrontEnd.address(table), 64, DriverRing.INDIRECT, 0);
        tx.offer(9);
        tx.publish(0);
        tx.kick();
        guest.settle();
        assertArrayEquals(frame, fixture.delivered().getFirst().bytes());
    }

    @Test
    void moreFramesThanOneTurnTakesAreAllDelivered() {
        guest.start(FrontEnd.ALL);
        DriverRing tx = guest.rings[TX];
        put(FrontEnd.BUFFERS, withHeader(0, 0, 0, bytes(60)));
        int count = 3 * TransmitQueue.FRAMES_PER_TURN;
        for (int i = 0; i < count; i++) {
            tx.descriptor(i, FrontEnd.address(FrontEnd.BUFFERS), 72, 0, 0);
            tx.offer(i);
        }
        tx.publish(0);
        tx.kick();
        guest.settle();
        assertEquals(count, fixture.delivered().size());
        assertEquals(count, tx.usedCount());
    }

    @Test
    void kicksAreAskedForOnlyWhenTheRingIsEmpty() {
        guest.start(FrontEnd.ALL);
        DriverRing tx = guest.rings[TX];
        send(withHeader(0, 0, 0, bytes(60)));
        tx.offer(0);
        assertTrue(tx.wantsKick(tx.offered() - 1));
    }

    @Test
    void framesTooLongTooShortOrWithOffloadsNotNegotiatedAreRefused() {
        guest.start(FrontEnd.ALL & ~Features.HOST_TSO4 & ~Features.HOST_USO);
        send(withHeader(0, 0, 0, bytes(13)));
        send(withHeader(0, 0, 0, bytes(65_554)));
        send(withHeader(1, 1, 1_000, bytes(60)));
        send(withHeader(1, 5, 1_000, bytes(60)));
        send(withHeader(1, 4, 1_000, bytes(60)));
        send(withHeader(1, 3, 1_000, bytes(60)));
        assertEquals(0, fixture.delivered().size());
        assertEquals(6, fixture.refused());
        assertEquals(6, guest.rings[TX].usedCount());
        send(withHeader(0, 0, 0, bytes(65_553)));
        assertEquals(1, fixture.delivered().size());
    }

    @Test
    void frameForTheGuestIsWrittenAndCalledForOncePerFlush() {
        guest.start(FrontEnd.ALL);
        offerBuffers(8, 2_048);
        byte[] header = bytes(54);
        byte[] one = bytes(100);
        byte[] two = bytes(333);
        long offload = Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, 34, 16);
        fixture.transmit(offload, header, one, two);
        fixture.transmit(Offload.NONE, header);
        assertEquals(0, guest.rings[RX].usedCount());
        fixture.flush();
        assertEquals(1, guest.rings[RX].calls());
        List<byte[]> frames = received(2_048, true);
        assertEquals(2, frames.size());
        byte[] first = frames.getFirst();
        assertArrayEquals(new byte[] {1, 0, 54, 0, 0, 0, 34, 0, 16, 0, 1, 0}, Arrays.copyOf(first, 12));
        assertArrayEquals(header, Arrays.copyOfRange(first, 12, 66));
        assertArrayEquals(one, Arrays.copyOfRange(first, 66, 166));
        assertArrayEquals(two, Arrays.copyOfRange(first, 166, first.length));
        assertArrayEquals(header, frameOf(frames.get(1)));
        fixture.flush();
        assertEquals(0, guest.rings[RX].calls());
    }

    @Test
    void superFrameFillsSeveralBuffers() {
        guest.start(FrontEnd.ALL);
        offerBuffers(100, 1_536);
        byte[] header = bytes(66);
        byte[] payload = bytes(60_000);
        long offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_448, 66, 34, 16);
        fixture.transmit(offload, header, payload);
        fixture.transmit(offload, header, payload);
        fixture.flush();
        List<byte[]> frames = received(1_536, true);
        assertEquals(2, frames.size());
        for (byte[] frame : frames) {
            assertEquals(40, frame[10], "buffers");
            assertArrayEquals(payload, Arrays.copyOfRange(frame, 78, frame.length));
        }
    }

    @Test
    void withoutMergingTheWholeFrameGoesToOneChain() {
        guest.start(FrontEnd.ALL & ~Features.MRG_RXBUF);
        DriverRing rx = guest.rings[RX];
        rx.descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), 12, DriverRing.NEXT | DriverRing.WRITE, 1);
        rx.descriptor(1, FrontEnd.address(FrontEnd.BUFFERS + 12), 2_000, DriverRing.WRITE, 0);
        rx.offer(0);
        rx.publish(0);
        fixture.transmit(Offload.NONE, bytes(54), bytes(1_947));
        assertEquals(1, fixture.dropped());
        byte[] payload = bytes(1_946);
        fixture.transmit(Offload.NONE, bytes(54), payload);
        fixture.flush();
        byte[] frame = received(4_096, false).getFirst();
        assertArrayEquals(payload, Arrays.copyOfRange(frame, 66, frame.length));
    }

    @Test
    void theDriverIsCalledWhenItAsksTo() {
        guest.start(FrontEnd.ALL);
        DriverRing rx = guest.rings[RX];
        offerBuffers(8, 512);
        rx.callWhenPast(1);
        for (int i = 0; i < 3; i++) {
            fixture.transmit(Offload.NONE, bytes(54));
            fixture.flush();
            assertEquals(i == 1 ? 1 : 0, rx.calls(), "frame " + i);
        }
    }

    @Test
    void withoutEventIndexTheFlagsRule() {
        guest.start(FrontEnd.ALL & ~Features.EVENT_IDX);
        DriverRing rx = guest.rings[RX];
        offerBuffers(8, 512);
        rx.availableFlags(1);
        fixture.transmit(Offload.NONE, bytes(54));
        fixture.flush();
        assertEquals(0, rx.calls());
        rx.availableFlags(0);
        fixture.transmit(Offload.NONE, bytes(54));
        fixture.flush();
        assertEquals(1, rx.calls());
        assertEquals(1, rx.usedFlags(), "no kick is needed for receive buffers");
        send(withHeader(0, 0, 0, bytes(60)));
        assertEquals(0, guest.rings[TX].usedFlags());
        assertEquals(1, fixture.delivered().size());
    }

    @Test
    void positionsWrapAround() {
        guest.negotiate(FrontEnd.ALL);
        guest.must(Request.SET_MEM_TABLE, FrontEnd.memoryTable(), guest.memoryFd, guest.memoryFd);
        guest.startRing(TX, 0);
        for (int i = 0; i < 70_000; i += SIZE) {
            DriverRing tx = guest.rings[TX];
            put(FrontEnd.BUFFERS, withHeader(0, 0, 0, bytes(60)));
            for (int j = 0; j < SIZE; j++) {
                tx.descriptor(j, FrontEnd.address(FrontEnd.BUFFERS), 72, 0, 0);
                tx.offer(j);
            }
            tx.publish(0);
            tx.kick();
            for (int j = 0; j < SIZE; j++) {
                while (tx.usedCount() == 0) {
                    guest.settle();
                }
                assertEquals(j, tx.takeUsed());
            }
        }
        assertEquals((70_000 / SIZE + 1) * SIZE, fixture.delivered().size());
    }

    private static byte[] tcpFrame(int flags, byte[] payload, boolean openChecksum) {
        TcpSegment segment = new TcpSegment(80, 4_000, 0xffff_fc00, 7, flags, 1_000, 0, List.of(), payload);
        byte[] frame = new EthernetFrame(1, 2, EthernetFrame.IPV4,
                Ipv4Packet.of(Ipv4Packet.TCP, 0x0a000202, 0x0a00020f, segment.encode(0x0a000202, 0x0a00020f)).encode()).encode();
        if (openChecksum) {
            int sum = 0x0a00 + 0x0202 + 0x0a00 + 0x020f + 6 + 20 + payload.length;
            sum = (sum & 0xffff) + (sum >>> 16);
            frame[50] = (byte) (sum >> 8);
            frame[51] = (byte) sum;
        }
        return frame;
    }

    @Test
    void superFrameIsCutForADriverThatTakesNone() {
        guest.start(Features.VERSION_1 | Features.PROTOCOL_FEATURES);
        offerBuffers(64, 2_048);
        byte[] payload = bytes(10_000);
        byte[] whole = tcpFrame(TcpSegment.ACK | TcpSegment.PSH, payload, true);
        fixture.transmit(Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_447, 54, 34, 16), Arrays.copyOf(whole, 54),
                Arrays.copyOf(payload, 1), Arrays.copyOfRange(payload, 1, 5_001), Arrays.copyOfRange(payload, 5_001, 10_000));
        fixture.flush();
        List<byte[]> frames = received(2_048, false);
        assertEquals(7, frames.size());
        int sent = 0;
        for (byte[] frame : frames) {
            assertArrayEquals(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, Arrays.copyOf(frame, 12));
            // Parsing checks both checksums.
            TcpSegment segment = TcpSegment.parse(Ipv4Packet.parse(EthernetFrame.parse(frameOf(frame)).payload()), false);
            assertEquals(0xffff_fc00 + sent, segment.seq());
            assertArrayEquals(Arrays.copyOfRange(payload, sent, sent + segment.payload().length), segment.payload());
            sent += segment.payload().length;
            assertEquals(sent == 10_000, segment.has(TcpSegment.PSH));
        }
        assertEquals(10_000, sent);
    }

    @Test
    void withoutSegmentationButWithChecksumsTheSegmentsAreLeftOpen() {
        guest.start(Features.VERSION_1 | Features.PROTOCOL_FEATURES | Features.GUEST_CSUM);
        offerBuffers(64, 2_048);
        byte[] payload = bytes(3_000);
        byte[] whole = tcpFrame(TcpSegment.ACK | TcpSegment.FIN, payload, true);
        fixture.transmit(Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_448, 54, 34, 16), Arrays.copyOf(whole, 54), payload);
        fixture.flush();
        List<byte[]> frames = received(2_048, false);
        assertEquals(3, frames.size());
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(new byte[] {1, 0, 54, 0, 0, 0, 34, 0, 16, 0, 1, 0}, Arrays.copyOf(frames.get(i), 12));
            TcpSegment segment = TcpSegment.parse(Ipv4Packet.parse(EthernetFrame.parse(frameOf(frames.get(i))).payload()), true);
            assertEquals(i == 2, segment.has(TcpSegment.FIN));
        }
    }

    @Test
    void checksumIsCompletedForADriverThatDoesNot() {
        guest.start(Features.VERSION_1 | Features.PROTOCOL_FEATURES | Features.MRG_RXBUF);
        offerBuffers(8, 2_048);
        byte[] payload = bytes(777);
        byte[] whole = tcpFrame(TcpSegment.ACK, payload, true);
        fixture.transmit(Offload.pack(Offload.NEEDS_CSUM, 0, 0, 54, 34, 16), Arrays.copyOf(whole, 54), payload);
        fixture.flush();
        byte[] frame = frameOf(received(2_048, true).getFirst());
        assertArrayEquals(tcpFrame(TcpSegment.ACK, payload, false), frame);
    }

    @Test
    void aDatagramWhoseChecksumComesOutAsZeroCarriesAllOnes() {
        guest.start(Features.VERSION_1 | Features.PROTOCOL_FEATURES);
        offerBuffers(8, 2_048);
        // The payload is what makes the sum all ones.
        UdpDatagram empty = new UdpDatagram(1, 2, new byte[2]);
        byte[] encoded = empty.encode(0x0a000202, 0x0a00020f);
        byte[] payload = {encoded[6], encoded[7]};
        byte[] datagram = new UdpDatagram(1, 2, payload).encode(0x0a000202, 0x0a00020f);
        assertEquals(-1, datagram[6] & datagram[7]);
        byte[] frame = new EthernetFrame(1, 2, EthernetFrame.IPV4, Ipv4Packet.of(Ipv4Packet.UDP, 0x0a000202, 0x0a00020f, datagram).encode())
                .encode();
        byte[] header = Arrays.copyOf(frame, 42);
        int sum = 0x0a00 + 0x0202 + 0x0a00 + 0x020f + 17 + 10;
        header[40] = (byte) (sum >> 8);
        header[41] = (byte) sum;
        fixture.transmit(Offload.pack(Offload.NEEDS_CSUM, 0, 0, 42, 34, 6), header, payload);
        fixture.flush();
        // Without the padding, which is the link's affair.
        assertArrayEquals(Arrays.copyOf(frame, 44), frameOf(received(2_048, true).getFirst()));
    }

    @Test
    void legacyDriversHaveAShorterHeader() {
        guest.start(Features.PROTOCOL_FEATURES);
        offerBuffers(8, 2_048);
        byte[] frame = bytes(60);
        fixture.transmit(Offload.NONE, frame);
        fixture.flush();
        DriverRing rx = guest.rings[RX];
        assertEquals(70L << 32, rx.takeUsed());
        assertArrayEquals(frame, guest.memory.asSlice(FrontEnd.BUFFERS + 10, 60).toArray(ValueLayout.JAVA_BYTE));
        byte[] sent = new byte[70];
        System.arraycopy(frame, 0, sent, 10, 60);
        send(sent);
        assertArrayEquals(frame, fixture.delivered().getFirst().bytes());
    }

    @Test
    void disabledTransmitRingIsDrainedAndDisabledReceiveRingLeftAlone() {
        guest.start(FrontEnd.ALL);
        guest.must(Request.SET_VRING_ENABLE, FrontEnd.words(TX));
        guest.must(Request.SET_VRING_ENABLE, FrontEnd.words(RX));
        offerBuffers(8, 2_048);
        send(withHeader(0, 0, 0, bytes(60)));
        fixture.transmit(Offload.NONE, bytes(60));
        fixture.flush();
        assertEquals(0, fixture.delivered().size());
        assertEquals(1, guest.rings[TX].usedCount());
        assertEquals(0, guest.rings[RX].usedCount());
        assertEquals(1, fixture.dropped());
    }

    @Test
    void ringGoesOnWhereItWasStopped() {
        guest.start(FrontEnd.ALL);
        send(withHeader(0, 0, 0, bytes(60)));
        assertTrue(guest.send(Request.GET_VRING_BASE, 1, FrontEnd.words(TX)));
        assertEquals(TX | 1L << 32, guest.reply());
        send(withHeader(0, 0, 0, bytes(60)));
        assertEquals(1, fixture.delivered().size(), "a stopped ring is not looked at");
        guest.startRing(TX, 1);
        guest.settle();
        assertEquals(1, fixture.delivered().size());
        assertEquals(2, guest.rings[TX].usedCount());
    }

    @Test
    void memoryMayBeReplacedWhileTheRingsRun() {
        guest.start(FrontEnd.ALL);
        offerBuffers(8, 2_048);
        fixture.transmit(Offload.NONE, bytes(60));
        guest.must(Request.SET_MEM_TABLE, FrontEnd.memoryTable(), guest.memoryFd, guest.memoryFd);
        assertEquals(1, guest.rings[RX].usedCount(), "what was used is told before");
        byte[] frame = bytes(60);
        fixture.transmit(Offload.NONE, frame);
        fixture.flush();
        List<byte[]> frames = received(2_048, true);
        assertArrayEquals(frame, frameOf(frames.get(1)));
        send(withHeader(0, 0, 0, frame));
        assertEquals(1, fixture.delivered().size());
    }

    @Test
    void regionsComeAndGoOneByOne() {
        guest.negotiate(FrontEnd.ALL);
        assertEquals(GuestMemory.REGIONS_MAX, guest.get(Request.GET_MAX_MEM_SLOTS));
        guest.must(Request.ADD_MEM_REG, FrontEnd.words(0, FrontEnd.GUEST, FrontEnd.HALF, FrontEnd.USER, 0), guest.memoryFd);
        guest.startRing(RX, 0);
        guest.startRing(TX, 0);
        byte[] second = FrontEnd.words(0, FrontEnd.GUEST + FrontEnd.HALF, FrontEnd.HALF, FrontEnd.USER_2, FrontEnd.HALF);
        guest.must(Request.ADD_MEM_REG, second, guest.memoryFd);
        guest.must(Request.ADD_MEM_REG, second, guest.memoryFd);
        guest.must(Request.REM_MEM_REG, second);
        DriverRing tx = guest.rings[TX];
        tx.descriptor(0, FrontEnd.address(FrontEnd.HALF + 4_096), 72, 0, 0);
        tx.offer(0);
        tx.publish(0);
        tx.kick();
        guest.settle();
        assertEquals(1, fixture.delivered().size());
        guest.must(Request.REM_MEM_REG, second);
        assertEquals(1, guest.result(Request.REM_MEM_REG, second));
        tx.offer(0);
        tx.publish(0);
        tx.kick();
        guest.settle();
        assertEquals(0, fixture.delivered().size());
        assertEquals(1, tx.errors(), "the descriptor points to nothing now");
    }

    @Test
    void aSecondFrontEndIsTurnedAwayAndTheNextOneServed() throws IOException {
        guest.start(FrontEnd.ALL);
        try (FrontEnd second = new FrontEnd(fixture, SIZE, 2)) {
            assertEquals(-1, second.get(Request.GET_FEATURES));
        }
        assertTrue(guest.settle());
        guest.close();
        fixture.transmit(Offload.NONE, bytes(60));
        FrontEnd next = null;
        while (next == null) {
            next = new FrontEnd(fixture, SIZE, 2);
            if (next.get(Request.GET_FEATURES) == -1) {
                next.close();
                next = null;
            }
        }
        guest = next;
        guest.start(FrontEnd.ALL);
        offerBuffers(8, 2_048);
        fixture.transmit(Offload.NONE, bytes(60));
        fixture.flush();
        assertEquals(1, guest.rings[RX].usedCount());
        assertFalse(fixture.dropped() == 0);
    }
}
