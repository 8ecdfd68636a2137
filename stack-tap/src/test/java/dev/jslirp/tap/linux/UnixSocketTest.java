package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
    @TempDir
    Path directory;

    @Test
    void aDescriptorTravelsWithTheText() throws IOException {
        Path path = directory.resolve("s");
        try (UnixSocket listener = UnixSocket.listen(path); UnixSocket one = UnixSocket.connect(path);
                UnixSocket two = listener.accept(1_000)) {
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
        Path path = directory.resolve("s");
        try (UnixSocket listener = UnixSocket.listen(path); UnixSocket one = UnixSocket.connect(path);
                UnixSocket two = listener.accept(1_000)) {
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
        Path path = directory.resolve("s");
        try (UnixSocket listener = UnixSocket.listen(path)) {
            UnixSocket one = UnixSocket.connect(path);
            try (UnixSocket two = listener.accept(1_000)) {
                one.close();
                assertEquals(new UnixSocket.Message("", -1), two.receive());
            }
        }
    }

    @Test
    void acceptWithoutCallerGivesNull() throws IOException {
        try (UnixSocket listener = UnixSocket.listen(directory.resolve("s"))) {
            assertNull(listener.accept(0));
        }
    }
}
