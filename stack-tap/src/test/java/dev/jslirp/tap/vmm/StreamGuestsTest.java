package dev.jslirp.tap.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class StreamGuestsTest {
    private static final int QUEUE_BYTES = 256 * 1024;

    @TempDir
    Path directory;
    private VmmFixture fixture;
    private Path path;
    private final List<SocketChannel> sockets = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        path = directory.resolve("net.sock");
        fixture = new VmmFixture(new VmmConfig(1_500, 3, false, QUEUE_BYTES));
    }

    @AfterEach
    void close() throws Exception {
        for (SocketChannel socket : sockets) {
            socket.close();
        }
        fixture.close();
    }

    private SocketChannel connect(SocketAddress to) throws IOException {
        SocketChannel socket = SocketChannel.open(to);
        sockets.add(socket);
        return socket;
    }

    private SocketChannel connect() throws IOException {
        return connect(UnixDomainSocketAddress.of(path));
    }

    private static void send(SocketChannel socket, byte[] bytes) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        while (out.hasRemaining()) {
            socket.write(out);
        }
    }

    /// Connects, and makes the guest's MAC address known.
    private SocketChannel hello(int guest) throws Exception {
        SocketChannel socket = connect();
        send(socket, VmmFixture.framed(VmmFixture.fromGuest(guest, "hello " + guest)));
        assertEquals("hello " + guest, fixture.next());
        return socket;
    }

    private static int receive(SocketChannel socket) throws IOException {
        DataInputStream in = new DataInputStream(Channels.newInputStream(socket));
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        assertEquals(0x5254, ByteBuffer.wrap(frame).getShort());
        return frame.length;
    }

    private static boolean isClosed(SocketChannel socket) throws IOException {
        try {
            return socket.read(ByteBuffer.allocate(1)) < 0;
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void framesGoBothWaysOverAUnixSocket() throws Exception {
        fixture.serve("stream:" + path);
        SocketChannel guest = hello(1);
        fixture.toGuest(1, 3, 1_000);
        for (int i = 0; i < 3; i++) {
            assertEquals(1_014, receive(guest));
        }
    }

    @Test
    void framesGoBothWaysOverTcp() throws Exception {
        var place = (ListenSpec.TcpStream) fixture.serve("stream:127.0.0.1:0");
        assertTrue(place.port() > 0);
        SocketChannel guest = connect(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), place.port()));
        send(guest, VmmFixture.framed(VmmFixture.fromGuest(1, "by TCP")));
        assertEquals("by TCP", fixture.next());
        fixture.toGuest(1, 1, 60);
        assertEquals(74, receive(guest));
        fixture.awaitLog(Level.INFO, place.toString(), "has come");
    }

    @Test
    void guestsReachEachOther() throws Exception {
        fixture.serve("stream:" + path);
        SocketChannel one = hello(1);
        SocketChannel two = hello(2);
        byte[] frame = VmmFixture.fromGuest(1, "to my neighbour");
        ByteBuffer.wrap(frame).putShort((short) 0x5254).putInt(2);
        send(one, VmmFixture.framed(frame));
        assertEquals(frame.length, receive(two));
    }

    @Test
    void aGuestComesBack() throws Exception {
        fixture.serve("stream:" + path);
        for (int i = 0; i < 5; i++) {
            hello(1).close();
            fixture.awaitLog(Level.INFO, "number " + (i + 1) + " has gone", "closed the connection");
        }
        SocketChannel guest = hello(1);
        fixture.toGuest(1, 1, 60);
        assertEquals(74, receive(guest));
    }

    @Test
    void anImpossibleLengthEndsTheGuestAndNobodyElse() throws Exception {
        fixture.serve("stream:" + path);
        SocketChannel good = hello(1);
        for (int length : new int[] {0, 13, FrameSplitter.FRAME_BYTES_MAX + 1, Integer.MAX_VALUE, -1}) {
            SocketChannel bad = hello(2);
            send(bad, ByteBuffer.allocate(8).putInt(length).array());
            assertTrue(isClosed(bad));
            fixture.awaitLog(Level.WARN, "stream:" + path, "has gone", "a frame of " + Integer.toUnsignedString(length) + " bytes");
        }
        assertEquals(5, fixture.logged(Level.WARN, ""));
        send(good, VmmFixture.framed(VmmFixture.fromGuest(1, "still here")));
        assertEquals("still here", fixture.next());
    }

    @Test
    void aConnectionThatEndsInsideAFrameIsAViolation() throws Exception {
        fixture.serve("stream:" + path);
        byte[] frame = VmmFixture.framed(VmmFixture.fromGuest(1, "cut in half"));
        SocketChannel guest = connect();
        send(guest, java.util.Arrays.copyOf(frame, frame.length - 1));
        guest.close();
        fixture.awaitLog(Level.WARN, "number 1 has gone", "ended inside a frame");
        assertTrue(fixture.received.isEmpty());
    }

    @Test
    void aGuestThatDoesNotReadLosesFramesAndHurtsNobody() throws Exception {
        fixture.serve("stream:" + path);
        SocketChannel slow = hello(1);
        SocketChannel quick = hello(2);
        int sent = 4_000;
        for (int i = 0; i < sent / 100; i++) {
            fixture.toGuest(1, 100, 1_400);
            fixture.toGuest(2, 1, 100);
            assertEquals(114, receive(quick));
        }
        long dropped = fixture.inLoop(fixture.link::dropped);
        assertTrue(dropped > 0, "everything fit");
        for (long i = 0; i < sent - dropped; i++) {
            assertEquals(1_414, receive(slow));
        }
        // It reads again, so it is served again.
        fixture.toGuest(1, 1, 60);
        assertEquals(74, receive(slow));
        assertEquals(dropped, fixture.inLoop(fixture.link::dropped));
    }

    @Test
    void thereIsALimitOfGuests() throws Exception {
        fixture.serve("stream:" + path);
        SocketChannel first = hello(1);
        hello(2);
        hello(3);
        assertTrue(isClosed(connect()));
        fixture.awaitLog(Level.WARN, "number 4 was turned away", "3 guests already");
        first.close();
        fixture.awaitLog(Level.INFO, "number 1 has gone");
        hello(4);
    }

    @Test
    void theSocketFileIsTheOwnersAndGoesWithTheLink() throws Exception {
        fixture.serve("stream:" + path);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        fixture.inLoop(() -> {
            fixture.link.close();
            return null;
        });
        assertFalse(Files.exists(path));
    }

    @Test
    void anAbandonedSocketFileIsReplaced() throws Exception {
        try (var abandoned = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            abandoned.bind(UnixDomainSocketAddress.of(path));
        }
        assertTrue(Files.exists(path));
        fixture.serve("stream:" + path);
        hello(1);
    }

    @Test
    void aSocketFileInUseAndOtherFilesAreLeftAlone() throws Exception {
        Path file = Files.createFile(directory.resolve("file"));
        try (var other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.bind(UnixDomainSocketAddress.of(path));
            for (Path taken : List.of(path, file, directory)) {
                var e = assertThrows(java.util.concurrent.ExecutionException.class, () -> fixture.serve("stream:" + taken));
                assertTrue(e.getCause().getMessage().contains(taken + ": EADDRINUSE"), e::toString);
                assertThrows(java.util.concurrent.ExecutionException.class, () -> fixture.serve("dgram:" + taken));
            }
            assertTrue(Files.exists(path) && Files.exists(file));
        }
    }

    @Test
    void theReportNamesEachGuestAndWhatWasDropped() throws Exception {
        fixture.serve("stream:" + path);
        SocketChannel guest = hello(1);
        hello(2);
        send(guest, VmmFixture.framed(new byte[60]));
        fixture.toGuest(1, 1_000, 1_000);
        send(guest, VmmFixture.framed(VmmFixture.fromGuest(1, "again")));
        assertEquals("again", fixture.next());
        String report = fixture.inLoop(fixture.link::report);
        assertTrue(report.contains("  SWITCH_SOURCE_MAC 1\n"), report);
        assertTrue(report.contains(": from it 3 frames, "), report);
        assertTrue(report.contains("; to it 1000 frames, 1014000 bytes; no room for " + fixture.inLoop(fixture.link::dropped)), report);
        assertTrue(report.contains("; SOURCE_MAC 1\n"), report);
        guest.close();
        fixture.awaitLog(Level.INFO, "has gone", "SOURCE_MAC 1");
        assertTrue(fixture.inLoop(fixture.link::report).contains("  SWITCH_SOURCE_MAC 1\n"), "it outlives the guest");
    }
}
