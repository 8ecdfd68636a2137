package dev.jslirp.tap.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.tap.linux.EventFd;
import dev.jslirp.tap.linux.Processes;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// vhost-user messages, good and bad.
class MessagesTest {
    private static final int SET_LOG_BASE = 6;

    @TempDir
    private Path directory;
    private LinkFixture fixture;
    private FrontEnd guest;

    @BeforeEach
    void connect() throws IOException {
        fixture = new LinkFixture(directory.resolve("s"), VhostUserConfig.ofMtu(1_500)).recording();
        guest = new FrontEnd(fixture, 64, 2);
    }

    @AfterEach
    void close() {
        guest.close();
        fixture.close();
    }

    @Test
    void questionsAreAnswered() {
        assertEquals(Features.offered(VhostUserConfig.ofMtu(1_500)), guest.get(Request.GET_FEATURES));
        assertEquals(Features.PROTOCOL_OFFERED, guest.get(Request.GET_PROTOCOL_FEATURES));
        assertEquals(1, guest.get(Request.GET_QUEUE_NUM));
    }

    @Test
    void unknownRequestsAreRefusedOrIgnored() {
        guest.negotiate(FrontEnd.ALL);
        assertEquals(1, guest.result(SET_LOG_BASE, new byte[16]));
        assertEquals(1, guest.result(77, new byte[MessageChannel.PAYLOAD_MAX]));
        guest.send(77, 1, new byte[3]);
        assertTrue(guest.settle());
    }

    @Test
    void failureWithoutAReplyEndsTheConnection() {
        guest.negotiate(FrontEnd.ALL);
        guest.send(Request.SET_VRING_NUM, 1, FrontEnd.words(0 | 3L << 32));
        assertEquals(-1, guest.reply());
    }

    @Test
    void wrongSizeEndsTheConnection() {
        guest.send(Request.SET_FEATURES, 1, new byte[7]);
        assertEquals(-1, guest.reply());
    }

    @Test
    void sizeOfFourGigabytesEndsTheConnection() {
        guest.message().set(ValueLayout.JAVA_INT, 0, 77);
        guest.message().set(ValueLayout.JAVA_INT, 4, 1);
        guest.message().set(ValueLayout.JAVA_INT, 8, -1);
        guest.sendRaw(12);
        assertEquals(-1, guest.reply());
    }

    @Test
    void wrongVersionEndsTheConnection() {
        guest.send(Request.GET_FEATURES, 2, new byte[0]);
        assertEquals(-1, guest.reply());
    }

    @Test
    void messageMayComeByteByByte() {
        guest.message().set(ValueLayout.JAVA_INT, 0, Request.GET_QUEUE_NUM);
        guest.message().set(ValueLayout.JAVA_INT, 4, 1);
        guest.message().set(ValueLayout.JAVA_INT, 8, 0);
        for (int i = 0; i < 12; i++) {
            byte next = guest.message().get(ValueLayout.JAVA_BYTE, i);
            byte first = guest.message().get(ValueLayout.JAVA_BYTE, 0);
            guest.message().set(ValueLayout.JAVA_BYTE, 0, next);
            guest.sendRaw(1);
            guest.message().set(ValueLayout.JAVA_BYTE, 0, first);
            fixture.rounds();
        }
        assertEquals(1, guest.reply());
    }

    @Test
    void badRingsAreRefused() {
        guest.negotiate(FrontEnd.ALL);
        guest.must(Request.SET_MEM_TABLE, FrontEnd.memoryTable(), guest.memoryFd, guest.memoryFd);
        for (long entries : new long[] {0, 3, 65_536, 0x8000_0000L, 0xffff_ffffL}) {
            assertEquals(1, guest.result(Request.SET_VRING_NUM, FrontEnd.words(entries << 32)), entries + " entries");
        }
        assertEquals(1, guest.result(Request.SET_VRING_NUM, FrontEnd.words(2 | 64L << 32)));
        assertEquals(1, guest.result(Request.SET_VRING_NUM, FrontEnd.words(0xffff_ffffL)));
        assertEquals(1, guest.result(Request.SET_VRING_BASE, FrontEnd.words(65_536L << 32)));
        guest.must(Request.SET_VRING_NUM, FrontEnd.words(64L << 32));
        long[][] places = {{FrontEnd.USER + 8, FrontEnd.USER + 8_192, FrontEnd.USER + 4_096},
                {FrontEnd.USER, FrontEnd.USER + 8_193, FrontEnd.USER + 4_096},
                {FrontEnd.USER, FrontEnd.USER + 8_192, FrontEnd.USER + 4_097},
                {FrontEnd.USER - 16, FrontEnd.USER + 8_192, FrontEnd.USER + 4_096}, {0, 0, 0}, {-16, -16, -16},
                {FrontEnd.USER, FrontEnd.USER + FrontEnd.HALF - 4, FrontEnd.USER + 4_096}};
        for (long[] place : places) {
            assertEquals(1, guest.result(Request.SET_VRING_ADDR, FrontEnd.words(0, place[0], place[1], place[2], 0)));
        }
        guest.must(Request.SET_VRING_ADDR, FrontEnd.words(0, FrontEnd.USER, FrontEnd.USER + 8_192, FrontEnd.USER + 4_096, 0));
    }

    @Test
    void badDescriptorsAreRefused() throws IOException {
        guest.negotiate(FrontEnd.ALL);
        assertEquals(1, guest.result(Request.SET_VRING_KICK, FrontEnd.words(0)), "none");
        assertEquals(1, guest.result(Request.SET_VRING_KICK, FrontEnd.words(0), guest.memoryFd), "a file");
        assertEquals(1, guest.result(Request.SET_VRING_KICK, FrontEnd.words(0x100)), "polling");
        assertEquals(1, guest.result(Request.SET_VRING_CALL, FrontEnd.words(9), guest.rings[0].callFd), "no such ring");
        guest.must(Request.SET_VRING_CALL, FrontEnd.words(0x100));
        guest.must(Request.SET_VRING_ERR, FrontEnd.words(0x101));
    }

    @Test
    void badMemoryIsRefused() throws IOException {
        guest.negotiate(FrontEnd.ALL);
        long[][] tables = {{1, 0, FrontEnd.MEMORY_BYTES + 1, 0, 0}, {1, 0, 4_096, 0, FrontEnd.MEMORY_BYTES}, {1, 0, 0, 0, 0},
                {1, 0, -1, 0, 0}, {1, -4_095, 4_096, 0, 0}, {1, 0, 4_096, -1, 0}, {1, 0, 4_096, 0, -4_096}, {1, 0, Long.MAX_VALUE, 0, 1}};
        for (long[] table : tables) {
            assertEquals(1, guest.result(Request.SET_MEM_TABLE, FrontEnd.words(table), guest.memoryFd));
        }
        assertEquals(1, guest.result(Request.SET_MEM_TABLE, FrontEnd.words(2, 0, 4_096, 0, 0, 4_095, 4_096, 0, 0), guest.memoryFd,
                guest.memoryFd), "overlap");
        assertEquals(1, guest.result(Request.SET_MEM_TABLE, FrontEnd.memoryTable(), guest.memoryFd), "a descriptor missing");
        assertEquals(1, guest.result(Request.SET_MEM_TABLE, FrontEnd.words(1, 0, 4_096, 0, 0), guest.rings[0].kickFd), "no memory");
        assertEquals(1, guest.result(Request.SET_MEM_TABLE, FrontEnd.words(-1)), "count");
        assertEquals(1, guest.result(Request.SET_MEM_TABLE, new byte[0]), "empty");
        guest.must(Request.SET_MEM_TABLE, FrontEnd.words(0));
        guest.must(Request.SET_MEM_TABLE, FrontEnd.words(1, -4_096, 4_096, 0, 0), guest.memoryFd);
    }

    @Test
    void regionsHaveALimit() {
        guest.negotiate(FrontEnd.ALL);
        for (int i = 0; i < GuestMemory.REGIONS_MAX; i++) {
            guest.must(Request.ADD_MEM_REG, FrontEnd.words(0, i * 4_096L, 4_096, i * 4_096L, 0), guest.memoryFd);
        }
        assertEquals(1, guest.result(Request.ADD_MEM_REG, FrontEnd.words(0, 1L << 40, 4_096, 1L << 40, 0), guest.memoryFd));
    }

    @Test
    void featuresNotOfferedAreRefused() {
        guest.negotiate(FrontEnd.ALL);
        assertEquals(1, guest.result(Request.SET_FEATURES, FrontEnd.words(1L << 34)));
        assertEquals(1, guest.result(Request.SET_PROTOCOL_FEATURES, FrontEnd.words(1L << 60)));
    }

    @Test
    void mtuBelowTheNetworksIsRefused() {
        guest.negotiate(FrontEnd.ALL);
        assertEquals(1, guest.result(Request.NET_SET_MTU, FrontEnd.words(1_499)));
        assertEquals(1, guest.result(Request.NET_SET_MTU, FrontEnd.words(65_536)));
        guest.must(Request.NET_SET_MTU, FrontEnd.words(1_500));
        guest.must(Request.NET_SET_MTU, FrontEnd.words(65_535));
    }

    private static int openDescriptors() {
        return new File("/proc/self/fd").list().length;
    }

    @Test
    void descriptorsNobodyAskedForAreClosed() throws IOException {
        guest.negotiate(FrontEnd.ALL);
        guest.settle();
        int before = openDescriptors();
        int extra = EventFd.open();
        for (int i = 0; i < 100; i++) {
            guest.must(Request.SET_OWNER, new byte[0], extra, extra, extra);
            assertEquals(1, guest.result(77, new byte[5], extra));
            guest.must(Request.SET_VRING_CALL, FrontEnd.words(0), extra, extra);
            assertEquals(1, guest.result(Request.ADD_MEM_REG, FrontEnd.words(0, 0, -1, 0, 0), guest.memoryFd, extra));
        }
        guest.must(Request.SET_VRING_CALL, FrontEnd.words(0x100));
        Processes.close(extra);
        assertEquals(before, openDescriptors());
    }

    @Test
    void nothingIsLeftOfAConnection() throws IOException {
        guest.negotiate(FrontEnd.ALL);
        guest.close();
        fixture.rounds();
        int before = openDescriptors();
        int mappings = mappings();
        guest = new FrontEnd(fixture, 64, 2);
        guest.start(FrontEnd.ALL);
        assertNotEquals(mappings, mappings());
        guest.close();
        fixture.rounds();
        assertEquals(before, openDescriptors());
        assertEquals(mappings, mappings());
    }

    /// Mappings of guest memory.
    private static int mappings() throws IOException {
        try (var lines = java.nio.file.Files.lines(Path.of("/proc/self/maps"))) {
            return (int) lines.filter(line -> line.contains("memfd:guest")).count();
        }
    }

    /// Requests in any order with fields that are sometimes right: the back end survives, and serves the next front end.
    @Test
    void anyMessagesAreSurvived() throws IOException {
        SplittableRandom random = new SplittableRandom(7);
        for (int connection = 0; connection < 60; connection++) {
            if (connection % 2 == 0) {
                guest.start(FrontEnd.ALL);
            } else {
                guest.negotiate(FrontEnd.ALL);
            }
            for (int i = 0; i < 100 && arbitrary(random); i++) {
                guest.rings[random.nextInt(2)].kick();
            }
            fixture.rounds();
            guest.close();
            fixture.rounds();
            guest = new FrontEnd(fixture, 64, 2);
        }
        guest.start(FrontEnd.ALL);
        assertTrue(guest.settle());
    }

    private boolean arbitrary(SplittableRandom random) {
        int request = random.nextInt(42);
        int expected = Request.payloadBytes(request);
        byte[] payload = new byte[random.nextInt(50) == 0 || expected < 0 ? random.nextInt(80) : expected];
        random.nextBytes(payload);
        if (random.nextInt(4) > 0) {
            for (int i = 0; i + 8 <= payload.length; i += 8) {
                System.arraycopy(FrontEnd.words(likely(random)), 0, payload, i, 8);
            }
        }
        if (request == Request.SET_MEM_TABLE && random.nextBoolean()) {
            payload = FrontEnd.memoryTable();
        }
        int[] descriptors = new int[random.nextInt(3)];
        for (int i = 0; i < descriptors.length; i++) {
            descriptors[i] = random.nextBoolean() ? guest.memoryFd : guest.rings[random.nextInt(2)].callFd;
        }
        guest.memory.set(ValueLayout.JAVA_LONG, random.nextInt(512) * 8, random.nextLong());
        // Whether there is a reply depends on what was negotiated; nobody waits for it.
        return guest.send(request, random.nextInt(10) > 0 ? 1 | FrontEnd.NEED_REPLY : 1, payload, descriptors);
    }

    private static long likely(SplittableRandom random) {
        long page = (long) random.nextInt(64) << 12;
        return switch (random.nextInt(6)) {
            case 0 -> random.nextInt(3);
            case 1 -> random.nextInt(2) | 1L << 32 + random.nextInt(16);
            case 2 -> FrontEnd.USER + page;
            case 3 -> FrontEnd.GUEST + page;
            case 4 -> FrontEnd.ALL;
            default -> random.nextLong();
        };
    }
}
