package dev.jslirp.host.netty;

import dev.jslirp.host.HostAcceptor;
import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostEcho;
import dev.jslirp.host.HostEchoListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostException;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostNetwork;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.host.ReadChunk;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.channel.nio.NioIoHandle;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// The host's sockets by `java.nio`, on a Netty event loop with an NIO handler.
///
/// Owned by the loop's thread, which also calls every listener.
public final class NettyHostNetwork implements HostNetwork {
    /// Largest number of buffers in one gathering write.
    static final int MAX_GATHER = 64;
    /// Longest UDP datagram there is, and room to see that nothing was cut.
    static final int DATAGRAM_BYTES = 65_536;

    /// What can be chosen.
    ///
    /// @param outbound4 source address of IPv4 sockets towards other hosts, null for the system's choice
    /// @param outbound6 the same for IPv6
    /// @param sendBufferBytes SO_SNDBUF of streams, 0 for the system's auto-tuning
    /// @param receiveBufferBytes SO_RCVBUF of streams, 0 for the system's auto-tuning
    /// @param echo where ICMP echo sockets come from
    public record Options(
            Inet4Address outbound4, Inet6Address outbound6, int sendBufferBytes, int receiveBufferBytes, EchoSockets echo) {
        /// Everything as the system chooses, no ICMP echo.
        public static final Options DEFAULT = new Options(null, null, 0, 0, EchoSockets.NONE);

        /// The source address configured for sockets of the family of `address`; null for the system's choice.
        InetAddress outbound(InetAddress address) {
            return address instanceof Inet4Address ? outbound4 : outbound6;
        }
    }

    private final IoEventLoop loop;
    private final ByteBufAllocator allocator;
    private final Options options;
    private final ReadChunk readChunk;
    private final ByteBuffer[] gather = new ByteBuffer[MAX_GATHER];
    private NioSocket sockets;
    private ByteBuf datagramBuffer;
    private boolean closed;

    /// A network on `loop`, whose I/O handler must be NIO. Buffers come from `allocator`.
    public NettyHostNetwork(IoEventLoop loop, ByteBufAllocator allocator, Options options) {
        if (!loop.isCompatible(NioIoHandle.class)) {
            throw new IllegalArgumentException("the event loop is not an NIO one; make it with NioIoHandler.newFactory()");
        }
        this.loop = loop;
        this.allocator = allocator;
        this.options = options;
        this.readChunk = new ReadChunk(allocator);
    }

    @Override
    public HostStream connect(InetSocketAddress remote, HostStreamListener listener) {
        NettyHostStream stream = new NettyHostStream(this, remote, listener);
        stream.connect();
        return stream;
    }

    @Override
    public HostListener listen(InetSocketAddress local, HostAcceptor acceptor) throws IOException {
        requireOpen();
        return NettyHostListener.open(this, local, acceptor);
    }

    @Override
    public HostDatagrams openDatagrams(InetSocketAddress local, InetAddress family, HostDatagramsListener listener) throws IOException {
        requireOpen();
        return NettyHostDatagrams.open(this, local, family, listener);
    }

    @Override
    public HostEcho openEcho(InetAddress remote, HostEchoListener listener) throws HostException {
        requireOpen();
        return options.echo().open(remote, listener);
    }

    @Override
    public void close() {
        closed = true;
        while (sockets != null) {
            sockets.abandon();
        }
        readChunk.release();
        if (datagramBuffer != null) {
            datagramBuffer.release();
            datagramBuffer = null;
        }
    }

    boolean isClosed() {
        return closed;
    }

    IoEventLoop loop() {
        return loop;
    }

    ByteBufAllocator allocator() {
        return allocator;
    }

    Options options() {
        return options;
    }

    ReadChunk readChunk() {
        return readChunk;
    }

    /// Shared by all streams during one gathering write.
    ByteBuffer[] gather() {
        return gather;
    }

    /// Shared by all datagram sockets while they receive.
    ByteBuf datagramBuffer() {
        if (datagramBuffer != null && datagramBuffer.refCnt() != 1) {
            // A link has kept what it queues.
            datagramBuffer.release();
            datagramBuffer = null;
        }
        if (datagramBuffer == null) {
            datagramBuffer = allocator.directBuffer(DATAGRAM_BYTES, DATAGRAM_BYTES);
        }
        return datagramBuffer;
    }

    /// The address to bind to, which must not be a name that was not found.
    static InetAddress resolved(InetSocketAddress address) throws IOException {
        if (address.isUnresolved()) {
            throw new IOException("unknown host");
        }
        return address.getAddress();
    }

    void requireOpen() throws HostException {
        if (closed) {
            throw new HostException(HostError.NO_RESOURCES, "the host network is closed");
        }
    }

    void add(NioSocket socket) {
        socket.linkBefore(sockets);
        sockets = socket;
    }

    void remove(NioSocket socket) {
        sockets = socket.unlink(sockets);
    }
}
