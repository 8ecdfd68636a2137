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
import dev.jslirp.host.StreamSplicer;
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
    private final Runnable turns = this::runTurns;
    private HostSocket sockets;
    /// Sockets with bytes waiting, in the order of their turns.
    private HostSocket firstTurn;
    private HostSocket lastTurn;
    private Splicer splicer;
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

    /// Takes over unconnected TCP sockets of a guest's network namespace, by which accepted connections may be joined with servers in
    /// there. At most once.
    public void spliceBy(int[] guestSockets) {
        splicer = new Splicer(this, guestSockets);
    }

    @Override
    public StreamSplicer splicer() {
        return splicer;
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
        if (splicer != null) {
            splicer.close();
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

    /// Gives `socket`, which is not in the list, a turn after the next look at the descriptors.
    void turnLater(HostSocket socket) {
        if (firstTurn == null) {
            firstTurn = socket;
            loop.execute(turns);
        } else {
            lastTurn.nextTurn = socket;
        }
        lastTurn = socket;
    }

    private void runTurns() {
        HostSocket socket = firstTurn;
        firstTurn = null;
        lastTurn = null;
        while (socket != null) {
            HostSocket next = socket.nextTurn;
            socket.nextTurn = null;
            socket.onTurn();
            socket = next;
        }
    }
}
