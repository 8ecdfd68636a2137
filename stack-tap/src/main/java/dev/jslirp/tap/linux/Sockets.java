package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// TCP and UDP sockets, non-blocking: calls on the bare descriptor, plus the small structures they share. One instance
/// serves any number of sockets of one thread.
///
/// Methods that return an `int` or `long` return the kernel's result or the negated error number. Addresses are 128 bits, IPv4 in
/// mapped form; a socket's family is that of the address it was opened for.
public final class Sockets implements AutoCloseable {
    private static final int NON_BLOCKING = SOCK_NONBLOCK | SOCK_CLOEXEC;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment address = arena.allocate(SocketAddress.BYTES, 8);
    private final MemorySegment length = arena.allocate(ValueLayout.JAVA_INT);
    private final MemorySegment option = arena.allocate(8, 8);

    /// Opens a TCP socket that sends what it is given at once, and has urgent bytes in line. @return its descriptor, the caller's
    public int openStream(long hi, long lo) {
        int fd = Libc.socket(family(hi, lo), SOCK_STREAM | NON_BLOCKING, 0);
        if (fd >= 0) {
            set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
            // RFC 6093 §6: otherwise the kernel would take them out of the stream.
            set(fd, SOL_SOCKET, SO_OOBINLINE, 1);
        }
        return fd;
    }

    /// Opens IPv4 sockets like [#openStream] in the calling thread's network namespace, for another thread or process to connect.
    ///
    /// @return `count` descriptors, the caller's
    /// @throws TapException if there are not so many
    public static int[] openStreams(int count) throws TapException {
        int[] fds = new int[count];
        try (Sockets calls = new Sockets()) {
            for (int i = 0; i < count; i++) {
                fds[i] = calls.openStream(0, SocketAddress.V4_MAPPED);
                if (fds[i] < 0) {
                    Arrays.stream(fds, 0, i).forEach(Libc::close);
                    throw new TapException("cannot open " + count + " TCP sockets", -fds[i], "");
                }
            }
        }
        return fds;
    }

    /// Opens a UDP socket that tells of ICMP errors and takes bursts of equal datagrams in one piece. @return its descriptor, the caller's
    public int openDatagrams(long hi, long lo) {
        int fd = Libc.socket(family(hi, lo), SOCK_DGRAM | NON_BLOCKING, 0);
        if (fd >= 0) {
            boolean v4 = SocketAddress.isV4(hi, lo);
            set(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, 1);
            // Kernels before 5.0 do not know it, and are told nothing.
            set(fd, IPPROTO_UDP, UDP_GRO, 1);
        }
        return fd;
    }

    private static int family(long hi, long lo) {
        return SocketAddress.isV4(hi, lo) ? AF_INET : AF_INET6;
    }

    /// Binds to an address; port 0 lets the kernel choose.
    public int bind(int fd, long hi, long lo, int port) {
        int bytes = SocketAddress.put(address, 0, hi, lo, port, 0);
        return Libc.bind(fd, address.address(), bytes);
    }

    /// Chooses the source address of a TCP socket that is to be connected. The kernel chooses the port with the destination in mind: ports
    /// are scarce for each destination only.
    public int bindSource(int fd, long hi, long lo) {
        set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        return bind(fd, hi, lo, 0);
    }

    /// Lets the kernel choose the port of an IPv4 socket from these only, and from those the system allows. Kernels before 6.3 do not know
    /// it, and choose as ever.
    public void limitSourcePorts(int fd, int first, int last) {
        set(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, last << 16 | first);
    }

    /// Begins to connect; usually `EINPROGRESS`.
    ///
    /// @param scopeId the interface of a link-local IPv6 address, else 0
    public int connect(int fd, long hi, long lo, int port, int scopeId) {
        int bytes = SocketAddress.put(address, 0, hi, lo, port, scopeId);
        return Libc.connect(fd, address.address(), bytes);
    }

    /// Ends the connection of a TCP socket, by a reset if it was open in any direction, and makes the socket as good as new; also while
    /// connecting, and if there is none. @return 0, or a negated error number
    public int disconnect(int fd) {
        address.fill((byte) 0);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNSPEC);
        return Libc.connect(fd, address.address(), (int) Structs.SOCKADDR_IN.byteSize());
    }

    /// Begins to listen. The port may still have connections of an earlier listener in TIME_WAIT.
    public int listen(int fd, long hi, long lo, int port, int backlog) {
        set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        if (!SocketAddress.isV4(hi, lo)) {
            set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
        }
        int bound = bind(fd, hi, lo, port);
        return bound < 0 ? bound : Libc.listen(fd, backlog);
    }

    /// Accepts a connection, which has the listening socket's options. @return its descriptor; [#hi], [#lo], [#port] are the peer's
    public int accept(int fd) {
        length.set(ValueLayout.JAVA_INT, 0, SocketAddress.BYTES);
        return Libc.accept4(fd, address.address(), length.address(), NON_BLOCKING);
    }

    /// Looks the socket's own address up: [#hi], [#lo], [#port].
    public int localAddress(int fd) {
        length.set(ValueLayout.JAVA_INT, 0, SocketAddress.BYTES);
        return Libc.getsockname(fd, address.address(), length.address());
    }

    /// High half of the address last learned.
    public long hi() {
        return SocketAddress.hi(address, 0);
    }

    /// Low half of the address last learned.
    public long lo() {
        return SocketAddress.lo(address, 0);
    }

    /// Port of the address last learned.
    public int port() {
        return SocketAddress.port(address, 0);
    }

    /// The error the socket met (`SO_ERROR`), which is thereby cleared. @return 0 or a negated error number
    public int takeError(int fd) {
        length.set(ValueLayout.JAVA_INT, 0, Integer.BYTES);
        int result = Libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, option.address(), length.address());
        return result < 0 ? result : -option.get(ValueLayout.JAVA_INT, 0);
    }

    /// Sets the sizes of the kernel's buffers; 0 leaves one to the kernel's tuning.
    public void setBuffers(int fd, int sendBytes, int receiveBytes) {
        if (sendBytes > 0) {
            set(fd, SOL_SOCKET, SO_SNDBUF, sendBytes);
        }
        if (receiveBytes > 0) {
            set(fd, SOL_SOCKET, SO_RCVBUF, receiveBytes);
        }
    }

    /// Size of the kernel's send buffer, as the kernel counts it.
    public int sendBufferBytes(int fd) {
        length.set(ValueLayout.JAVA_INT, 0, Integer.BYTES);
        Libc.getsockopt(fd, SOL_SOCKET, SO_SNDBUF, option.address(), length.address());
        return option.get(ValueLayout.JAVA_INT, 0);
    }

    /// What of it is in use: of a unix socket, what its receivers have not read yet; of a TCP socket, what its peer has not
    /// acknowledged, the FIN included.
    public int sendBufferUsedBytes(int fd) {
        option.set(ValueLayout.JAVA_INT, 0, 0);
        Libc.ioctl(fd, SIOCOUTQ, option.address());
        return option.get(ValueLayout.JAVA_INT, 0);
    }

    /// Lets the close to come be a reset (`SO_LINGER` with 0 seconds).
    public void resetOnClose(int fd) {
        option.set(ValueLayout.JAVA_INT, 0, 1);
        option.set(ValueLayout.JAVA_INT, 4, 0);
        Libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, option.address(), 8);
    }

    private void set(int fd, int level, int name, int value) {
        option.set(ValueLayout.JAVA_INT, 0, value);
        Libc.setsockopt(fd, level, name, option.address(), Integer.BYTES);
    }

    /// Reads up to `capacity` bytes to `address`. @return how many; 0 at the end of the stream
    public static long read(int fd, long address, int capacity) {
        return Libc.read(fd, address, capacity);
    }

    /// Writes the ranges of `ranges`. @return how many bytes were taken
    public static long write(int fd, GatherList ranges) {
        return Libc.writev(fd, ranges.address(), ranges.count());
    }

    /// Sends FIN.
    public static int shutdownOutput(int fd) {
        return Libc.shutdown(fd, SHUT_WR);
    }

    /// Closes a descriptor that nobody watches.
    public static void close(int fd) {
        Libc.close(fd);
    }

    /// Frees the structures; idempotent.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
