package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import dev.jslirp.wire.IpAddress;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// An unprivileged ICMP socket (`SOCK_DGRAM`, `IPPROTO_ICMP`), IPv4, connected, non-blocking: calls on the bare descriptor
/// plus the control structures they share. The kernel sets the echo identifier and the checksum.
///
/// One instance serves any number of sockets of one thread.
public final class PingSocket implements AutoCloseable {
    private static final int CONTROL_CAPACITY = 512;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment message = arena.allocate(Structs.MSGHDR);
    private final MemorySegment iov = arena.allocate(Structs.IOVEC);
    private final MemorySegment control = arena.allocate(CONTROL_CAPACITY, 8);
    private final MemorySegment number = arena.allocate(ValueLayout.JAVA_INT);
    private int ttl;
    private int errorType;
    private int errorCode;
    private int errorOrigin;
    private int offender;

    /// Opens a socket towards `remote` (IPv4).
    ///
    /// @param local source address, or null
    /// @return its descriptor, the caller's
    public int open(IpAddress remote, IpAddress local) throws TapException {
        int fd = TapException.check(Libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP),
                "cannot open a ping socket", "as root: sysctl -w net.ipv4.ping_group_range='0 2147483647'");
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment address = scratch.allocate(Structs.SOCKADDR_IN);
            setOption(fd, IP_RECVERR, 1);
            setOption(fd, IP_RECVTTL, 1);
            if (local != null) {
                Structs.putSockaddr(address, 0, local.v4Bits());
                TapException.check(Libc.bind(fd, address.address(), (int) address.byteSize()), "cannot bind a ping socket to " + local);
            }
            Structs.putSockaddr(address, 0, remote.v4Bits());
            TapException.check(Libc.connect(fd, address.address(), (int) address.byteSize()), "cannot ping " + remote);
            return fd;
        } catch (TapException e) {
            Libc.close(fd);
            throw e;
        }
    }

    private void setOption(int fd, int option, int value) throws TapException {
        number.set(ValueLayout.JAVA_INT, 0, value);
        int result = Libc.setsockopt(fd, IPPROTO_IP, option, number.address(), Integer.BYTES);
        TapException.check(result, "cannot set option " + option + " of a ping socket");
    }

    /// Sets the time to live of what is sent next. @return 0 or a negated error number
    public int setTtl(int fd, int hops) {
        number.set(ValueLayout.JAVA_INT, 0, hops);
        return Libc.setsockopt(fd, IPPROTO_IP, IP_TTL, number.address(), 4);
    }

    /// Sends the ICMP message at `address`. @return bytes taken or a negated error number
    public static int send(int fd, long address, int length) {
        return (int) Libc.write(fd, address, length);
    }

    /// Receives an ICMP message; [#ttl] tells how far it came.
    ///
    /// @return its length or a negated error number
    public int receive(int fd, long address, int capacity) {
        int length = receive(fd, address, capacity, MSG_DONTWAIT);
        if (length >= 0) {
            long data = find(IP_TTL);
            ttl = data < 0 ? 0 : control.get(ValueLayout.JAVA_INT, data);
        }
        return length;
    }

    /// Takes one error from the error queue, with the request it is about; then [#errorType], [#errorCode], [#offender] tell more.
    ///
    /// @return length of the request, or a negated error number (`EAGAIN`: no error waits)
    public int receiveError(int fd, long address, int capacity) {
        int length = receive(fd, address, capacity, MSG_DONTWAIT | MSG_ERRQUEUE);
        if (length >= 0) {
            errorOrigin = 0;
            long data = find(IP_RECVERR);
            if (data >= 0) {
                errorOrigin = control.get(ValueLayout.JAVA_BYTE, data + 4);
                errorType = control.get(ValueLayout.JAVA_BYTE, data + 5) & 0xff;
                errorCode = control.get(ValueLayout.JAVA_BYTE, data + 6) & 0xff;
                offender = control.get(Structs.BIG_ENDIAN_INT, data + Structs.SOCK_EXTENDED_ERR.byteSize() + 4);
            }
        }
        return length;
    }

    private int receive(int fd, long address, int capacity, int flags) {
        iov.set(ValueLayout.JAVA_LONG, 0, address);
        iov.set(ValueLayout.JAVA_LONG, 8, capacity);
        message.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "iov"), iov.address());
        message.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "iovCount"), 1);
        message.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "control"), control.address());
        message.set(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "controlLength"), CONTROL_CAPACITY);
        return (int) Libc.recvmsg(fd, message.address(), flags);
    }

    /// Offset of the data of the IP-level control message `type`, or -1.
    private long find(int type) {
        long end = message.get(ValueLayout.JAVA_LONG, Structs.offset(Structs.MSGHDR, "controlLength"));
        return ControlMessages.find(control, 0, end, IPPROTO_IP, type);
    }

    /// Time to live of the message received last.
    public int ttl() {
        return ttl;
    }

    /// Whether the error received last came as an ICMP message (and not from this host).
    public boolean errorFromIcmp() {
        return errorOrigin == SO_EE_ORIGIN_ICMP;
    }

    /// ICMP type of the error received last.
    public int errorType() {
        return errorType;
    }

    /// ICMP code of the error received last.
    public int errorCode() {
        return errorCode;
    }

    /// Who sent the error received last.
    public IpAddress offender() {
        return IpAddress.v4(offender);
    }

    /// Frees the control structures; idempotent.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
