package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/// Bare non-blocking unix sockets for an [EpollLoop]. Descriptors are the caller's.
public final class UnixSockets {
    /// `S_IFMT` and `S_IFSOCK`.
    private static final int KIND_MASK = 0170000;
    private static final int KIND_SOCKET = 0140000;
    /// Whoever may open the socket's file is on the network: the owner only.
    private static final int OWNER_ONLY = 0600;

    private UnixSockets() {}

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
    public static int listen(Kind kind, Path path, int backlog) throws TapException {
        UnixPeer address = UnixPeer.at(path);
        int fd = TapException.check(open(kind), "cannot open a unix socket");
        // Before the file is made, so that it never has another mode.
        int result = Libc.fchmod(fd, OWNER_ONLY);
        if (result == 0) {
            result = Libc.bind(fd, address.address(), address.length());
        }
        if (result == -Errno.EADDRINUSE.number() && isAbandoned(kind, path, address)) {
            result = remove(path) ? Libc.bind(fd, address.address(), address.length()) : result;
        }
        if (result == 0 && kind == Kind.STREAM) {
            result = Libc.listen(fd, backlog);
        }
        if (result < 0) {
            Libc.close(fd);
            String advice = result == -Errno.EADDRINUSE.number() ? "another program serves it, or it is no socket" : "";
            throw new TapException("cannot listen at " + path, -result, advice);
        }
        return fd;
    }

    private static int open(Kind kind) {
        return Libc.socket(AF_UNIX, kind.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }

    /// Whether `path` is a socket file without a socket.
    private static boolean isAbandoned(Kind kind, Path path, UnixPeer address) {
        try {
            int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            if ((mode & KIND_MASK) != KIND_SOCKET) {
                return false;
            }
        } catch (IOException e) {
            return false;
        }
        int probe = open(kind);
        int result = probe < 0 ? probe : Libc.connect(probe, address.address(), address.length());
        if (probe >= 0) {
            Libc.close(probe);
        }
        return result == -Errno.ECONNREFUSED.number();
    }

    /// Deletes a socket file. @return whether it is gone
    public static boolean remove(Path path) {
        try {
            Files.deleteIfExists(path);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /// Opens a datagram socket that sends to `peer` only. @return its descriptor, or a negated error number (`EPERM`: the peer listens to
    /// one sender only, and that is somebody else)
    public static int connectDatagrams(UnixPeer peer) {
        int fd = open(Kind.DATAGRAM);
        if (fd < 0) {
            return fd;
        }
        int result = Libc.connect(fd, peer.address(), peer.length());
        if (result < 0) {
            Libc.close(fd);
            return result;
        }
        return fd;
    }

    /// Accepts a connection. @return its descriptor, or a negated error number
    public static int accept(int fd) {
        return Libc.accept4(fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
}
