package dev.jslirp.tap.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/// Event descriptors (`eventfd`): a counter that one process adds to and another waits for.
///
/// Who waits watches by edge, where each addition is an event of its own, and never needs to read.
public final class EventFd {
    private static final String KIND = "anon_inode:[eventfd]";
    private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1);

    private EventFd() {}

    /// A new one, non-blocking, owned by the caller.
    public static int open() throws TapException {
        return TapException.check(Libc.eventfd(0, Constants.O_CLOEXEC | Constants.O_NONBLOCK), "cannot open an event descriptor");
    }

    /// Takes a descriptor that came from another process: it must be an event descriptor, and is made non-blocking, so that [#signal]
    /// does not wait for a reader. A peer that shares it can undo the latter.
    ///
    /// @return whether it is one
    public static boolean adopt(int fd) {
        try {
            if (!Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString().equals(KIND)) {
                return false;
            }
        } catch (IOException e) {
            return false;
        }
        int flags = Libc.fcntl(fd, Constants.F_GETFL, 0);
        return flags >= 0 && Libc.fcntl(fd, Constants.F_SETFL, flags | Constants.O_NONBLOCK) >= 0;
    }

    /// Adds one. A counter at its limit stays there, which tells the same.
    public static void signal(int fd) {
        Libc.write(fd, ONE.address(), Long.BYTES);
    }
}
