package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/// A non-blocking unix socket that waits at a file of its own, which goes with it.
public final class UnixListener implements AutoCloseable {
    /// `S_IFMT` and `S_IFSOCK`.
    private static final int KIND_MASK = 0170000;
    private static final int KIND_SOCKET = 0140000;
    /// Whoever may open the socket's file is on the network: the owner only.
    private static final int OWNER_ONLY = 0600;

    private final int fd;
    private final Path path;
    /// The file's identity: whoever deletes and replaces it makes it theirs.
    private final Object file;
    private boolean closed;

    private UnixListener(int fd, Path path) {
        this.fd = fd;
        this.path = path;
        file = identity(path);
    }

    /// What a socket carries.
    public enum Kind {
        /// Bytes.
        STREAM(SOCK_STREAM),
        /// Messages.
        DATAGRAM(SOCK_DGRAM);

        private final int type;

        Kind(int type) {
            this.type = type;
        }
    }

    /// Makes the socket file `path`, mode 0600, and listens there. A file that an ended process left is replaced.
    ///
    /// @param backlog connections that may wait; of no meaning for datagrams
    /// @throws TapException     if that fails; also if somebody answers at `path`, or it is no socket
    /// @throws IllegalArgumentException if `path` is longer than [UnixPeer#PATH_BYTES_MAX]
    public static UnixListener open(Kind kind, Path path, int backlog) throws TapException {
        UnixPeer address = UnixPeer.at(path);
        int fd = TapException.check(socket(kind), "cannot open a unix socket");
        // Before the file is made, so that it never has another mode.
        int result = Libc.fchmod(fd, OWNER_ONLY);
        if (result == 0) {
            result = address.bind(fd);
        }
        if (result == -Errno.EADDRINUSE.number() && isAbandoned(kind, path) && clear(kind, path)) {
            result = address.bind(fd);
        }
        if (result < 0) {
            Libc.close(fd);
            throw failure(path, result);
        }
        UnixListener listener = new UnixListener(fd, path);
        result = kind == Kind.STREAM ? Libc.listen(fd, backlog) : 0;
        if (result < 0) {
            listener.close();
            throw failure(path, result);
        }
        return listener;
    }

    private static TapException failure(Path path, int result) {
        String advice = result == -Errno.EADDRINUSE.number() ? "another program serves it, or it is no socket" : "";
        return new TapException("cannot listen at " + path, -result, advice);
    }

    private static int socket(Kind kind) {
        return Libc.socket(AF_UNIX, kind.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }

    private static boolean isAbandoned(Kind kind, Path path) {
        int probe = isSocket(path) ? socket(kind) : -1;
        if (probe < 0) {
            return false;
        }
        int result = UnixPeer.at(path).connect(probe);
        Libc.close(probe);
        return result == -Errno.ECONNREFUSED.number();
    }

    /// Deletes an abandoned socket file. Another program that found it abandoned, too, may be serving at `path` by now; so the file is
    /// looked at once more where nobody else looks for it, and put back if somebody answers.
    ///
    /// @return whether nothing is at `path` any more
    static boolean clear(Kind kind, Path path) {
        Path aside = path.resolveSibling("." + ProcessHandle.current().pid());
        try {
            Files.move(path, aside);
            if (isAbandoned(kind, aside)) {
                Files.delete(aside);
                return true;
            }
            Files.move(aside, path);
        } catch (IOException e) {
            // Gone, or not ours to move: then binding will tell.
        }
        return false;
    }

    private static boolean isSocket(Path path) {
        try {
            return ((int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & KIND_MASK) == KIND_SOCKET;
        } catch (IOException e) {
            return false;
        }
    }

    /// Which file is at `path`, by device and inode; null if there is none.
    private static Object identity(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
        } catch (IOException e) {
            return null;
        }
    }

    /// The descriptor, to be watched.
    public int fd() {
        return fd;
    }

    /// Accepts a connection. @return its descriptor, non-blocking and the caller's, or a negated error number
    public int accept() {
        return Libc.accept4(fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }

    /// Closes the socket, and deletes its file unless that is somebody else's by now. Idempotent.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        // As long as the socket is open its inode's number is not used again.
        if (file != null && file.equals(identity(path))) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                // The directory is not ours to write any more: the next to listen there finds the file abandoned.
            }
        }
        Libc.close(fd);
    }
}
