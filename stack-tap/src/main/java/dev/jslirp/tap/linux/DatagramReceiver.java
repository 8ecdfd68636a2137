package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Receives up to [#SLOTS] datagrams, or runs of equal ones, by one `recvmmsg`; and what a socket's error queue holds. One
/// thread only.
///
/// Slot *i* begins `i * SLOT_BYTES` into the memory given; no datagram is longer than a slot.
public final class DatagramReceiver implements AutoCloseable {
    /// Most messages per call.
    public static final int SLOTS = 16;
    /// Room per message: a run that the kernel put together has at most 64 KiB.
    public static final int SLOT_BYTES = 65_536;

    private static final int CONTROL_BYTES = 64;
    private static final int ERROR_CONTROL_BYTES = 256;
    private static final long MESSAGE = Structs.MMSGHDR.byteSize();
    private static final long NAME_LENGTH = Structs.offset(Structs.MSGHDR, "nameLength");
    private static final long CONTROL_LENGTH = Structs.offset(Structs.MSGHDR, "controlLength");
    private static final long LENGTH = Structs.offset(Structs.MMSGHDR, "length");
    private static final long ORIGIN = Structs.offset(Structs.SOCK_EXTENDED_ERR, "origin");

    private final Arena arena = Arena.ofShared();
    private final MemorySegment messages = arena.allocate(Structs.MMSGHDR, SLOTS);
    private final MemorySegment ranges = arena.allocate(Structs.IOVEC, SLOTS);
    private final MemorySegment names = arena.allocate((long) SocketAddress.BYTES * SLOTS, 4);
    private final MemorySegment controls = arena.allocate((long) CONTROL_BYTES * SLOTS, 8);
    private final MemorySegment error = arena.allocate(Structs.MSGHDR);
    private final MemorySegment errorName = arena.allocate(SocketAddress.BYTES, 4);
    private final MemorySegment errorControl = arena.allocate(ERROR_CONTROL_BYTES, 8);
    private int used = SLOTS;
    private int errorNumber;

    /// Receives into `SLOTS * SLOT_BYTES` bytes at `memory`, which stay the caller's.
    public DatagramReceiver(long memory) {
        moveTo(memory);
        for (int i = 0; i < SLOTS; i++) {
            ranges.setAtIndex(ValueLayout.JAVA_LONG, 2L * i + 1, SLOT_BYTES);
            long at = i * MESSAGE;
            messages.set(ValueLayout.JAVA_LONG, at, names.address() + (long) i * SocketAddress.BYTES);
            messages.set(ValueLayout.JAVA_LONG, at + Structs.offset(Structs.MSGHDR, "iov"), ranges.address() + 16L * i);
            messages.set(ValueLayout.JAVA_LONG, at + Structs.offset(Structs.MSGHDR, "iovCount"), 1);
            long control = controls.address() + (long) CONTROL_BYTES * i;
            messages.set(ValueLayout.JAVA_LONG, at + Structs.offset(Structs.MSGHDR, "control"), control);
        }
        error.set(ValueLayout.JAVA_LONG, 0, errorName.address());
        error.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "control"), errorControl.address());
    }

    /// Receives into other memory from now on.
    public void moveTo(long memory) {
        for (int i = 0; i < SLOTS; i++) {
            ranges.setAtIndex(ValueLayout.JAVA_LONG, 2L * i, memory + (long) i * SLOT_BYTES);
        }
    }

    /// Receives what waits. @return messages in the first slots, or a negated error number
    public int receive(int fd) {
        for (int i = 0; i < used; i++) {
            messages.set(ValueLayout.JAVA_INT, i * MESSAGE + NAME_LENGTH, SocketAddress.BYTES);
            messages.set(ValueLayout.JAVA_LONG, i * MESSAGE + CONTROL_LENGTH, CONTROL_BYTES);
        }
        int received = Libc.recvmmsg(fd, messages.address(), SLOTS, MSG_DONTWAIT, 0);
        used = Math.max(0, received);
        return received;
    }

    /// Bytes in slot `slot`.
    public int length(int slot) {
        return messages.get(ValueLayout.JAVA_INT, slot * MESSAGE + LENGTH);
    }

    /// Bytes of each datagram in slot `slot` (the last may be shorter); 0 for a single one.
    public int segmentBytes(int slot) {
        long end = messages.get(ValueLayout.JAVA_LONG, slot * MESSAGE + CONTROL_LENGTH);
        long start = (long) slot * CONTROL_BYTES;
        long data = ControlMessages.find(controls, start, start + end, IPPROTO_UDP, UDP_GRO);
        return data < 0 ? 0 : controls.get(ValueLayout.JAVA_INT, data);
    }

    /// High half of the source of slot `slot`.
    public long hi(int slot) {
        return SocketAddress.hi(names, (long) slot * SocketAddress.BYTES);
    }

    /// Low half of the source of slot `slot`.
    public long lo(int slot) {
        return SocketAddress.lo(names, (long) slot * SocketAddress.BYTES);
    }

    /// Source port of slot `slot`.
    public int port(int slot) {
        return SocketAddress.port(names, (long) slot * SocketAddress.BYTES);
    }

    /// Takes one entry of the error queue; [#errorNumber] and [#errorHi], [#errorLo], [#errorPort] tell what happened to a datagram for
    /// which destination. @return whether there was one
    public boolean receiveError(int fd) {
        error.set(ValueLayout.JAVA_INT, NAME_LENGTH, SocketAddress.BYTES);
        error.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, ERROR_CONTROL_BYTES);
        if (Libc.recvmsg(fd, error.address(), MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            return false;
        }
        long end = error.get(ValueLayout.JAVA_LONG, CONTROL_LENGTH);
        long data = ControlMessages.find(errorControl, 0, end, IPPROTO_IP, IP_RECVERR);
        if (data < 0) {
            data = ControlMessages.find(errorControl, 0, end, IPPROTO_IPV6, IPV6_RECVERR);
        }
        boolean told = data < 0 || errorControl.get(ValueLayout.JAVA_BYTE, data + ORIGIN) == SO_EE_ORIGIN_LOCAL;
        errorNumber = told ? 0 : errorControl.get(ValueLayout.JAVA_INT, data);
        return true;
    }

    /// The error number ([Errno]) of the entry last taken; 0 for what the call that sent has told already.
    public int errorNumber() {
        return errorNumber;
    }

    /// High half of the destination of the datagram that failed.
    public long errorHi() {
        return SocketAddress.hi(errorName, 0);
    }

    /// Low half of it.
    public long errorLo() {
        return SocketAddress.lo(errorName, 0);
    }

    /// Its port.
    public int errorPort() {
        return SocketAddress.port(errorName, 0);
    }

    /// Frees the structures; idempotent.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
