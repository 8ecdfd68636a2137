package dev.jslirp.tap.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// The address of a unix socket: `sockaddr_un` and its length. Abstract addresses and those without a name are possible.
public final class UnixPeer {
    /// Longest path, in bytes: the structure has room for 108, one of which ends it.
    public static final int PATH_BYTES_MAX = 107;
    private static final int FAMILY_BYTES = 2;

    private final MemorySegment address;

    private UnixPeer(MemorySegment address) {
        this.address = address;
    }

    /// The address of the socket file at `path`.
    ///
    /// @throws IllegalArgumentException if it has more than [#PATH_BYTES_MAX] bytes
    static UnixPeer at(Path path) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length > PATH_BYTES_MAX) {
            throw new IllegalArgumentException("socket path is longer than " + PATH_BYTES_MAX + " bytes: " + path);
        }
        MemorySegment address = Arena.ofAuto().allocate(FAMILY_BYTES + bytes.length + 1L, 2);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) Constants.AF_UNIX);
        MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, FAMILY_BYTES, bytes.length);
        return new UnixPeer(address);
    }

    /// A copy of `length` bytes of an address the kernel wrote.
    static UnixPeer copyOf(MemorySegment source, long offset, int length) {
        return new UnixPeer(Arena.ofAuto().allocate(Math.max(FAMILY_BYTES, length), 2).copyFrom(source.asSlice(offset, length)));
    }

    /// Binds the socket `fd` to this address. @return 0 or a negated error number
    int bind(int fd) {
        try {
            return Libc.bind(fd, address(), length());
        } finally {
            // The kernel reads what only this object keeps from being freed.
            Reference.reachabilityFence(this);
        }
    }

    /// Connects the socket `fd` to this address. @return 0 or a negated error number
    int connect(int fd) {
        try {
            return Libc.connect(fd, address(), length());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /// Where the structure is, as long as this object is reachable.
    long address() {
        return address.address();
    }

    int length() {
        return (int) address.byteSize();
    }

    /// Whether the kernel wrote the same address there.
    boolean isAt(MemorySegment source, long offset, int length) {
        return length == length() && MemorySegment.mismatch(address, 0, length, source, offset, offset + length) < 0;
    }

    /// The path, `@name` for an abstract address.
    @Override
    public String toString() {
        byte[] name = address.asSlice(FAMILY_BYTES).toArray(ValueLayout.JAVA_BYTE);
        if (name.length == 0) {
            return "(unnamed)";
        }
        String text = new String(name, StandardCharsets.UTF_8);
        return name[0] == 0 ? "@" + text.substring(1) : text.substring(0, text.indexOf(0) < 0 ? text.length() : text.indexOf(0));
    }
}
