package dev.jslirp.tap.host;

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
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.GatherList;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// The host's sockets by Linux system calls, on an [EpollLoop]. Owned by the loop's thread, which also calls every listener.
public final class LinuxHostNetwork implements HostNetwork {
    /// Largest number of ranges in one gathering write.
    private static final int MAX_GATHER = 64;

    /// What can be chosen.
    ///
    /// @param outbound4 source address of IPv4 sockets towards other hosts, null for the system's choice
    /// @param outbound6 the same for IPv6
    /// @param sendBufferBytes SO_SNDBUF of streams, 0 for the system's auto-tuning
    /// @param receiveBufferBytes SO_RCVBUF of streams, 0 for the system's auto-tuning
    /// @param echo whether guests may ping beyond the gateway; false where the kernel is known to forbid it
    public record Options(IpAddress outbound4, IpAddress outbound6, int sendBufferBytes, int receiveBufferBytes, boolean echo) {
        /// Everything as the system chooses.
        public static final Options DEFAULT = new Options(null, null, 0, 0, true);

        IpAddress outbound(IpAddress remote) {
            return remote.isV4() ? outbound4 : outbound6;
        }
    }

    private final EpollLoop loop;
    private final ByteBufAllocator allocator;
    private final Options options;
    private final Sockets calls = new Sockets();
    private final ReadChunk readChunk;
    private final GatherList gather = new GatherList(MAX_GATHER);
    private final EchoSockets echo;
    private final Runnable readTurn = this::readTurn;
    private HostSocket sockets;
    /// Streams with bytes waiting, in the order of their turns.
    private LinuxStream firstReady;
    private LinuxStream lastReady;
    private DatagramTraffic datagrams;
    private boolean closed;

    /// A network on `loop`. Buffers come from `allocator`.
    public LinuxHostNetwork(EpollLoop loop, ByteBufAllocator allocator, Options options) {
        this.loop = loop;
        this.allocator = allocator;
        this.options = options;
        this.readChunk = new ReadChunk(allocator);
        this.echo = new EchoSockets(loop, allocator, options.outbound4());
    }

    @Override
    public HostStream connect(InetSocketAddress remote, HostStreamListener listener) {
        LinuxStream stream = new LinuxStream(this, remote, listener);
        stream.connect();
        return stream;
    }

    @Override
    public HostListener listen(InetSocketAddress local, HostAcceptor acceptor) throws IOException {
        requireOpen();
        return LinuxListener.open(this, local, acceptor);
    }

    @Override
    public HostDatagrams openDatagrams(InetSocketAddress local, InetAddress family, HostDatagramsListener listener) throws IOException {
        requireOpen();
        return LinuxDatagrams.open(this, local, family, listener);
    }

    @Override
    public HostEcho openEcho(InetAddress remote, HostEchoListener listener) throws HostException {
        requireOpen();
        if (!options.echo()) {
            throw new HostException(HostError.UNSUPPORTED, "no ICMP echo to " + remote.getHostAddress());
        }
        return echo.open(remote, listener);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        while (sockets != null) {
            sockets.abandon();
        }
        echo.close();
        readChunk.release();
        if (datagrams != null) {
            datagrams.close();
        }
        gather.close();
        calls.close();
    }

    EpollLoop loop() {
        return loop;
    }

    ByteBufAllocator allocator() {
        return allocator;
    }

    Options options() {
        return options;
    }

    Sockets calls() {
        return calls;
    }

    ReadChunk readChunk() {
        return readChunk;
    }

    /// Shared by all streams during one gathering write.
    GatherList gather() {
        return gather;
    }

    /// What all datagram sockets share.
    DatagramTraffic datagrams() {
        if (datagrams == null) {
            datagrams = new DatagramTraffic(allocator);
        }
        return datagrams;
    }

    /// The address that [#calls] learned last.
    InetSocketAddress lastAddress() {
        return new InetSocketAddress(IpAddress.toInetAddress(calls.hi(), calls.lo()), calls.port());
    }

    void requireOpen() throws HostException {
        if (closed) {
            throw new HostException(HostError.NO_RESOURCES, "the host network is closed");
        }
    }

    boolean isClosed() {
        return closed;
    }

    void add(HostSocket socket) {
        socket.linkBefore(sockets);
        sockets = socket;
    }

    void remove(HostSocket socket) {
        sockets = socket.unlink(sockets);
    }

    /// Gives `stream`, which is not in the list, a turn to read after the next look at the descriptors.
    void readLater(LinuxStream stream) {
        if (firstReady == null) {
            firstReady = stream;
            loop.execute(readTurn);
        } else {
            lastReady.nextReady = stream;
        }
        lastReady = stream;
    }

    private void readTurn() {
        LinuxStream stream = firstReady;
        firstReady = null;
        lastReady = null;
        while (stream != null) {
            LinuxStream next = stream.nextReady;
            stream.nextReady = null;
            stream.onReadTurn();
            stream = next;
        }
    }
}
