package dev.jslirp.testkit;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// One simulated UDP socket. Datagrams leave at `flush`; what the network answers arrives in a later round.
public final class SimHostDatagrams implements HostDatagrams {
    private final SimHostNetwork network;
    private final InetSocketAddress local;
    private final HostDatagramsListener listener;
    private final List<Datagram> queued = new ArrayList<>();
    private final List<Datagram> sent = new ArrayList<>();
    private Consumer<Datagram> responder = datagram -> {};
    private int queueMax = Integer.MAX_VALUE;
    private boolean closed;

    /// One datagram and the peer it goes to or comes from.
    public record Datagram(InetSocketAddress peer, byte[] bytes) {}

    SimHostDatagrams(SimHostNetwork network, InetSocketAddress local, HostDatagramsListener listener) {
        this.network = network;
        this.local = local;
        this.listener = listener;
    }

    @Override
    public void send(ByteBuf bytes, int index, int length, long addressHi, long addressLo, int port) {
        if (closed || queued.size() >= queueMax) {
            return;
        }
        byte[] copy = new byte[length];
        bytes.getBytes(index, copy);
        queued.add(new Datagram(new InetSocketAddress(IpAddress.toInetAddress(addressHi, addressLo), port), copy));
    }

    @Override
    public void flush() {
        for (Datagram datagram : queued) {
            HostError error = network.datagramError(datagram.peer);
            if (error != null) {
                peerError(error, datagram.peer);
            } else {
                sent.add(datagram);
                responder.accept(datagram);
            }
        }
        queued.clear();
    }

    @Override
    public InetSocketAddress localAddress() {
        return local;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            queued.clear();
            network.socketClosed();
        }
    }

    /// A datagram arrives from `from`.
    public void peerSend(InetSocketAddress from, byte[] bytes) {
        IpAddress source = IpAddress.of(from.getAddress());
        network.later(() -> {
            if (closed) {
                return;
            }
            ByteBuf buffer = network.allocator().directBuffer(Math.max(1, bytes.length)).writeBytes(bytes);
            try {
                listener.onDatagram(buffer, source.hi(), source.lo(), from.getPort());
            } finally {
                buffer.release();
            }
        });
    }

    /// The network reports `error` for a datagram sent to `destination`.
    public void peerError(HostError error, InetSocketAddress destination) {
        IpAddress address = IpAddress.of(destination.getAddress());
        network.later(() -> {
            if (!closed) {
                listener.onError(error, address.hi(), address.lo(), destination.getPort());
            }
        });
    }

    /// Called with each datagram sent, to play the peer.
    public void onSent(Consumer<Datagram> peer) {
        responder = peer;
    }

    /// Datagrams that fit between two flushes; more are dropped.
    public void setQueueMax(int datagramsMax) {
        queueMax = datagramsMax;
    }

    /// Datagrams that left the host.
    public List<Datagram> sent() {
        return sent;
    }

    /// Whether the stack closed the socket.
    public boolean isClosed() {
        return closed;
    }
}
