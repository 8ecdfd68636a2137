package dev.jslirp.peer;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.net.GatewayService;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;

/// A datagram socket of the program among the guests.
final class PeerDatagrams implements HostDatagrams, GatewayService {
    private final Peers peers;
    private final IpAddress address;
    private final int port;
    private final HostDatagramsListener listener;
    private boolean closed;

    PeerDatagrams(Peers peers, IpAddress address, int port, HostDatagramsListener listener) {
        this.peers = peers;
        this.address = address;
        this.port = port;
        this.listener = listener;
    }

    @Override
    public void onDatagram(PacketView packet, ByteBuf frame, long nowNs) {
        int gsoSize = Offload.gsoSize(packet.offload);
        boolean run = Offload.gsoType(packet.offload) == Offload.GSO_UDP_L4 && gsoSize > 0;
        ByteBuf payload = frame.slice(packet.payloadOffset, packet.payloadLength);
        if (run) {
            listener.onDatagrams(payload, gsoSize, packet.srcHi, packet.srcLo, packet.srcPort);
        } else {
            listener.onDatagram(payload, packet.srcHi, packet.srcLo, packet.srcPort);
        }
    }

    @Override
    public void send(ByteBuf bytes, int index, int length, long addressHi, long addressLo, int port) {
        if (maySend(addressHi, addressLo)) {
            long nowNs = peers.batch.begin();
            peers.output.udp(address.hi(), address.lo(), this.port, addressHi, addressLo, port, bytes, index, length, nowNs);
        }
    }

    @Override
    public void sendRun(ByteBuf bytes, int index, int length, int segmentBytes, long addressHi, long addressLo, int port) {
        if (maySend(addressHi, addressLo)) {
            long nowNs = peers.batch.begin();
            peers.output.udpRun(address.hi(), address.lo(), this.port, addressHi, addressLo, port, bytes, index, length, segmentBytes,
                    nowNs);
        }
    }

    private boolean maySend(long addressHi, long addressLo) {
        boolean toGuest = peers.plan.isGuest(addressHi, addressLo);
        if (!toGuest) {
            peers.counters.increment(Counter.UDP_SEND_FAILED);
        }
        return toGuest && !closed && !peers.isClosed();
    }

    @Override
    public void flush() {
        // The batch does it.
    }

    @Override
    public InetSocketAddress localAddress() {
        return new InetSocketAddress(address.toInetAddress(), port);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            peers.udp.unregister(address, port);
        }
    }
}
