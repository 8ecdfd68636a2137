package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// A range of a file that is mapped into this process and shared with whoever else maps it: a guest's memory.
///
/// The bytes may change at any time. Should the file shrink below the range, an access beyond its end is answered by the
/// virtual machine with an [InternalError], possibly a moment later; [#cannotShrink] tells whether that can happen.
///
/// The segment belongs to the thread that mapped it; after [#close] an access throws instead of touching foreign memory.
public final class SharedMemory implements AutoCloseable {
    /// A multiple of every page size of x86_64 and aarch64, huge pages apart.
    private static final long ALIGNMENT = 1 << 16;
    private static final long STATFS_BYTES = 120;
    private static final MethodHandle MMAP = Libc.fixed("mmap");
    private static final MethodHandle MUNMAP = Libc.fixed("munmap");
    private static final MethodHandle LSEEK = Libc.fixed("lseek");
    private static final MethodHandle FSTATFS = Libc.fixed("fstatfs");

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment segment;

    @SuppressWarnings("restricted")
    private SharedMemory(long mapped, long mappedBytes, long offset, long bytes) {
        segment = MemorySegment.ofAddress(mapped).reinterpret(mappedBytes, arena, whole -> unmap(whole.address(), mappedBytes))
                .asSlice(offset, bytes);
    }

    /// Maps `bytes` bytes at `offset` of the file behind `fd`, for reading and writing; the descriptor may be closed afterwards.
    ///
    /// @throws TapException if the range is not within the file, or the kernel does not map it
    public static SharedMemory map(int fd, long offset, long bytes) throws TapException {
        long file = fileBytes(fd);
        if (file < 0) {
            throw new TapException("cannot learn the size of a shared memory", (int) -file, "");
        }
        if (offset < 0 || bytes <= 0 || offset > file || bytes > file - offset) {
            throw new TapException("a shared memory of " + file + " bytes has no " + bytes + " bytes at " + offset,
                    Errno.EINVAL.number(), "");
        }
        long alignment = alignment(fd);
        long start = offset & -alignment;
        long length = offset - start + bytes + alignment - 1 & -alignment;
        long mapped = mmap(fd, start, length);
        if (mapped < 0) {
            throw new TapException("cannot map " + bytes + " bytes of shared memory", (int) -mapped, "");
        }
        return new SharedMemory(mapped, length, offset - start, bytes);
    }

    /// Whether the file behind `fd` is sealed against shrinking, or could be sealed now.
    public static boolean cannotShrink(int fd) {
        int seals = Libc.fcntl(fd, F_GET_SEALS, 0);
        return seals >= 0 && ((seals & F_SEAL_SHRINK) != 0 || Libc.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) >= 0);
    }

    /// The mapped bytes, exactly; this thread only, until [#close].
    public MemorySegment segment() {
        return segment;
    }

    /// Huge pages are mapped and unmapped whole.
    private static long alignment(int fd) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment statfs = scratch.allocate(STATFS_BYTES, 8);
            MemorySegment state = Libc.state();
            int result = Libc.number((long) FSTATFS.invokeExact(state, (long) fd, statfs.address(), 0L, 0L, 0L, 0L), state);
            boolean huge = result == 0 && (int) statfs.get(ValueLayout.JAVA_LONG, 0) == HUGETLBFS_MAGIC;
            return huge ? Math.max(ALIGNMENT, statfs.get(ValueLayout.JAVA_LONG, 8)) : ALIGNMENT;
        } catch (Throwable t) {
            throw Libc.impossible(t);
        }
    }

    private static long fileBytes(int fd) {
        MemorySegment state = Libc.state();
        try {
            return Libc.size((long) LSEEK.invokeExact(state, (long) fd, 0L, (long) SEEK_END, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw Libc.impossible(t);
        }
    }

    private static long mmap(int fd, long offset, long length) {
        MemorySegment state = Libc.state();
        try {
            return Libc.size((long) MMAP.invokeExact(state, 0L, length, (long) (PROT_READ | PROT_WRITE),
                    (long) (MAP_SHARED | MAP_NORESERVE), (long) fd, offset), state);
        } catch (Throwable t) {
            throw Libc.impossible(t);
        }
    }

    private static void unmap(long address, long length) {
        MemorySegment state = Libc.state();
        try {
            Libc.number((long) MUNMAP.invokeExact(state, address, length, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw Libc.impossible(t);
        }
    }

    /// Unmaps; idempotent.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
