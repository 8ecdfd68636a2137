package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
    @TempDir
    Path directory;
    private Path path;

    @BeforeEach
    void choosePath() {
        path = directory.resolve("s");
    }

    private UnixListener listen() throws IOException {
        return UnixListener.open(UnixListener.Kind.STREAM, path, 1);
    }

    @Test
    void descriptorsNobodyAskedForAreClosed() throws IOException {
        int first = EventFd.open();
        int second = EventFd.open();
        try (UnixListener listener = listen(); DescriptorSocket one = SharedFiles.connect(path);
                UnixSocket two = UnixSocket.accept(listener, 1_000); Arena arena = Arena.ofConfined()) {
            long before = eventDescriptors();
            assertEquals(1, one.send(arena.allocateFrom("x"), 1, first, second));
            UnixSocket.Message message = two.receive();
            assertTrue(Processes.isOpen(message.fd()));
            assertEquals(before + 1, eventDescriptors());
            Processes.close(message.fd());
        } finally {
            Processes.close(first);
            Processes.close(second);
        }
    }

    private static long eventDescriptors() throws IOException {
        try (var entries = Files.list(Path.of("/proc/self/fd"))) {
            return entries.filter(UnixSocketTest::isEventDescriptor).count();
        }
    }

    private static boolean isEventDescriptor(Path entry) {
        try {
            return Files.readSymbolicLink(entry).toString().contains("eventfd");
        } catch (IOException e) {
            // The one that lists the directory.
            return false;
        }
    }

    @Test
    void aDescriptorTravelsWithTheText() throws IOException {
        try (UnixListener listener = listen(); UnixSocket one = UnixSocket.connect(path); UnixSocket two = UnixSocket.accept(listener, 1_000)) {
            int socket = TapException.check(Libc.socket(Constants.AF_INET, Constants.SOCK_DGRAM, 0), "socket");
            one.send("tap", socket);
            UnixSocket.Message message = two.receive();
            assertEquals("tap", message.text());
            assertTrue(message.fd() != socket && Processes.isOpen(message.fd()));
            Processes.close(message.fd());
            Processes.close(socket);
            assertEquals(ProcessHandle.current().pid(), two.peerPid());
        }
    }

    @Test
    void messagesWithDescriptorsAreNotJoined() throws IOException {
        try (UnixListener listener = listen(); UnixSocket one = UnixSocket.connect(path); UnixSocket two = UnixSocket.accept(listener, 1_000)) {
            int socket = TapException.check(Libc.socket(Constants.AF_INET, Constants.SOCK_DGRAM, 0), "socket");
            one.send("tap", socket);
            one.send("tap", socket);
            for (int i = 0; i < 2; i++) {
                UnixSocket.Message message = two.receive();
                assertEquals("tap", message.text());
                assertTrue(Processes.isOpen(message.fd()));
                Processes.close(message.fd());
            }
            Processes.close(socket);
        }
    }

    @Test
    void endOfStreamIsAnEmptyMessageWithoutDescriptor() throws IOException {
        try (UnixListener listener = listen()) {
            UnixSocket one = UnixSocket.connect(path);
            try (UnixSocket two = UnixSocket.accept(listener, 1_000)) {
                one.close();
                one.close();
                assertEquals(new UnixSocket.Message("", -1), two.receive());
            }
        }
    }

    @Test
    void acceptWithoutCallerGivesNull() throws IOException {
        try (UnixListener listener = listen()) {
            assertNull(UnixSocket.accept(listener, 0));
        }
    }
}
