package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;

/// Sends datagrams to one peer, each gathered from several ranges, by one `sendmmsg`. One thread only.
public final class UnixDatagramSender implements AutoCloseable {
    private static final int MESSAGES = 32;
    private static final int RANGES = 256;
    private static final long MESSAGE = Structs.MMSGHDR.byteSize();
    private static final long NAME_LENGTH = Structs.offset(Structs.MSGHDR, "nameLength");
    private static final long IOV = Structs.offset(Structs.MSGHDR, "iov");
    private static final long IOV_COUNT = Structs.offset(Structs.MSGHDR, "iovCount");

    private final Arena arena = Arena.ofShared();
    private final MemorySegment messages = arena.allocate(Structs.MMSGHDR, MESSAGES);
    private final GatherList ranges = new GatherList(RANGES);
    private int count;
    private int begun;

    /// Opens a non-blocking socket that sends to `peer` only.
    ///
    /// @return its descriptor, the caller's, or a negated error number (`EPERM`: the peer listens to one sender only, and that is
    ///         somebody else)
    public static int open(UnixPeer peer) {
        int fd = Libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int result = fd < 0 ? fd : peer.connect(fd);
        if (fd >= 0 && result < 0) {
            Libc.close(fd);
        }
        return result < 0 ? result : fd;
    }

    /// Forgets all datagrams.
    public void clear() {
        ranges.clear();
        count = 0;
        begun = 0;
    }

    /// Whether there is room for a datagram of `parts` more ranges.
    public boolean hasRoom(int parts) {
        return count < MESSAGES && ranges.count() + parts <= RANGES;
    }

    /// Appends a range to the datagram being put together.
    public void add(long address, int length) {
        ranges.add(address, length);
    }

    /// The datagram being put together is complete.
    public void end() {
        long at = count * MESSAGE;
        messages.set(ValueLayout.JAVA_LONG, at + IOV, ranges.address() + (long) begun * Structs.IOVEC.byteSize());
        messages.set(ValueLayout.JAVA_LONG, at + IOV_COUNT, ranges.count() - begun);
        begun = ranges.count();
        count++;
    }

    /// Complete datagrams.
    public int count() {
        return count;
    }

    /// Sends them. @param to the destination, or null where the socket is connected to it
    /// @return how many were taken, or the negated error number of the first
    public int send(int fd, UnixPeer to) {
        for (int i = 0; i < count; i++) {
            messages.set(ValueLayout.JAVA_LONG, i * MESSAGE, to == null ? 0 : to.address());
            messages.set(ValueLayout.JAVA_INT, i * MESSAGE + NAME_LENGTH, to == null ? 0 : to.length());
        }
        try {
            return Libc.sendmmsg(fd, messages.address(), count, MSG_DONTWAIT | MSG_NOSIGNAL);
        } finally {
            Reference.reachabilityFence(to);
        }
    }

    /// Frees the structures; idempotent.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            ranges.close();
            arena.close();
        }
    }
}
