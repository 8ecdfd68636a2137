package dev.jslirp.tap.linux;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// The C structures that cross the boundary, with the offsets of their fields. 64-bit Linux only.
final class Structs {
    static final ValueLayout.OfInt BIG_ENDIAN_INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN);
    static final ValueLayout.OfShort BIG_ENDIAN_SHORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

    /// `struct sockaddr_in`; port and address in network order.
    static final StructLayout SOCKADDR_IN = MemoryLayout.structLayout(
            ValueLayout.JAVA_SHORT.withName("family"),
            BIG_ENDIAN_SHORT.withName("port"),
            BIG_ENDIAN_INT.withName("address"),
            MemoryLayout.paddingLayout(8)).withName("sockaddr_in");
    /// `struct sockaddr_un`.
    static final StructLayout SOCKADDR_UN = MemoryLayout.structLayout(
            ValueLayout.JAVA_SHORT.withName("family"),
            MemoryLayout.sequenceLayout(108, ValueLayout.JAVA_BYTE).withName("path")).withName("sockaddr_un");
    /// `struct sockaddr_in6`; port and address in network order.
    static final StructLayout SOCKADDR_IN6 = MemoryLayout.structLayout(
            ValueLayout.JAVA_SHORT.withName("family"),
            BIG_ENDIAN_SHORT.withName("port"),
            ValueLayout.JAVA_INT.withName("flowInfo"),
            MemoryLayout.sequenceLayout(16, ValueLayout.JAVA_BYTE).withName("address"),
            ValueLayout.JAVA_INT.withName("scopeId")).withName("sockaddr_in6");
    /// `struct ifreq`: a name and a union of 24 bytes.
    static final StructLayout IFREQ = MemoryLayout.structLayout(
            MemoryLayout.sequenceLayout(16, ValueLayout.JAVA_BYTE).withName("name"),
            MemoryLayout.sequenceLayout(24, ValueLayout.JAVA_BYTE).withName("value")).withName("ifreq");
    /// `struct rtentry`.
    static final StructLayout RTENTRY = MemoryLayout.structLayout(
            ValueLayout.JAVA_LONG.withName("pad1"),
            SOCKADDR_IN.withName("destination"),
            SOCKADDR_IN.withName("gateway"),
            SOCKADDR_IN.withName("mask"),
            ValueLayout.JAVA_SHORT.withName("flags"),
            MemoryLayout.paddingLayout(6),
            ValueLayout.JAVA_LONG.withName("pad3"),
            ValueLayout.JAVA_LONG.withName("pad4"),
            ValueLayout.JAVA_SHORT.withName("metric"),
            MemoryLayout.paddingLayout(6),
            ValueLayout.JAVA_LONG.withName("device"),
            ValueLayout.JAVA_LONG.withName("mtu"),
            ValueLayout.JAVA_LONG.withName("window"),
            ValueLayout.JAVA_SHORT.withName("irtt"),
            MemoryLayout.paddingLayout(6)).withName("rtentry");
    /// `struct iovec`.
    static final StructLayout IOVEC = MemoryLayout.structLayout(
            ValueLayout.JAVA_LONG.withName("base"),
            ValueLayout.JAVA_LONG.withName("length")).withName("iovec");
    /// `struct msghdr`.
    static final StructLayout MSGHDR = MemoryLayout.structLayout(
            ValueLayout.JAVA_LONG.withName("name"),
            ValueLayout.JAVA_INT.withName("nameLength"),
            MemoryLayout.paddingLayout(4),
            ValueLayout.JAVA_LONG.withName("iov"),
            ValueLayout.JAVA_LONG.withName("iovCount"),
            ValueLayout.JAVA_LONG.withName("control"),
            ValueLayout.JAVA_LONG.withName("controlLength"),
            ValueLayout.JAVA_INT.withName("flags"),
            MemoryLayout.paddingLayout(4)).withName("msghdr");
    /// `struct mmsghdr`.
    static final StructLayout MMSGHDR = MemoryLayout.structLayout(
            MSGHDR.withName("message"),
            ValueLayout.JAVA_INT.withName("length"),
            MemoryLayout.paddingLayout(4)).withName("mmsghdr");
    /// `struct cmsghdr`, without its data.
    static final StructLayout CMSGHDR = MemoryLayout.structLayout(
            ValueLayout.JAVA_LONG.withName("length"),
            ValueLayout.JAVA_INT.withName("level"),
            ValueLayout.JAVA_INT.withName("type")).withName("cmsghdr");
    /// `struct ucred`.
    static final StructLayout UCRED = MemoryLayout.structLayout(
            ValueLayout.JAVA_INT.withName("pid"),
            ValueLayout.JAVA_INT.withName("uid"),
            ValueLayout.JAVA_INT.withName("gid")).withName("ucred");
    /// `struct pollfd`.
    static final StructLayout POLLFD = MemoryLayout.structLayout(
            ValueLayout.JAVA_INT.withName("fd"),
            ValueLayout.JAVA_SHORT.withName("events"),
            ValueLayout.JAVA_SHORT.withName("revents")).withName("pollfd");
    /// `struct sock_extended_err`; the offender's `sockaddr_in` follows it.
    static final StructLayout SOCK_EXTENDED_ERR = MemoryLayout.structLayout(
            ValueLayout.JAVA_INT.withName("errno"),
            ValueLayout.JAVA_BYTE.withName("origin"),
            ValueLayout.JAVA_BYTE.withName("type"),
            ValueLayout.JAVA_BYTE.withName("code"),
            ValueLayout.JAVA_BYTE.withName("pad"),
            ValueLayout.JAVA_INT.withName("info"),
            ValueLayout.JAVA_INT.withName("data")).withName("sock_extended_err");
    /// `struct epoll_event`: packed on x86_64, and only there.
    static final long EPOLL_EVENT_DATA = System.getProperty("os.arch").equals("amd64") ? 4 : 8;
    static final long EPOLL_EVENT_BYTES = EPOLL_EVENT_DATA + 8;

    private Structs() {}

    /// Offset of the field reached by these names.
    static long offset(StructLayout layout, String... names) {
        MemoryLayout.PathElement[] path = new MemoryLayout.PathElement[names.length];
        for (int i = 0; i < names.length; i++) {
            path[i] = MemoryLayout.PathElement.groupElement(names[i]);
        }
        return layout.byteOffset(path);
    }

    /// A NUL-terminated string.
    static MemorySegment string(SegmentAllocator arena, String text) {
        return arena.allocateFrom(text, StandardCharsets.UTF_8);
    }

    /// A `sockaddr_in` for `address` (most significant octet first) with port 0, written at `offset` of `target`.
    static void putSockaddr(MemorySegment target, long offset, int address) {
        target.set(ValueLayout.JAVA_SHORT_UNALIGNED, offset, (short) Constants.AF_INET);
        target.set(BIG_ENDIAN_INT, offset + 4, address);
    }
}
