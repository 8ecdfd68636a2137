package dev.jslirp.tap.vhost;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.wire.Offload;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Frames for a guest that has not offered enough buffers. The fixture sees to it that none outlives the link.
class BackPressureTest {
    private static final int RX = 0;
    private static final int SIZE = 256;
    private static final int BUFFER_BYTES = 2_048;
    private static final int VNET_BYTES = 12;
    /// Room for ten frames of [#frame], as the backlog counts them.
    private static final int BACKLOG_BYTES = 10 * (8 + 60 + Backlog.FRAME_COST_BYTES);

    @TempDir
    private Path directory;
    private LinkFixture fixture;
    private FrontEnd guest;
    private DriverRing rx;
    private int offered;

    @BeforeEach
    void connect() throws IOException {
        fixture = new LinkFixture(directory.resolve("s"), VhostUserConfig.ofMtu(1_500).withBacklogBytesMax(BACKLOG_BYTES)).recording();
        guest = new FrontEnd(fixture, SIZE, 2);
        rx = guest.rings[RX];
    }

    @AfterEach
    void close() {
        guest.close();
        fixture.close();
    }

    /// 60 bytes, of which the last is `number`.
    private static byte[] frame(int number) {
        byte[] frame = new byte[60];
        frame[59] = (byte) number;
        return frame;
    }

    private void transmit(int from, int count) {
        for (int i = 0; i < count; i++) {
            fixture.transmit(Offload.NONE, Arrays.copyOf(frame(from + i), 54), Arrays.copyOfRange(frame(from + i), 54, 60));
        }
        fixture.flush();
    }

    /// Offers buffers and kicks if the device wants that. @return whether it did
    private boolean offer(int count) {
        int before = rx.offered();
        for (int i = 0; i < count; i++) {
            int index = offered++ % SIZE;
            rx.descriptor(index, FrontEnd.address(FrontEnd.BUFFERS + (long) index * BUFFER_BYTES), BUFFER_BYTES, DriverRing.WRITE, 0);
            rx.offer(index);
        }
        rx.publish(0);
        boolean wanted = rx.wantsKick(before);
        if (wanted) {
            rx.kick();
            guest.settle();
        }
        return wanted;
    }

    private void assertReceived(int from, int count) {
        assertEquals(count, rx.usedCount());
        for (int i = 0; i < count; i++) {
            long entry = rx.takeUsed();
            assertEquals(VNET_BYTES + 60, entry >>> 32);
            byte[] received = guest.memory.asSlice(FrontEnd.BUFFERS + (entry & 0xffff) * BUFFER_BYTES + VNET_BYTES, 60)
                    .toArray(ValueLayout.JAVA_BYTE);
            assertArrayEquals(frame(from + i), received);
        }
    }

    @Test
    void framesWaitForBuffersAndArriveInOrder() {
        guest.start(FrontEnd.ALL);
        offer(2);
        transmit(0, 6);
        assertReceived(0, 2);
        assertTrue(offer(3));
        assertReceived(2, 3);
        assertEquals(1, rx.calls());
        transmit(6, 1);
        assertTrue(offer(10));
        assertReceived(5, 2);
        transmit(7, 8);
        assertReceived(7, 8);
        assertEquals(0, fixture.dropped());
    }

    @Test
    void noKickIsWantedUntilAFrameWaits() {
        guest.start(FrontEnd.ALL);
        offer(SIZE);
        transmit(0, SIZE);
        assertReceived(0, SIZE);
        assertFalse(offer(SIZE));
        transmit(0, SIZE + 1);
        assertReceived(0, SIZE);
        assertTrue(offer(1));
        assertReceived(SIZE, 1);
    }

    @Test
    void withoutEventIndexTheFlagAsksForTheKick() {
        guest.start(FrontEnd.ALL & ~Features.EVENT_IDX);
        transmit(0, 1);
        assertEquals(0, rx.usedFlags());
        rx.descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), BUFFER_BYTES, DriverRing.WRITE, 0);
        rx.offer(0);
        rx.publish(0);
        rx.kick();
        guest.settle();
        assertReceived(0, 1);
        assertEquals(1, rx.usedFlags());
    }

    @Test
    void whatDoesNotFitTheBacklogIsDroppedAndCounted() {
        guest.start(FrontEnd.ALL);
        transmit(0, 15);
        assertEquals(5, fixture.dropped());
        offer(20);
        assertReceived(0, 10);
        transmit(10, 1);
        assertReceived(10, 1);
        assertEquals(5, fixture.dropped());
    }

    @Test
    void frameThatNeedsMoreBuffersThanThereAreWaitsForTheRest() throws IOException {
        reconnect(1 << 20);
        guest.start(FrontEnd.ALL);
        offer(2);
        fixture.transmit(Offload.NONE, new byte[54], new byte[3 * BUFFER_BYTES - VNET_BYTES - 54]);
        fixture.flush();
        transmit(1, 1);
        assertEquals(0, rx.usedCount());
        assertTrue(offer(1));
        assertEquals(3, rx.usedCount());
        for (int i = 0; i < 3; i++) {
            assertEquals(BUFFER_BYTES, rx.takeUsed() >>> 32);
        }
        assertTrue(offer(1));
        assertReceived(1, 1);
    }

    @Test
    void frameThatNoNumberOfBuffersHoldsIsDroppedAndHoldsNobodyUp() throws IOException {
        reconnect(1 << 20);
        guest.start(FrontEnd.ALL & ~Features.MRG_RXBUF);
        transmit(0, 1);
        fixture.transmit(Offload.NONE, new byte[54], new byte[3_000]);
        transmit(1, 1);
        offer(3);
        assertReceived(0, 2);
        assertEquals(1, fixture.dropped());
    }

    @Test
    void longBacklogGoesInSeveralTurns() throws IOException {
        reconnect(1 << 20);
        guest.start(FrontEnd.ALL);
        int count = 3 * ReceivePath.FRAMES_PER_TURN;
        transmit(0, count);
        offer(SIZE);
        assertReceived(0, count);
    }

    @Test
    void whatWaitsIsDroppedWhenTheQueueIsStoppedOrTheDriverReplaced() {
        guest.start(FrontEnd.ALL);
        transmit(0, 3);
        assertTrue(guest.send(Request.GET_VRING_BASE, 1, FrontEnd.words(RX)));
        assertEquals(RX, guest.reply());
        assertEquals(3, fixture.dropped());
        guest.startRing(RX, 0);
        guest.settle();
        transmit(3, 2);
        guest.must(Request.SET_FEATURES, FrontEnd.words(FrontEnd.ALL & ~Features.GUEST_TSO4));
        assertEquals(5, fixture.dropped());
        transmit(5, 2);
        guest.must(Request.SET_VRING_ENABLE, FrontEnd.words(RX));
        assertEquals(7, fixture.dropped());
        guest.must(Request.SET_VRING_ENABLE, FrontEnd.words(RX | 1L << 32));
        offer(2);
        transmit(7, 2);
        assertReceived(7, 2);
    }

    @Test
    void whatWaitsSurvivesNewMemory() {
        guest.start(FrontEnd.ALL);
        transmit(0, 3);
        guest.must(Request.SET_MEM_TABLE, FrontEnd.memoryTable(), guest.memoryFd, guest.memoryFd);
        offer(3);
        guest.settle();
        assertReceived(0, 3);
    }

    @Test
    void brokenRingGivesUpWhatWaits() {
        guest.start(FrontEnd.ALL);
        transmit(0, 3);
        rx.descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), BUFFER_BYTES, 0, 0);
        rx.offer(0);
        rx.publish(0);
        rx.kick();
        guest.settle();
        assertEquals(3, fixture.dropped());
        assertEquals(1, rx.errors());
    }

    private void reconnect(int backlogBytesMax) throws IOException {
        close();
        fixture = new LinkFixture(directory.resolve("t"), VhostUserConfig.ofMtu(1_500).withBacklogBytesMax(backlogBytesMax)).recording();
        guest = new FrontEnd(fixture, SIZE, 2);
        rx = guest.rings[RX];
    }
}
