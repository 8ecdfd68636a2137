package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Between the 128 bits of an address (IPv4 in mapped form) and `sockaddr_in`, `sockaddr_in6`.
final class SocketAddress {
    /// Room for either kind.
    static final int BYTES = (int) Structs.SOCKADDR_IN6.byteSize();

    /// 0.0.0.0.
    static final long V4_MAPPED = 0xffffL << 32;
    private static final int V4_BYTES = (int) Structs.SOCKADDR_IN.byteSize();
    private static final ValueLayout.OfLong BIG_ENDIAN_LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private SocketAddress() {}

    /// Whether this is an IPv4 address in mapped form.
    static boolean isV4(long hi, long lo) {
        return hi == 0 && lo >>> 32 == 0xffff;
    }

    /// Writes an address at `offset`. @return its length
    static int put(MemorySegment target, long offset, long hi, long lo, int port, int scopeId) {
        target.set(Structs.BIG_ENDIAN_SHORT, offset + 2, (short) port);
        if (isV4(hi, lo)) {
            Structs.putSockaddr(target, offset, (int) lo);
            target.set(ValueLayout.JAVA_LONG_UNALIGNED, offset + 8, 0);
            return V4_BYTES;
        }
        target.set(ValueLayout.JAVA_SHORT, offset, (short) AF_INET6);
        target.set(ValueLayout.JAVA_INT, offset + 4, 0);
        target.set(BIG_ENDIAN_LONG, offset + 8, hi);
        target.set(BIG_ENDIAN_LONG, offset + 16, lo);
        target.set(ValueLayout.JAVA_INT, offset + 24, scopeId);
        return BYTES;
    }

    static long hi(MemorySegment source, long offset) {
        return source.get(ValueLayout.JAVA_SHORT, offset) == AF_INET6 ? source.get(BIG_ENDIAN_LONG, offset + 8) : 0;
    }

    static long lo(MemorySegment source, long offset) {
        return source.get(ValueLayout.JAVA_SHORT, offset) == AF_INET6
                ? source.get(BIG_ENDIAN_LONG, offset + 16)
                : V4_MAPPED | source.get(Structs.BIG_ENDIAN_INT, offset + 4) & 0xffff_ffffL;
    }

    static int port(MemorySegment source, long offset) {
        return source.get(Structs.BIG_ENDIAN_SHORT, offset + 2) & 0xffff;
    }
}
