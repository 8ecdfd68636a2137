package dev.jslirp.tap.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// What a virtual machine monitor does and we do not: memory files, connecting, waiting for an event descriptor.
public final class SharedFiles {
    private static final MethodHandle MEMFD_CREATE = Libc.fixed("memfd_create");
    private static final MethodHandle FTRUNCATE = Libc.fixed("ftruncate");
    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_ALLOW_SEALING = 2;

    private SharedFiles() {}

    /// A memory file of `bytes` bytes, owned by the caller.
    public static int create(long bytes, boolean sealable) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = Libc.state();
            long flags = MFD_CLOEXEC | (sealable ? MFD_ALLOW_SEALING : 0);
            int fd = Libc.number((long) MEMFD_CREATE.invokeExact(state, Structs.string(arena, "guest").address(), flags, 0L, 0L, 0L, 0L), state);
            if (fd < 0 || resize(fd, bytes) < 0) {
                throw new AssertionError("no memory file");
            }
            return fd;
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /// @return 0 or a negated error number
    public static int resize(int fd, long bytes) {
        MemorySegment state = Libc.state();
        try {
            return Libc.number((long) FTRUNCATE.invokeExact(state, (long) fd, bytes, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /// A connection to the socket at `path`.
    public static DescriptorSocket connect(Path path) throws TapException {
        int fd = TapException.check(Libc.socket(Constants.AF_UNIX, Constants.SOCK_STREAM | Constants.SOCK_CLOEXEC, 0), "socket");
        TapException.check(UnixPeer.at(path).connect(fd), "connect");
        return new DescriptorSocket(fd);
    }

    /// What was added to a non-blocking event descriptor since it was last asked.
    public static long drain(int eventFd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(8, 8);
            return Libc.read(eventFd, value.address(), 8) == 8 ? value.get(ValueLayout.JAVA_LONG, 0) : 0;
        }
    }
}
