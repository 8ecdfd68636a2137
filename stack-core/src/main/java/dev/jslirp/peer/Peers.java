package dev.jslirp.peer;

import dev.jslirp.host.HostAcceptor;
import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.nat.TcpNat;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.net.FrameOutput;
import dev.jslirp.net.UdpInput;
import dev.jslirp.stats.Counters;
import dev.jslirp.time.Batch;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBufAllocator;
import java.net.InetSocketAddress;
import java.util.random.RandomGenerator;

/// What a program in this process is to the guests: who dials them, listens for them, and exchanges datagrams with them. See the package.
/// All methods are in-loop.
public final class Peers implements AutoCloseable {
    private static final int FIRST_EPHEMERAL_PORT = 49_152;

    final AddressPlan plan;
    final FrameOutput output;
    final UdpInput udp;
    final Batch batch;
    final Counters counters;
    private final TcpNat tcp;
    private final RandomGenerator random;
    private final ByteBufAllocator allocator;
    private boolean closed;

    /// Peers in the network that these belong to.
    public Peers(AddressPlan plan, FrameOutput output, TcpNat tcp, UdpInput udp, Batch batch, RandomGenerator random, Counters counters,
            ByteBufAllocator allocator) {
        this.plan = plan;
        this.output = output;
        this.tcp = tcp;
        this.udp = udp;
        this.batch = batch;
        this.random = random;
        this.counters = counters;
        this.allocator = allocator;
    }

    /// Connects to a port of a guest. The stream begins with reads paused; failures arrive at `listener`.
    ///
    /// @param from what the guest sees as the peer's address, one of the gateway's or one outside of the network
    /// @throws IllegalArgumentException if no guest can have the address `guest`, or no peer `from`
    public HostStream dial(IpAddress from, IpAddress guest, int port, HostStreamListener listener) {
        requireOurs(from);
        if (!plan.isGuest(guest.hi(), guest.lo())) {
            throw new IllegalArgumentException(guest + " is not an address a guest of this network can have");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("guest port " + port + " is not within 1 to 65535");
        }
        long nowNs = batch.begin();
        var local = new InetSocketAddress(from.toInetAddress(), random.nextInt(FIRST_EPHEMERAL_PORT, 65_536));
        PeerStream stream = PeerStream.connecting(batch, allocator, local, new InetSocketAddress(guest.toInetAddress(), port));
        stream.listener(listener);
        HostStreamListener flow = closed ? null : tcp.accept(stream.other(), from, guest, port, nowNs);
        if (flow == null) {
            stream.other().reset(HostError.NO_RESOURCES);
        } else {
            stream.other().listener(flow);
        }
        return stream;
    }

    /// Accepts the guests' connections to this address, whatever policy says of it. [HostListener#close] ends that.
    ///
    /// @param address one of the gateway's, or any outside of the network
    /// @throws IllegalArgumentException if no connection to the address comes here, or somebody listens there already
    public HostListener listen(IpAddress address, int port, HostAcceptor acceptor) {
        requireOurs(address);
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port " + port + " is not within 1 to 65535");
        }
        tcp.addService(address, port, (guest, far, flow) -> accept(guest, far, flow, acceptor));
        return new HostListener() {
            private boolean closed;

            @Override
            public InetSocketAddress localAddress() {
                return new InetSocketAddress(address.toInetAddress(), port);
            }

            @Override
            public void close() {
                if (!closed) {
                    closed = true;
                    tcp.removeService(address, port);
                }
            }
        };
    }

    /// The stream of a guest's connection, whose other end goes to `acceptor`: what a `FlowPolicy.Verdict.Connect` needs.
    ///
    /// @return the flow's end
    public HostStream accept(InetSocketAddress guest, InetSocketAddress far, HostStreamListener flow, HostAcceptor acceptor) {
        PeerStream stream = PeerStream.connecting(batch, allocator, guest, far);
        stream.listener(flow);
        HostStreamListener listener = acceptor.onAccepted(stream.other());
        if (listener == null) {
            stream.other().reset();
        } else {
            stream.other().listener(listener);
            stream.accept();
        }
        return stream;
    }

    /// Opens a datagram socket among the guests: what they send to this address and port arrives at `listener`, what is sent leaves from
    /// there, to guests only.
    ///
    /// @param address one of the gateway's, or any outside of the network
    /// @throws IllegalArgumentException if no datagram to the address comes here, or the port is taken
    public HostDatagrams openDatagrams(IpAddress address, int port, HostDatagramsListener listener) {
        PeerDatagrams socket = new PeerDatagrams(this, address, port, listener);
        udp.register(address, port, socket);
        return socket;
    }

    /// From now on every dial fails, and datagrams go nowhere; what is open ends with its flow. Idempotent.
    @Override
    public void close() {
        closed = true;
    }

    boolean isClosed() {
        return closed;
    }

    private void requireOurs(IpAddress address) {
        switch (plan.destination(address.hi(), address.lo())) {
            case OURS, OUTSIDE -> { }
            case GUEST -> throw new IllegalArgumentException(address + " is not an address of the gateway; add it to the plan's peers");
            case BROADCAST, MULTICAST, INVALID -> throw new IllegalArgumentException(address + " is not a unicast address");
        }
    }
}
