package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/// A unix stream socket for a conversation of a few words, some of which bring descriptors along: how the bridge hands its TAP out of
/// the namespace. Calls wait, and the peers take turns to speak.
public final class UnixSocket implements AutoCloseable {
    private static final int MESSAGE_BYTES_MAX = 4_096;

    private final DescriptorSocket socket;
    private boolean closed;

    private UnixSocket(int fd) {
        socket = new DescriptorSocket(fd);
    }

    /// What [#receive] got.
    ///
    /// @param text        what was said; empty at end of stream
    /// @param descriptors what came along, owned by the receiver
    public record Message(String text, int... descriptors) {}

    /// Connects to `path`.
    public static UnixSocket connect(Path path) throws TapException {
        int fd = TapException.check(Libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "cannot open a unix socket");
        int result = UnixPeer.at(path).connect(fd);
        if (result < 0) {
            Libc.close(fd);
            throw new TapException("cannot connect to " + path, -result, "");
        }
        return new UnixSocket(fd);
    }

    /// Accepts a connection if one comes within `timeoutMs`; null if none does.
    public static UnixSocket accept(UnixListener listener, int timeoutMs) throws TapException {
        return isReadable(listener.fd(), timeoutMs)
                ? new UnixSocket(TapException.check(listener.accept(), "cannot accept a connection"))
                : null;
    }

    /// Whether something can be read (or accepted, or the end was reached) within `timeoutMs`; -1 waits for ever.
    private static boolean isReadable(int fd, int timeoutMs) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(Structs.POLLFD);
            poll.set(ValueLayout.JAVA_INT, 0, fd);
            poll.set(ValueLayout.JAVA_SHORT, 4, (short) POLLIN);
            int ready = Libc.poll(poll.address(), 1, timeoutMs);
            return ready != -Errno.EINTR.number() && TapException.check(ready, "cannot wait for the other side") > 0;
        }
    }

    /// The process at the other end, also when that has ended.
    public int peerPid() throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment credentials = arena.allocate(Structs.UCRED);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, (int) Structs.UCRED.byteSize());
            TapException.check(Libc.getsockopt(socket.fd(), SOL_SOCKET, SO_PEERCRED, credentials.address(), length.address()),
                    "cannot learn who connected");
            return credentials.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /// Sends `text` (not empty), and copies of `passed` with it: in several messages, each with the text, if they are more than
    /// [DescriptorSocket#DESCRIPTORS_MAX].
    public void send(String text, int... passed) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            MemorySegment message = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            int from = 0;
            do {
                int to = Math.min(passed.length, from + DescriptorSocket.DESCRIPTORS_MAX);
                int sent = socket.send(message, bytes.length, Arrays.copyOfRange(passed, from, to));
                TapException.check(sent, "cannot send to the other side");
                from = to;
            } while (from < passed.length);
        }
    }

    /// Receives one message of up to 4096 bytes; waits for it.
    public Message receive() throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(MESSAGE_BYTES_MAX);
            int result;
            do {
                isReadable(socket.fd(), -1);
                result = socket.receive(bytes, 0, MESSAGE_BYTES_MAX);
            } while (result == -Errno.EAGAIN.number() || result == -Errno.EINTR.number());
            int length = TapException.check(result, "cannot receive from the other side");
            int[] descriptors = new int[socket.descriptors()];
            for (int i = 0; i < descriptors.length; i++) {
                descriptors[i] = socket.takeDescriptor();
            }
            socket.discardDescriptors();
            return new Message(new String(bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8), descriptors);
        }
    }

    /// Closes the socket; idempotent.
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            socket.close();
        }
    }
}
