package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class UnixListenerTest {
    @TempDir
    Path directory;
    private Path path;

    @BeforeEach
    void choosePath() {
        path = directory.resolve("s");
    }

    private UnixListener open() throws IOException {
        return UnixListener.open(UnixListener.Kind.STREAM, path, 1);
    }

    private void leaveAbandoned() throws IOException {
        int fd = Libc.socket(Constants.AF_UNIX, Constants.SOCK_STREAM, 0);
        assertEquals(0, UnixPeer.at(path).bind(fd));
        Libc.close(fd);
    }

    private void assertAnswers() throws IOException {
        SharedFiles.connect(path).close();
    }

    @Test
    void theFileIsTheOwnersAndGoesWithTheSocket() throws IOException {
        UnixListener listener = open();
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        listener.close();
        listener.close();
        assertFalse(Files.exists(path));
    }

    @Test
    void aFileThatIsSomebodyElsesByNowStays() throws IOException {
        UnixListener first = open();
        Files.delete(path);
        try (UnixListener second = open()) {
            first.close();
            assertAnswers();
            assertTrue(second.accept() >= 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anAbandonedFileIsReplaced(UnixListener.Kind kind) throws IOException {
        leaveAbandoned();
        UnixListener.open(kind, path, 1).close();
        assertFalse(Files.exists(path));
    }

    @Test
    void whoeverWasFasterToReplaceAnAbandonedFileKeepsIt() throws IOException {
        try (UnixListener faster = open()) {
            assertFalse(UnixListener.clear(UnixListener.Kind.STREAM, path));
            assertAnswers();
            assertTrue(faster.accept() >= 0);
        }
        try (var entries = Files.list(directory)) {
            assertEquals(0, entries.count());
        }
    }

    @Test
    void aFileInUseIsLeftAloneAndTheErrorSaysWhy() throws IOException {
        try (UnixListener listener = open()) {
            String message = assertThrows(TapException.class, this::open).getMessage();
            assertTrue(message.contains(path.toString()) && message.contains("another program serves it"), message);
            assertAnswers();
            assertTrue(listener.accept() >= 0);
        }
    }

    @Test
    void withoutACallerAcceptSaysSo() throws IOException {
        try (UnixListener listener = open()) {
            assertEquals(-Errno.EAGAIN.number(), listener.accept());
        }
    }
}
