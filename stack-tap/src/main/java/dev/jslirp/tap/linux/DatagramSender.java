package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Sends datagrams, or runs of equal ones, by one `sendmmsg`. One thread only.
public final class DatagramSender implements AutoCloseable {
    /// Most datagrams in a run (`UDP_MAX_SEGMENTS` of older kernels).
    public static final int RUN_DATAGRAMS = 64;
    /// Most bytes in a run: what one UDP datagram over IPv4 could have.
    public static final int RUN_BYTES = 65_507;

    /// `CMSG_SPACE(sizeof(uint16_t))`; the header says 18.
    private static final int CONTROL_BYTES = 24;
    private static final long MESSAGE = Structs.MMSGHDR.byteSize();
    private static final long NAME_LENGTH = Structs.offset(Structs.MSGHDR, "nameLength");
    private static final long CONTROL = Structs.offset(Structs.MSGHDR, "control");
    private static final long CONTROL_LENGTH = Structs.offset(Structs.MSGHDR, "controlLength");

    private final Arena arena = Arena.ofShared();
    private final MemorySegment messages;
    private final MemorySegment ranges;
    private final MemorySegment names;
    private final MemorySegment controls;
    private final int capacity;
    private int count;

    /// For up to `capacity` messages at a time.
    public DatagramSender(int capacity) {
        this.capacity = capacity;
        messages = arena.allocate(Structs.MMSGHDR, capacity);
        ranges = arena.allocate(Structs.IOVEC, capacity);
        names = arena.allocate((long) SocketAddress.BYTES * capacity, 4);
        controls = arena.allocate((long) CONTROL_BYTES * capacity, 8);
        for (int i = 0; i < capacity; i++) {
            long at = i * MESSAGE;
            messages.set(ValueLayout.JAVA_LONG, at, names.address() + (long) i * SocketAddress.BYTES);
            messages.set(ValueLayout.JAVA_LONG, at + Structs.offset(Structs.MSGHDR, "iov"), ranges.address() + 16L * i);
            messages.set(ValueLayout.JAVA_LONG, at + Structs.offset(Structs.MSGHDR, "iovCount"), 1);
            messages.set(ValueLayout.JAVA_LONG, at + CONTROL, controls.address() + (long) CONTROL_BYTES * i);
            long control = (long) i * CONTROL_BYTES;
            controls.set(ValueLayout.JAVA_LONG, control, 18);
            controls.set(ValueLayout.JAVA_INT, control + 8, IPPROTO_UDP);
            controls.set(ValueLayout.JAVA_INT, control + 12, UDP_SEGMENT);
        }
    }

    /// Forgets all messages.
    public void clear() {
        count = 0;
    }

    /// Messages added.
    public int count() {
        return count;
    }

    /// Whether no message can be added.
    public boolean isFull() {
        return count == capacity;
    }

    /// Appends a message: `length` bytes at `address`, which stay as they are until [#send].
    ///
    /// @param segmentBytes the length of each datagram of a run; 0 for a single datagram
    public void add(long address, int length, int segmentBytes, long hi, long lo, int port) {
        ranges.setAtIndex(ValueLayout.JAVA_LONG, 2L * count, address);
        ranges.setAtIndex(ValueLayout.JAVA_LONG, 2L * count + 1, length);
        long at = count * MESSAGE;
        int nameBytes = SocketAddress.put(names, (long) count * SocketAddress.BYTES, hi, lo, port, 0);
        messages.set(ValueLayout.JAVA_INT, at + NAME_LENGTH, nameBytes);
        messages.set(ValueLayout.JAVA_LONG, at + CONTROL_LENGTH, segmentBytes == 0 ? 0 : CONTROL_BYTES);
        controls.set(ValueLayout.JAVA_SHORT, (long) count * CONTROL_BYTES + 16, (short) segmentBytes);
        count++;
    }

    /// Where the bytes of message `at` are.
    public long address(int at) {
        return ranges.getAtIndex(ValueLayout.JAVA_LONG, 2L * at);
    }

    /// Bytes of message `at`.
    public int length(int at) {
        return (int) ranges.getAtIndex(ValueLayout.JAVA_LONG, 2L * at + 1);
    }

    /// The length of each datagram of message `at`; 0 for a single one.
    public int segmentBytes(int at) {
        boolean run = messages.get(ValueLayout.JAVA_LONG, at * MESSAGE + CONTROL_LENGTH) != 0;
        return run ? controls.get(ValueLayout.JAVA_SHORT, (long) at * CONTROL_BYTES + 16) & 0xffff : 0;
    }

    /// High half of the destination of message `at`.
    public long hi(int at) {
        return SocketAddress.hi(names, (long) at * SocketAddress.BYTES);
    }

    /// Low half of it.
    public long lo(int at) {
        return SocketAddress.lo(names, (long) at * SocketAddress.BYTES);
    }

    /// Its port.
    public int port(int at) {
        return SocketAddress.port(names, (long) at * SocketAddress.BYTES);
    }

    /// Sends the messages from number `from`. @return how many were taken, or the negated error number of the first
    public int send(int fd, int from) {
        return Libc.sendmmsg(fd, messages.address() + from * MESSAGE, count - from, MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    /// Frees the structures; idempotent.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
