package dev.jslirp.tap.host;

import dev.jslirp.host.HostEcho;
import dev.jslirp.host.HostEchoListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostException;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.FdWatch;
import dev.jslirp.tap.linux.PingSocket;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// ICMP echo through unprivileged ping sockets, on the host network's loop.
///
/// The kernel replaces the echo identifier by one of its own and delivers only the replies to it, so a socket needs no filter.
/// ICMP errors come from the socket's error queue together with the request they are about.
public final class EchoSockets implements AutoCloseable {
    private static final int ICMP_HEADER = 8;
    private static final int ECHO_REQUEST = 8;
    private static final int ECHO_REPLY = 0;
    /// Largest ICMP message in an IPv4 packet.
    private static final int MESSAGE_BYTES = 65_535 - 20;
    /// Messages taken per readiness.
    private static final int MESSAGES_PER_READINESS = 16;

    private final EpollLoop loop;
    private final ByteBufAllocator allocator;
    private final IpAddress local;
    private final PingSocket calls = new PingSocket();
    private final Set<Socket> sockets = new HashSet<>();

    /// Echo sockets on `loop`.
    ///
    /// @param local source address, or null for the system's choice
    EchoSockets(EpollLoop loop, ByteBufAllocator allocator, IpAddress local) {
        this.loop = loop;
        this.allocator = allocator;
        this.local = local;
    }

    /// Whether this process may open ping sockets; null if so, else one line for the user.
    public static String whyForbidden() {
        try (PingSocket calls = new PingSocket()) {
            Sockets.close(calls.open(IpAddress.parse("127.0.0.1"), null));
            return null;
        } catch (TapException e) {
            return "ping from the guest will not work: " + e.getMessage();
        }
    }

    HostEcho open(InetAddress remote, HostEchoListener listener) throws HostException {
        IpAddress address = IpAddress.of(remote);
        if (!address.isV4()) {
            throw new HostException(HostError.UNSUPPORTED, "no ICMP echo to " + remote.getHostAddress() + ": IPv4 only");
        }
        int fd = -1;
        try {
            fd = calls.open(address, local);
            Socket socket = new Socket(fd, listener);
            sockets.add(socket);
            return socket;
        } catch (TapException e) {
            if (fd >= 0) {
                Sockets.close(fd);
            }
            throw new HostException(HostErrors.of(e.errno()), e.getMessage());
        }
    }

    /// Closes all sockets. Idempotent.
    @Override
    public void close() {
        List.copyOf(sockets).forEach(Socket::close);
        calls.close();
    }

    private final class Socket implements HostEcho {
        private final HostEchoListener listener;
        private final int fd;
        private final FdWatch watch;
        private int ttl;
        private boolean closed;

        Socket(int descriptor, HostEchoListener listener) throws TapException {
            this.listener = listener;
            this.fd = descriptor;
            this.watch = loop.watch(fd, EpollLoop.IN, _ -> readAll());
        }

        @Override
        public void request(int sequence, int hops, ByteBuf data, int index, int length) {
            if (closed || length > MESSAGE_BYTES - ICMP_HEADER) {
                return;
            }
            if (hops != ttl && calls.setTtl(fd, hops) == 0) {
                ttl = hops;
            }
            ByteBuf message = allocator.directBuffer(ICMP_HEADER + length);
            try {
                message.writeByte(ECHO_REQUEST).writeZero(5).writeShort(sequence).writeBytes(data, index, length);
                // A pending error of an earlier request is reported by the first call; the second one sends.
                if (PingSocket.send(fd, message.memoryAddress(), ICMP_HEADER + length) < 0) {
                    PingSocket.send(fd, message.memoryAddress(), ICMP_HEADER + length);
                }
            } finally {
                message.release();
            }
        }

        private void readAll() {
            ByteBuf message = allocator.directBuffer(MESSAGE_BYTES);
            try {
                for (int i = 0; i < MESSAGES_PER_READINESS && !closed; i++) {
                    if (!readError(message) && !readReply(message)) {
                        return;
                    }
                }
            } finally {
                message.release();
            }
        }

        private boolean readError(ByteBuf message) {
            int length = calls.receiveError(fd, message.memoryAddress(), MESSAGE_BYTES);
            if (length >= ICMP_HEADER && calls.errorFromIcmp()) {
                IpAddress offender = calls.offender();
                listener.onError(message.getUnsignedShort(6), calls.errorType(), calls.errorCode(), offender.hi(), offender.lo());
            }
            return length >= 0;
        }

        private boolean readReply(ByteBuf message) {
            int length = calls.receive(fd, message.memoryAddress(), MESSAGE_BYTES);
            if (length >= ICMP_HEADER && message.getByte(0) == ECHO_REPLY) {
                message.setIndex(ICMP_HEADER, length);
                listener.onReply(message.getUnsignedShort(6), calls.ttl(), message);
            }
            return length >= 0;
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                sockets.remove(this);
                watch.cancelAndClose();
            }
        }
    }
}
