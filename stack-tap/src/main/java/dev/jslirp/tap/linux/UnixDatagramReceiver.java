package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Receives up to [#SLOTS] datagrams of a unix socket, with their senders' addresses, by one `recvmmsg`. One thread only.
public final class UnixDatagramReceiver implements AutoCloseable {
    /// Most datagrams per call.
    public static final int SLOTS = 16;

    private static final long MESSAGE = Structs.MMSGHDR.byteSize();
    private static final long NAME_LENGTH = Structs.offset(Structs.MSGHDR, "nameLength");
    private static final long FLAGS = Structs.offset(Structs.MSGHDR, "flags");
    private static final long LENGTH = Structs.offset(Structs.MMSGHDR, "length");
    private static final int NAME_BYTES = (int) Structs.SOCKADDR_UN.byteSize();

    private final Arena arena = Arena.ofShared();
    private final MemorySegment messages = arena.allocate(Structs.MMSGHDR, SLOTS);
    private final MemorySegment ranges = arena.allocate(Structs.IOVEC, SLOTS);
    private final MemorySegment names = arena.allocate((long) NAME_BYTES * SLOTS, 2);

    /// A receiver whose slots have no memory yet.
    public UnixDatagramReceiver() {
        for (int i = 0; i < SLOTS; i++) {
            long at = i * MESSAGE;
            messages.set(ValueLayout.JAVA_LONG, at, names.address() + (long) i * NAME_BYTES);
            messages.set(ValueLayout.JAVA_LONG, at + Structs.offset(Structs.MSGHDR, "iov"), ranges.address() + 16L * i);
            messages.set(ValueLayout.JAVA_LONG, at + Structs.offset(Structs.MSGHDR, "iovCount"), 1);
        }
    }

    /// Says where the datagram of slot `slot` is to go; `capacity` bytes at `address` stay the caller's.
    public void slot(int slot, long address, int capacity) {
        ranges.setAtIndex(ValueLayout.JAVA_LONG, 2L * slot, address);
        ranges.setAtIndex(ValueLayout.JAVA_LONG, 2L * slot + 1, capacity);
    }

    /// Receives what waits. @return datagrams, in the first slots, or a negated error number
    public int receive(int fd) {
        for (int i = 0; i < SLOTS; i++) {
            messages.set(ValueLayout.JAVA_INT, i * MESSAGE + NAME_LENGTH, NAME_BYTES);
        }
        return Libc.recvmmsg(fd, messages.address(), SLOTS, MSG_DONTWAIT, 0);
    }

    /// Bytes in slot `slot`.
    public int length(int slot) {
        return messages.get(ValueLayout.JAVA_INT, slot * MESSAGE + LENGTH);
    }

    /// Whether the datagram was longer than its slot.
    public boolean isCut(int slot) {
        return (messages.get(ValueLayout.JAVA_INT, slot * MESSAGE + FLAGS) & MSG_TRUNC) != 0;
    }

    /// Whether the sender has an address, so that it can be answered.
    public boolean hasSender(int slot) {
        return nameLength(slot) > 2;
    }

    /// Whether the datagram of slot `slot` came from `peer`.
    public boolean isFrom(int slot, UnixPeer peer) {
        return peer.isAt(names, (long) slot * NAME_BYTES, nameLength(slot));
    }

    /// The sender's address.
    public UnixPeer sender(int slot) {
        return UnixPeer.copyOf(names, (long) slot * NAME_BYTES, nameLength(slot));
    }

    private int nameLength(int slot) {
        return Math.min(NAME_BYTES, messages.get(ValueLayout.JAVA_INT, slot * MESSAGE + NAME_LENGTH));
    }

    /// Frees the structures; idempotent.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
