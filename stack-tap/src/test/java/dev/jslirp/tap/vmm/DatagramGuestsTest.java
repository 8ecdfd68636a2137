package dev.jslirp.tap.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import dev.jslirp.tap.linux.UnixDatagramClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DatagramGuestsTest {
    private static final int QUEUE_BYTES = 256 * 1024;
    private static final int LIMIT_MS = 20_000;

    @TempDir
    Path directory;
    private VmmFixture fixture;
    private Path path;
    private final List<UnixDatagramClient> clients = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        path = directory.resolve("net.sock");
        fixture = new VmmFixture(new VmmConfig(1_500, 3, false, QUEUE_BYTES));
        fixture.serve("dgram:" + path);
    }

    @AfterEach
    void close() throws Exception {
        clients.forEach(UnixDatagramClient::close);
        fixture.close();
        assertFalse(Files.exists(path));
    }

    private UnixDatagramClient client(String name, boolean connected) throws IOException {
        UnixDatagramClient client = new UnixDatagramClient(name == null ? null : directory.resolve(name), path, connected);
        clients.add(client);
        return client;
    }

    private void hello(UnixDatagramClient client, int guest) throws InterruptedException {
        assertEquals(0, client.send(VmmFixture.fromGuest(guest, "hello " + guest)));
        assertEquals("hello " + guest, fixture.next());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void framesGoBothWays(boolean connected) throws Exception {
        UnixDatagramClient guest = client("vm", connected);
        hello(guest, 1);
        fixture.toGuest(1, 3, 1_000);
        for (int i = 0; i < 3; i++) {
            assertEquals(1_014, guest.receive(LIMIT_MS).length);
        }
        fixture.awaitLog(Level.INFO, "dgram:" + path, directory.resolve("vm") + " has come");
    }

    @Test
    void aRegistrationMakesTheGuestKnownBeforeItSendsAFrame() throws Exception {
        UnixDatagramClient guest = client("vm", true);
        assertEquals(0, guest.send("VFKT".getBytes(StandardCharsets.US_ASCII)));
        fixture.awaitLog(Level.INFO, "vm has come");
        fixture.toGuest(0x77, 1, 60);
        assertEquals(74, guest.receive(LIMIT_MS).length);
        assertEquals(0, fixture.inLoop(fixture.link::dropped));
    }

    @Test
    void everyAddressIsAGuest() throws Exception {
        UnixDatagramClient one = client("one", false);
        UnixDatagramClient two = client("two", true);
        hello(one, 1);
        hello(two, 2);
        fixture.toGuest(1, 1, 100);
        fixture.toGuest(2, 1, 200);
        assertEquals(114, one.receive(LIMIT_MS).length);
        assertEquals(214, two.receive(LIMIT_MS).length);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aGuestThatDoesNotReadLosesFramesAndHurtsNobody(boolean connected) throws Exception {
        UnixDatagramClient slow = client("slow", connected);
        UnixDatagramClient quick = client("quick", connected);
        hello(slow, 1);
        hello(quick, 2);
        int sent = 1_000;
        for (int i = 0; i < sent / 100; i++) {
            fixture.toGuest(1, 100, 1_400);
            fixture.toGuest(2, 1, 100);
            assertEquals(114, quick.receive(LIMIT_MS).length);
        }
        long dropped = fixture.inLoop(fixture.link::dropped);
        assertTrue(dropped > 0, "everything fit");
        for (long i = 0; i < sent - dropped; i++) {
            assertEquals(1_414, slow.receive(LIMIT_MS).length);
        }
        fixture.toGuest(1, 1, 60);
        assertEquals(74, slow.receive(LIMIT_MS).length);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aGuestWhoseSocketIsGoneIsForgottenUntilItComesBack(boolean connected) throws Exception {
        UnixDatagramClient guest = client("vm", connected);
        hello(guest, 1);
        clients.remove(guest);
        guest.close();
        fixture.toGuest(1, 5, 100);
        fixture.awaitLog(Level.INFO, "vm has gone", "nobody listens");
        UnixDatagramClient again = client("vm", connected);
        hello(again, 1);
        fixture.toGuest(1, 1, 60);
        assertEquals(74, again.receive(LIMIT_MS).length);
    }

    @Test
    void whatIsNoFrameIsDropped() throws Exception {
        UnixDatagramClient guest = client("vm", false);
        hello(guest, 1);
        guest.send(new byte[13]);
        guest.send(new byte[0]);
        guest.send(new byte[FrameSplitter.FRAME_BYTES_MAX + 1]);
        UnixDatagramClient unnamed = client(null, true);
        unnamed.send(VmmFixture.fromGuest(9, "from nobody"));
        hello(guest, 1);
        assertNull(fixture.received.poll());
        assertEquals(2, fixture.inLoop(fixture.link::dropped));
        assertEquals(2, fixture.inLoop(fixture.link::refusedDatagrams));
        assertEquals(0, fixture.logged(Level.WARN, ""));
    }

    @Test
    void thereIsALimitOfGuests() throws Exception {
        for (int i = 1; i <= 3; i++) {
            hello(client("vm" + i, false), i);
        }
        UnixDatagramClient fourth = client("vm4", false);
        fourth.send(VmmFixture.fromGuest(4, "me, too"));
        fixture.awaitLog(Level.WARN, "vm4 was turned away", "3 guests already");
        assertTrue(fixture.received.isEmpty());
    }

    @Test
    void aGuestTurnedAwayDoesNotFillTheLog() throws Exception {
        for (int i = 1; i <= 3; i++) {
            hello(client("vm" + i, false), i);
        }
        UnixDatagramClient fourth = client("vm4", false);
        while (fixture.inLoop(fixture.link::refusedDatagrams) < 100) {
            fourth.send(VmmFixture.fromGuest(4, "me, too"));
        }
        long lines = fixture.logged(Level.WARN, "was turned away");
        assertTrue(lines > 0 && lines < 50, () -> lines + " lines for 100 frames within seconds");
    }
}
