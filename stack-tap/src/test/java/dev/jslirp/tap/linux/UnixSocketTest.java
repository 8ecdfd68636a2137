package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
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
    void moreDescriptorsThanOneMessageCarriesTravelInSeveral() throws IOException {
        int[] passed = new int[2 * DescriptorSocket.DESCRIPTORS_MAX + 1];
        int event = EventFd.open();
        Arrays.fill(passed, event);
        try (UnixListener listener = listen(); UnixSocket one = UnixSocket.connect(path); UnixSocket two = UnixSocket.accept(listener, 1_000)) {
            one.send("made", passed);
            for (int count : new int[] {DescriptorSocket.DESCRIPTORS_MAX, DescriptorSocket.DESCRIPTORS_MAX, 1}) {
                UnixSocket.Message message = two.receive();
                assertEquals("made", message.text());
                assertEquals(count, message.descriptors().length);
                for (int fd : message.descriptors()) {
                    assertTrue(Processes.isOpen(fd));
                    Processes.close(fd);
                }
            }
        } finally {
            Processes.close(event);
        }
    }

    @Test
    void aDescriptorTravelsWithTheText() throws IOException {
        try (UnixListener listener = listen(); UnixSocket one = UnixSocket.connect(path); UnixSocket two = UnixSocket.accept(listener, 1_000)) {
            int socket = TapException.check(Libc.socket(Constants.AF_INET, Constants.SOCK_DGRAM, 0), "socket");
            one.send("tap", socket);
            UnixSocket.Message message = two.receive();
            assertEquals("tap", message.text());
            int received = message.descriptors()[0];
            assertTrue(received != socket && Processes.isOpen(received));
            Processes.close(received);
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
                assertEquals(1, message.descriptors().length);
                Processes.close(message.descriptors()[0]);
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
                UnixSocket.Message end = two.receive();
                assertEquals("", end.text());
                assertEquals(0, end.descriptors().length);
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
