package dev.jslirp.tap;

import dev.jslirp.host.HostEcho;
import dev.jslirp.host.HostEchoListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostException;
import dev.jslirp.host.netty.EchoSockets;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.PingSocket;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.IoEventLoop;
import java.io.IOException;
import java.net.InetAddress;

/// ICMP echo through unprivileged ping sockets, on the host network's loop.
///
/// The kernel replaces the echo identifier by one of its own and delivers only the replies to it, so a socket needs no filter.
/// ICMP errors come from the socket's error queue together with the request they are about.
final class LinuxEcho implements EchoSockets, AutoCloseable {
    private static final int ICMP_HEADER = 8;
    private static final int ECHO_REQUEST = 8;
    private static final int ECHO_REPLY = 0;
    /// Largest ICMP message in an IPv4 packet.
    private static final int MESSAGE_BYTES = 65_535 - 20;
    /// Messages taken per readiness.
    private static final int MESSAGES_PER_READINESS = 16;

    private final IoEventLoop loop;
    private final ByteBufAllocator allocator;
    private final IpAddress local;
    private final PingSocket calls = new PingSocket();

    /// Echo sockets on `loop`.
    ///
    /// @param local source address, or null for the system's choice
    LinuxEcho(IoEventLoop loop, ByteBufAllocator allocator, IpAddress local) {
        this.loop = loop;
        this.allocator = allocator;
        this.local = local;
    }

    /// Whether this process may open ping sockets; null if so, else one line for the user.
    static String whyForbidden() {
        try (PingSocket calls = new PingSocket()) {
            dev.jslirp.tap.linux.Processes.close(calls.open(IpAddress.parse("127.0.0.1"), null));
            return null;
        } catch (TapException e) {
            return "ping from the guest will not work: " + e.getMessage();
        }
    }

    @Override
    public HostEcho open(InetAddress remote, HostEchoListener listener) throws HostException {
        IpAddress address = IpAddress.of(remote);
        if (!address.isV4()) {
            throw new HostException(HostError.UNSUPPORTED, "no ICMP echo to " + remote.getHostAddress() + ": IPv4 only");
        }
        try {
            Socket socket = new Socket(calls.open(address, local), listener);
            socket.fd.register(loop);
            return socket;
        } catch (TapException e) {
            throw new HostException(classify(e.errno()), e.getMessage());
        } catch (IOException e) {
            throw new HostException(HostError.NO_RESOURCES, e.getMessage());
        }
    }

    private static HostError classify(Errno errno) {
        return switch (errno) {
            case EPERM, EACCES -> HostError.PROHIBITED;
            case ENETUNREACH, ENETDOWN, EADDRNOTAVAIL -> HostError.NETWORK_UNREACHABLE;
            case EHOSTUNREACH -> HostError.HOST_UNREACHABLE;
            default -> HostError.NO_RESOURCES;
        };
    }

    /// Frees what the sockets share; after all of them are closed. Idempotent.
    @Override
    public void close() {
        calls.close();
    }

    private final class Socket implements HostEcho {
        private final HostEchoListener listener;
        private final SelectableFd fd;
        private int ttl;
        private boolean closed;

        Socket(int descriptor, HostEchoListener listener) throws IOException {
            this.listener = listener;
            this.fd = new SelectableFd(descriptor, this::readAll);
        }

        @Override
        public void request(int sequence, int hops, ByteBuf data, int index, int length) {
            if (closed || length > MESSAGE_BYTES - ICMP_HEADER) {
                return;
            }
            if (hops != ttl && calls.setTtl(fd.fd(), hops) == 0) {
                ttl = hops;
            }
            ByteBuf message = allocator.directBuffer(ICMP_HEADER + length);
            try {
                message.writeByte(ECHO_REQUEST).writeZero(5).writeShort(sequence).writeBytes(data, index, length);
                // A pending error of an earlier request is reported by the first call; the second one sends.
                if (PingSocket.send(fd.fd(), message.memoryAddress(), ICMP_HEADER + length) < 0) {
                    PingSocket.send(fd.fd(), message.memoryAddress(), ICMP_HEADER + length);
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
            int length = calls.receiveError(fd.fd(), message.memoryAddress(), MESSAGE_BYTES);
            if (length >= ICMP_HEADER && calls.errorFromIcmp()) {
                IpAddress offender = calls.offender();
                listener.onError(message.getUnsignedShort(6), calls.errorType(), calls.errorCode(), offender.hi(), offender.lo());
            }
            return length >= 0;
        }

        private boolean readReply(ByteBuf message) {
            int length = calls.receive(fd.fd(), message.memoryAddress(), MESSAGE_BYTES);
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
                fd.close();
            }
        }
    }
}
