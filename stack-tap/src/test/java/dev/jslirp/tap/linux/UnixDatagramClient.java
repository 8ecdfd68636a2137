package dev.jslirp.tap.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/// A unix datagram socket as a virtual machine monitor has it: bound to a path, and connected or not.
public final class UnixDatagramClient implements AutoCloseable {
    private static final int CAPACITY = 70_000;

    private final int fd;
    private final UnixPeer server;
    private final boolean connected;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment out = arena.allocate(CAPACITY, 8);
    private final MemorySegment in = arena.allocate(CAPACITY, 8);
    private final UnixDatagramSender sender = new UnixDatagramSender();

    /// @param local     where it can be answered, or null
    /// @param connected whether it hears the server only
    public UnixDatagramClient(Path local, Path server, boolean connected) throws IOException {
        this.server = UnixPeer.at(server);
        this.connected = connected;
        fd = Libc.socket(Constants.AF_UNIX, Constants.SOCK_DGRAM | Constants.SOCK_NONBLOCK, 0);
        if (local != null) {
            Files.deleteIfExists(local);
            TapException.check(UnixPeer.at(local).bind(fd), "bind");
        }
        if (connected) {
            TapException.check(this.server.connect(fd), "connect");
        }
    }

    /// Sends one datagram. @return 0, or the error's number
    public int send(byte[] datagram) {
        MemorySegment.copy(datagram, 0, out, ValueLayout.JAVA_BYTE, 0, datagram.length);
        sender.clear();
        sender.add(out.address(), datagram.length);
        sender.end();
        return Math.max(0, -sender.send(fd, connected ? null : server));
    }

    /// The next datagram, or null if none comes within `timeoutMs`.
    public byte[] receive(int timeoutMs) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment poll = scratch.allocate(Structs.POLLFD);
            poll.set(ValueLayout.JAVA_INT, 0, fd);
            poll.set(ValueLayout.JAVA_SHORT, 4, (short) Constants.POLLIN);
            Libc.poll(poll.address(), 1, timeoutMs);
        }
        long length = Libc.read(fd, in.address(), CAPACITY);
        return length < 0 ? null : in.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }

    /// The descriptor.
    public int fd() {
        return fd;
    }

    /// Closes the socket; its file stays, as when a program is killed.
    @Override
    public void close() {
        Libc.close(fd);
        sender.close();
        arena.close();
    }
}
