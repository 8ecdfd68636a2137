package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A connected unix stream socket whose messages carry descriptors (`SCM_RIGHTS`), for use with an [EpollLoop]: no call waits.
///
/// A failure that may pass is a negated error number. One thread.
public final class DescriptorSocket implements AutoCloseable {
    /// Descriptors one message carries, and that wait here to be taken, at most.
    public static final int DESCRIPTORS_MAX = 64;
    private static final int CMSG_HEADER = ControlMessages.HEADER_BYTES;
    private static final int CONTROL_SPACE = CMSG_HEADER + DESCRIPTORS_MAX * Integer.BYTES;
    private static final long CONTROL = Structs.offset(Structs.MSGHDR, "control");
    private static final long CONTROL_LENGTH = Structs.offset(Structs.MSGHDR, "controlLength");
    private static final long FLAGS = Structs.offset(Structs.MSGHDR, "flags");

    private final int fd;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment iov = arena.allocate(Structs.IOVEC);
    private final MemorySegment header = arena.allocate(Structs.MSGHDR);
    private final MemorySegment control = arena.allocate(CONTROL_SPACE, 8);

    private final int[] descriptors = new int[DESCRIPTORS_MAX];
    private int waiting;
    private int taken;

    /// Takes `fd` over.
    public DescriptorSocket(int fd) {
        this.fd = fd;
        header.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "iov"), iov.address());
        header.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "iovCount"), 1);
    }

    /// The descriptor, to be watched.
    public int fd() {
        return fd;
    }

    /// Receives up to `length` bytes to `target` at `offset`. Descriptors that came with them wait for [#takeDescriptor].
    ///
    /// @return bytes, 0 at the end of the stream, or a negated error number (`EAGAIN`: none waits; `EMSGSIZE`: descriptors were lost)
    public int receive(MemorySegment target, long offset, int length) {
        iov.set(ValueLayout.JAVA_LONG, 0, target.address() + offset);
        iov.set(ValueLayout.JAVA_LONG, 8, length);
        header.set(ValueLayout.JAVA_LONG, CONTROL, control.address());
        header.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, CONTROL_SPACE);
        int result = (int) Libc.recvmsg(fd, header.address(), MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        if (result < 0) {
            return result;
        }
        boolean whole = (header.get(ValueLayout.JAVA_INT, FLAGS) & MSG_CTRUNC) == 0;
        return keepDescriptors() && whole ? result : -Errno.EMSGSIZE.number();
    }

    /// Those there is no room for are closed.
    private boolean keepDescriptors() {
        long data = ControlMessages.find(control, 0, header.get(ValueLayout.JAVA_LONG, CONTROL_LENGTH), SOL_SOCKET, SCM_RIGHTS);
        int received = data < 0 ? 0 : (int) (control.get(ValueLayout.JAVA_LONG, data - CMSG_HEADER) - CMSG_HEADER) / Integer.BYTES;
        boolean fit = true;
        for (int i = 0; i < received; i++) {
            int descriptor = control.get(ValueLayout.JAVA_INT, data + (long) i * Integer.BYTES);
            if (waiting < DESCRIPTORS_MAX) {
                descriptors[waiting++] = descriptor;
            } else {
                Libc.close(descriptor);
                fit = false;
            }
        }
        return fit;
    }

    /// How many descriptors wait.
    public int descriptors() {
        return waiting - taken;
    }

    /// The descriptor that has waited longest, now the caller's, or -1.
    public int takeDescriptor() {
        return taken < waiting ? descriptors[taken++] : -1;
    }

    /// Closes the descriptors that wait.
    public void discardDescriptors() {
        while (taken < waiting) {
            Libc.close(descriptors[taken++]);
        }
        taken = 0;
        waiting = 0;
    }

    /// Sends `length` bytes of `message`, and copies of `descriptors` with the first of them.
    ///
    /// @return bytes taken, or a negated error number
    public int send(MemorySegment message, int length, int... descriptors) {
        iov.set(ValueLayout.JAVA_LONG, 0, message.address());
        iov.set(ValueLayout.JAVA_LONG, 8, length);
        header.set(ValueLayout.JAVA_LONG, CONTROL, descriptors.length == 0 ? 0 : control.address());
        header.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, descriptors.length == 0 ? 0 : space(descriptors.length));
        control.set(ValueLayout.JAVA_LONG, 0, CMSG_HEADER + (long) descriptors.length * Integer.BYTES);
        control.set(ValueLayout.JAVA_INT, 8, SOL_SOCKET);
        control.set(ValueLayout.JAVA_INT, 12, SCM_RIGHTS);
        MemorySegment.copy(descriptors, 0, control, ValueLayout.JAVA_INT, CMSG_HEADER, descriptors.length);
        return (int) Libc.sendmsg(fd, header.address(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }

    /// `CMSG_SPACE`: whole words.
    private static long space(int descriptors) {
        return CMSG_HEADER + (descriptors * Integer.BYTES + 7L & -8);
    }

    /// Closes the socket, and the descriptors that wait; idempotent.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            discardDescriptors();
            Libc.close(fd);
            arena.close();
        }
    }
}
