package dev.jslirp.tap.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.tap.linux.SharedFiles;
import dev.jslirp.wire.Offload;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rings against the rules: each breaks the ring, is told once, and harms nothing else.
class HostileGuestTest {
    private static final int RX = 0;
    private static final int TX = 1;
    private static final int SIZE = 64;
    private static final long TABLE = 900 << 10;

    @TempDir
    private Path directory;
    private LinkFixture fixture;
    private FrontEnd guest;

    @BeforeEach
    void connect() throws IOException {
        fixture = new LinkFixture(directory.resolve("s"), VhostUserConfig.ofMtu(1_500)).recording();
        guest = new FrontEnd(fixture, SIZE, 2);
        guest.start(FrontEnd.ALL);
    }

    @AfterEach
    void close() {
        guest.close();
        fixture.close();
    }

    private void offer(int head) {
        DriverRing tx = guest.rings[TX];
        tx.offer(head);
        tx.publish(0);
        tx.kick();
        guest.settle();
    }

    private void good(int index) {
        guest.rings[TX].descriptor(index, FrontEnd.address(FrontEnd.BUFFERS), 72, 0, 0);
    }

    /// The transmit ring is broken until it is restarted; the connection and the other ring are not.
    private void assertBroken() {
        DriverRing tx = guest.rings[TX];
        assertEquals(1, tx.errors());
        assertEquals(0, fixture.delivered().size());
        good(5);
        offer(5);
        assertEquals(0, fixture.delivered().size());
        assertEquals(0, tx.errors(), "told once");

        guest.rings[RX].descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), 2_000, DriverRing.WRITE, 0);
        guest.rings[RX].offer(0);
        guest.rings[RX].publish(0);
        fixture.transmit(Offload.NONE, new byte[60]);
        fixture.flush();
        assertEquals(1, guest.rings[RX].usedCount());

        guest.send(Request.GET_VRING_BASE, 1, FrontEnd.words(TX));
        guest.reply();
        guest.startRing(TX, tx.offered() - 1 & 0xffff);
        tx.publish(0);
        tx.kick();
        guest.settle();
        assertEquals(1, fixture.delivered().size(), "restarted");
    }

    @Test
    void chainThatLoops() {
        guest.rings[TX].descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), 10, DriverRing.NEXT, 1);
        guest.rings[TX].descriptor(1, FrontEnd.address(FrontEnd.BUFFERS), 0, DriverRing.NEXT, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void chainThatIsItsOwnNext() {
        guest.rings[TX].descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), 65_000, DriverRing.NEXT, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void nextOutOfRange() {
        guest.rings[TX].descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), 10, DriverRing.NEXT, SIZE);
        offer(0);
        assertBroken();
    }

    @Test
    void nextFarOutOfRange() {
        guest.rings[TX].descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), 10, DriverRing.NEXT, 0xffff);
        offer(0);
        assertBroken();
    }

    @Test
    void headOutOfRange() {
        offer(SIZE);
        assertBroken();
    }

    @Test
    void availableIndexFarAhead() {
        good(0);
        guest.rings[TX].publish(SIZE + 1);
        guest.rings[TX].kick();
        guest.settle();
        assertBroken();
    }

    @Test
    void availableIndexMovedBack() {
        good(0);
        offer(0);
        assertEquals(1, fixture.delivered().size());
        guest.rings[TX].publish(-1);
        guest.rings[TX].kick();
        guest.settle();
        assertBroken();
    }

    @Test
    void addressOutsideTheMemory() {
        guest.rings[TX].descriptor(0, FrontEnd.address(FrontEnd.MEMORY_BYTES), 72, 0, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void addressBelowTheMemory() {
        guest.rings[TX].descriptor(0, FrontEnd.GUEST - 10, 72, 0, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void addressAtTheEndOfTheAddressSpace() {
        guest.rings[TX].descriptor(0, -10, 72, 0, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void bufferThatEndsOutsideTheMemory() {
        guest.rings[TX].descriptor(0, FrontEnd.address(FrontEnd.MEMORY_BYTES - 71), 72, 0, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void lengthOfFourGigabytesIsOnlyTooLong() {
        guest.rings[TX].descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), 0xffff_ffffL, 0, 0);
        offer(0);
        assertEquals(0, guest.rings[TX].errors());
        assertEquals(1, fixture.refused());
    }

    @Test
    void lengthsThatAddUpToMoreThanAnIntAreOnlyTooLong() {
        for (int i = 0; i < SIZE; i++) {
            guest.rings[TX].descriptor(i, FrontEnd.address(FrontEnd.BUFFERS), 0xffff_ffffL, i < SIZE - 1 ? DriverRing.NEXT : 0, i + 1);
        }
        offer(0);
        assertEquals(0, guest.rings[TX].errors());
        assertEquals(1, fixture.refused());
    }

    @Test
    void writableBufferInATransmitRing() {
        guest.rings[TX].descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), 72, DriverRing.WRITE, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void indirectInIndirect() {
        guest.rings[TX].descriptor(0, FrontEnd.address(TABLE), 32, DriverRing.INDIRECT, 0);
        guest.rings[TX].descriptorAt(TABLE, FrontEnd.address(TABLE), 32, DriverRing.INDIRECT, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void indirectThatIsNotTheLast() {
        guest.rings[TX].descriptor(0, FrontEnd.address(TABLE), 16, DriverRing.INDIRECT | DriverRing.NEXT, 1);
        guest.rings[TX].descriptorAt(TABLE, FrontEnd.address(FrontEnd.BUFFERS), 72, 0, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void indirectTableOfAStrangeLength() {
        guest.rings[TX].descriptor(0, FrontEnd.address(TABLE), 17, DriverRing.INDIRECT, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void indirectTableWithoutEntries() {
        guest.rings[TX].descriptor(0, FrontEnd.address(TABLE), 0, DriverRing.INDIRECT, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void indirectTableOfFourGigabytes() {
        guest.rings[TX].descriptor(0, FrontEnd.address(TABLE), 0xffff_fff0L, DriverRing.INDIRECT, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void indirectTableAcrossTheEndOfTheMemory() {
        guest.rings[TX].descriptor(0, FrontEnd.address(FrontEnd.MEMORY_BYTES - 16), 32, DriverRing.INDIRECT, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void indirectChainThatLoops() {
        guest.rings[TX].descriptor(0, FrontEnd.address(TABLE), 32, DriverRing.INDIRECT, 0);
        guest.rings[TX].descriptorAt(TABLE, FrontEnd.address(FrontEnd.BUFFERS), 0, DriverRing.NEXT, 1);
        guest.rings[TX].descriptorAt(TABLE + 16, FrontEnd.address(FrontEnd.BUFFERS), 0, DriverRing.NEXT, 0);
        offer(0);
        assertBroken();
    }

    @Test
    void readOnlyBufferInAReceiveRingBreaksOnlyThat() {
        guest.rings[RX].descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), 2_000, 0, 0);
        guest.rings[RX].offer(0);
        guest.rings[RX].publish(0);
        fixture.transmit(Offload.NONE, new byte[60]);
        fixture.transmit(Offload.NONE, new byte[60]);
        fixture.flush();
        assertEquals(1, guest.rings[RX].errors());
        assertEquals(2, fixture.dropped());
        good(0);
        offer(0);
        assertEquals(1, fixture.delivered().size());
    }

    @Test
    void receiveBuffersOfNoBytesAreNotAskedForEver() {
        DriverRing rx = guest.rings[RX];
        for (int i = 0; i < SIZE; i++) {
            rx.descriptor(i, FrontEnd.address(FrontEnd.BUFFERS), i % 2, DriverRing.WRITE, 0);
            rx.offer(i);
        }
        rx.publish(0);
        fixture.transmit(Offload.NONE, new byte[60]);
        fixture.flush();
        assertEquals(1, fixture.dropped());
        assertEquals(0, rx.usedCount());
        assertEquals(0, rx.errors());
    }

    @Test
    void memoryIsSealedAgainstShrinking() {
        assertTrue(SharedFiles.resize(guest.memoryFd, FrontEnd.HALF) < 0);
    }

    /// Replaces the guest by one whose memory can shrink.
    private void reconnectUnsealed() throws IOException {
        guest.close();
        fixture.rounds();
        guest = new FrontEnd(fixture, SIZE, 2, false);
        guest.start(FrontEnd.ALL);
    }

    @Test
    void framesThatVanishEndTheConnectionAndNothingElse() throws IOException {
        reconnectUnsealed();
        DriverRing tx = guest.rings[TX];
        tx.descriptor(0, FrontEnd.address(FrontEnd.HALF + 4_096), 60_000, 0, 0);
        tx.offer(0);
        tx.publish(0);
        assertEquals(0, SharedFiles.resize(guest.memoryFd, FrontEnd.HALF));
        tx.kick();
        fixture.rounds();
        assertEquals(-1, guest.get(Request.GET_FEATURES));
        assertEquals(0, fixture.delivered().size());
    }

    @Test
    void receiveBuffersThatVanishEndTheConnectionAndNothingElse() throws IOException {
        reconnectUnsealed();
        DriverRing rx = guest.rings[RX];
        rx.descriptor(0, FrontEnd.address(FrontEnd.HALF + 4_096), 2_000, DriverRing.WRITE, 0);
        rx.offer(0);
        rx.publish(0);
        assertEquals(0, SharedFiles.resize(guest.memoryFd, FrontEnd.HALF));
        fixture.transmit(Offload.NONE, new byte[60]);
        fixture.flush();
        assertEquals(-1, guest.get(Request.GET_FEATURES));
    }

    @Test
    void ringsThatVanishEndTheConnectionAndNothingElse() throws IOException {
        reconnectUnsealed();
        assertEquals(0, SharedFiles.resize(guest.memoryFd, 0));
        byte[] place = FrontEnd.words(TX, FrontEnd.USER, FrontEnd.USER + 8_192, FrontEnd.USER + 4_096, 0);
        assertEquals(-1, guest.result(Request.SET_VRING_ADDR, place));
        fixture.transmit(Offload.NONE, new byte[60]);
        fixture.rounds();
        try (FrontEnd next = new FrontEnd(fixture, SIZE, 2)) {
            next.start(FrontEnd.ALL);
            assertTrue(next.settle());
        }
    }
}
