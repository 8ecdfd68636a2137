package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.StructLayout;
import org.junit.jupiter.api.Test;

/// The layouts against what the C compiler says on x86_64 and aarch64 Linux.
class StructsTest {
    private static void assertLayout(StructLayout layout, int size, Object... namesAndOffsets) {
        assertEquals(size, layout.byteSize(), layout.name().orElseThrow());
        for (int i = 0; i < namesAndOffsets.length; i += 2) {
            String name = (String) namesAndOffsets[i];
            assertEquals(((Integer) namesAndOffsets[i + 1]).longValue(), Structs.offset(layout, name), layout.name().orElseThrow() + "." + name);
        }
    }

    @Test
    void structuresHaveTheSizesAndOffsetsOfTheKernelsHeaders() {
        assertLayout(Structs.SOCKADDR_IN, 16, "family", 0, "port", 2, "address", 4);
        assertLayout(Structs.SOCKADDR_UN, 110, "family", 0, "path", 2);
        assertLayout(Structs.IFREQ, 40, "name", 0, "value", 16);
        assertLayout(Structs.RTENTRY, 120, "destination", 8, "gateway", 24, "mask", 40, "flags", 56, "metric", 80, "device", 88,
                "mtu", 96, "window", 104, "irtt", 112);
        assertLayout(Structs.IOVEC, 16, "base", 0, "length", 8);
        assertLayout(Structs.MSGHDR, 56, "name", 0, "nameLength", 8, "iov", 16, "iovCount", 24, "control", 32, "controlLength", 40,
                "flags", 48);
        assertLayout(Structs.CMSGHDR, 16, "length", 0, "level", 8, "type", 12);
        assertLayout(Structs.UCRED, 12, "pid", 0, "uid", 4, "gid", 8);
        assertLayout(Structs.POLLFD, 8, "fd", 0, "events", 4, "revents", 6);
        assertLayout(Structs.SOCK_EXTENDED_ERR, 16, "errno", 0, "origin", 4, "type", 5, "code", 6, "info", 8, "data", 12);
    }

    @Test
    void failuresAreNegatedErrorNumbers() {
        assertEquals(-Errno.EBADF.number(), Libc.close(-1));
        assertEquals(-Errno.EBADF.number(), Libc.read(-1, 0, 0));
    }

    @Test
    void errorNumbersAreDescribedByNameAndText() {
        assertEquals("EPERM: Operation not permitted", Errno.describe(1));
        assertEquals("errno 4095", Errno.describe(4095));
        assertEquals(Errno.UNKNOWN, Errno.of(4095));
    }
}
