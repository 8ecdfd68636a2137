package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// A pipe through which bytes go from one socket to another by `splice`: pages change hands in the kernel, this process never sees
/// them. No call waits; failures are negated error numbers. One thread.
public final class Pipe implements AutoCloseable {
    private static final MethodHandle PIPE2 = Libc.fixed("pipe2");
    private static final MethodHandle SPLICE = Libc.fixed("splice");
    private static final int FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

    private final int readFd;
    private final int writeFd;
    private int bytes;

    private Pipe(int readFd, int writeFd) {
        this.readFd = readFd;
        this.writeFd = writeFd;
    }

    /// Opens a pipe that holds `wantedBytes`, or as much as the kernel lets this user's pipes hold.
    ///
    /// @return null if no descriptors or no memory are left
    public static Pipe open(int wantedBytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
            if (pipe2(ends.address(), O_NONBLOCK | O_CLOEXEC) < 0) {
                return null;
            }
            Pipe pipe = new Pipe(ends.getAtIndex(ValueLayout.JAVA_INT, 0), ends.getAtIndex(ValueLayout.JAVA_INT, 1));
            // EPERM where the user's pipes have all the memory they may (fs.pipe-user-pages-soft): it goes on with less.
            Libc.fcntl(pipe.writeFd, F_SETPIPE_SZ, wantedBytes);
            return pipe;
        }
    }

    /// Bytes in here.
    public int bytes() {
        return bytes;
    }

    /// Takes up to `max` bytes from the socket `fd`. Into an empty pipe, `EAGAIN` means that there are none, or an urgent one is next.
    ///
    /// @return how many; 0 at the end of the stream
    public long fill(int fd, int max) {
        long result = splice(fd, writeFd, max);
        if (result > 0) {
            bytes += (int) result;
        }
        return result;
    }

    /// Takes `length` bytes from memory; into an empty pipe, a page always fits.
    public long put(long address, int length) {
        long result = Libc.write(writeFd, address, length);
        if (result > 0) {
            bytes += (int) result;
        }
        return result;
    }

    /// Gives the socket `fd` as much as it takes of what is in here.
    ///
    /// @return how many bytes
    public long drain(int fd) {
        // Never more than there is: the kernel would hold the last segment back to wait for the rest.
        long result = splice(readFd, fd, bytes);
        if (result > 0) {
            bytes -= (int) result;
        }
        return result;
    }

    private static int pipe2(long ends, int flags) {
        MemorySegment state = Libc.state();
        try {
            return Libc.number((long) PIPE2.invokeExact(state, ends, (long) flags, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw Libc.impossible(t);
        }
    }

    private static long splice(int from, int to, int length) {
        MemorySegment state = Libc.state();
        try {
            return Libc.size((long) SPLICE.invokeExact(state, (long) from, 0L, (long) to, 0L, (long) length, (long) FLAGS), state);
        } catch (Throwable t) {
            throw Libc.impossible(t);
        }
    }

    /// Closes both ends; what is in here is lost. Once.
    @Override
    public void close() {
        Libc.close(readFd);
        Libc.close(writeFd);
    }
}
