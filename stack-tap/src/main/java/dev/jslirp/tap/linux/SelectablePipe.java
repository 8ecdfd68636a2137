package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// A foreign descriptor dressed as a Java channel, so that an ordinary NIO selector watches it.
///
/// Java has no channel for a descriptor it did not open. So a pipe is opened, the number behind its reading
/// end is found, and the foreign descriptor is put there in its place by `dup3`. The channel is
/// for selecting and closing only; bytes are read and written through [#fd].
public final class SelectablePipe implements AutoCloseable {
    /// Bytes that tell our pipe from any other: no one else's holds just that many.
    private static final int COOKIE_BYTES = 4_093;

    private final Pipe.SourceChannel channel;
    private final int fd;

    private SelectablePipe(Pipe.SourceChannel channel, int fd) {
        this.channel = channel;
        this.fd = fd;
    }

    /// Wraps `foreign`, which is consumed: on success it is closed and lives on as [#fd]; on failure it is closed, too.
    public static SelectablePipe wrap(int foreign) throws IOException {
        // The pipe's ends take the lowest free numbers: guess the first, then verify.
        int guess = Libc.fcntl(foreign, F_DUPFD_CLOEXEC, 0);
        Libc.close(guess);
        Pipe pipe = Pipe.open();
        try (Pipe.SinkChannel sink = pipe.sink()) {
            sink.write(ByteBuffer.allocate(COOKIE_BYTES));
            int number = isReadingEnd(guess) ? guess : search();
            pipe.source().configureBlocking(false);
            TapException.check(Libc.dup3(foreign, number, O_CLOEXEC), "cannot put a descriptor into a channel");
            return new SelectablePipe(pipe.source(), number);
        } catch (IOException e) {
            pipe.source().close();
            throw e;
        } finally {
            Libc.close(foreign);
        }
    }

    private static int search() throws IOException {
        try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path entry : open) {
                int number = Integer.parseInt(entry.getFileName().toString());
                if (isReadingEnd(number)) {
                    return number;
                }
            }
        }
        throw new IOException("cannot find the descriptor of a pipe in /proc/self/fd");
    }

    private static boolean isReadingEnd(int number) {
        // O_ACCMODE is the low two bits; the writing end of a pipe answers FIONREAD, too.
        int flags = Libc.fcntl(number, F_GETFL, 0);
        if (flags < 0 || (flags & 3) != O_RDONLY) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment waiting = arena.allocate(ValueLayout.JAVA_INT);
            return Libc.ioctl(number, FIONREAD, waiting.address()) == 0 && waiting.get(ValueLayout.JAVA_INT, 0) == COOKIE_BYTES;
        }
    }

    /// The channel, non-blocking.
    public SelectableChannel channel() {
        return channel;
    }

    /// The descriptor behind the channel, valid until [#close].
    public int fd() {
        return fd;
    }

    /// Closes channel and descriptor; idempotent.
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
