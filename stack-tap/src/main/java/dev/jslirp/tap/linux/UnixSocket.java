package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A blocking unix stream socket that can carry a descriptor along (`SCM_RIGHTS`): how the bridge hands
/// its TAP out of the namespace.
public final class UnixSocket implements AutoCloseable {
    /// `CMSG_LEN(sizeof(int))`: the header of 16 bytes and the descriptor.
    private static final int CONTROL_BYTES = 20;
    /// The same, padded (`CMSG_SPACE`).
    private static final int CONTROL_SPACE = 24;

    private final int fd;

    private UnixSocket(int fd) {
        this.fd = fd;
    }

    /// What [#receive] got.
    ///
    /// @param text what was said; empty at end of stream
    /// @param fd   the descriptor that came along, owned by the receiver, or -1
    public record Message(String text, int fd) {}

    /// Listens at `path`, which must not exist and has at most 107 bytes.
    public static UnixSocket listen(Path path) throws TapException {
        return at(path, "listen at", (fd, address) -> {
            int result = Libc.bind(fd, address, (int) Structs.SOCKADDR_UN.byteSize());
            return result < 0 ? result : Libc.listen(fd, 1);
        });
    }

    /// Connects to `path`.
    public static UnixSocket connect(Path path) throws TapException {
        return at(path, "connect to", (fd, address) -> Libc.connect(fd, address, (int) Structs.SOCKADDR_UN.byteSize()));
    }

    private interface Step {
        int take(int fd, long address);
    }

    private static UnixSocket at(Path path, String verb, Step step) throws TapException {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length > 107) {
            throw new IllegalArgumentException("socket path is longer than 107 bytes: " + path);
        }
        int fd = TapException.check(Libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "cannot open a unix socket");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(Structs.SOCKADDR_UN);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, 2, bytes.length);
            int result = step.take(fd, address.address());
            if (result < 0) {
                Libc.close(fd);
                throw new TapException("cannot " + verb + " " + path, -result, "");
            }
            return new UnixSocket(fd);
        }
    }

    /// Accepts a connection if one comes within `timeoutMs`; null if none does.
    public UnixSocket accept(int timeoutMs) throws TapException {
        if (!readable(timeoutMs)) {
            return null;
        }
        return new UnixSocket(TapException.check(Libc.accept4(fd, 0, 0, SOCK_CLOEXEC), "cannot accept the bridge's connection"));
    }

    /// Whether something can be read (or accepted, or the end was reached) within `timeoutMs`.
    public boolean readable(int timeoutMs) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(Structs.POLLFD);
            poll.set(ValueLayout.JAVA_INT, 0, fd);
            poll.set(ValueLayout.JAVA_SHORT, 4, (short) POLLIN);
            int ready = Libc.poll(poll.address(), 1, timeoutMs);
            return ready != -Errno.EINTR.number() && TapException.check(ready, "cannot wait for the bridge") > 0;
        }
    }

    /// The process at the other end.
    public int peerPid() throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment credentials = arena.allocate(Structs.UCRED);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, (int) Structs.UCRED.byteSize());
            TapException.check(Libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials.address(), length.address()),
                    "cannot learn who connected");
            return credentials.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /// Sends `text` (not empty), and the descriptor `passed` with it unless that is -1.
    public void send(String text, int passed) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            MemorySegment message = message(arena, arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes));
            if (passed >= 0) {
                MemorySegment control = arena.allocate(CONTROL_SPACE, 8);
                control.set(ValueLayout.JAVA_LONG, 0, CONTROL_BYTES);
                control.set(ValueLayout.JAVA_INT, 8, SOL_SOCKET);
                control.set(ValueLayout.JAVA_INT, 12, SCM_RIGHTS);
                control.set(ValueLayout.JAVA_INT, 16, passed);
                message.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "control"), control.address());
                message.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "controlLength"), CONTROL_SPACE);
            }
            TapException.check(Libc.sendmsg(fd, message.address(), MSG_NOSIGNAL), "cannot send to the other side");
        }
    }

    /// Receives one message of up to 4096 bytes; blocks.
    public Message receive() throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(4_096);
            MemorySegment message = message(arena, bytes);
            MemorySegment control = arena.allocate(CONTROL_SPACE, 8);
            message.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "control"), control.address());
            message.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "controlLength"), CONTROL_SPACE);
            long result;
            do {
                result = Libc.recvmsg(fd, message.address(), MSG_CMSG_CLOEXEC);
            } while (result == -Errno.EINTR.number());
            int length = TapException.check(result, "cannot receive from the other side");
            boolean passed = message.get(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "controlLength")) >= CONTROL_BYTES
                    && control.get(ValueLayout.JAVA_INT, 8) == SOL_SOCKET && control.get(ValueLayout.JAVA_INT, 12) == SCM_RIGHTS;
            String text = new String(bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
            return new Message(text, passed ? control.get(ValueLayout.JAVA_INT, 16) : -1);
        }
    }

    private static MemorySegment message(Arena arena, MemorySegment bytes) {
        MemorySegment iov = arena.allocate(Structs.IOVEC);
        iov.set(ValueLayout.JAVA_LONG, 0, bytes.address());
        iov.set(ValueLayout.JAVA_LONG, 8, bytes.byteSize());
        MemorySegment message = arena.allocate(Structs.MSGHDR);
        message.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "iov"), iov.address());
        message.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "iovCount"), 1);
        return message;
    }

    /// Closes the socket.
    @Override
    public void close() {
        Libc.close(fd);
    }
}
