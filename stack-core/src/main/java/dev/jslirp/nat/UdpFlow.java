package dev.jslirp.nat;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// One guest source endpoint and its host socket: wherever the guest sends from there, the host sends from the same port
/// (endpoint-independent mapping, RFC 4787 REQ-1).
final class UdpFlow extends UdpMapping implements HostDatagramsListener {
    private final RecentPeers peers;
    private HostDatagrams socket;

    UdpFlow(UdpNat udp, PacketView first, long nowNs) {
        super(udp, first.srcHi, first.srcLo, 0, 0, ports(first.srcPort, 0), nowNs);
        peers = new RecentPeers(udp.nat.config().udpPeersMax());
    }

    void opened(HostDatagrams socket) {
        this.socket = socket;
        armIdle();
    }

    @Override
    void send(PacketView packet, ByteBuf frame, long nowNs) {
        long hostLo = udp.nat.policy().toHostLo(packet.dstHi, packet.dstLo);
        peers.add(packet.dstHi, hostLo, packet.dstPort);
        sendTo(socket, packet, frame, packet.dstHi, hostLo, packet.dstPort, nowNs);
        join();
    }

    @Override
    public void onDatagram(ByteBuf datagram, long addressHi, long addressLo, int port) {
        onDatagrams(datagram, Math.max(1, datagram.readableBytes()), addressHi, addressLo, port);
    }

    @Override
    public void onDatagrams(ByteBuf datagrams, int segmentBytes, long addressHi, long addressLo, int port) {
        long nowNs = udp.nat.batch().begin();
        if (isRemoved() || !passes(addressHi, addressLo, port)) {
            return;
        }
        toGuest(addressHi, udp.nat.policy().toFarLo(addressHi, addressLo), port, datagrams, segmentBytes, nowNs);
    }

    private boolean passes(long hi, long lo, int port) {
        return switch (udp.nat.config().udpFiltering()) {
            case ENDPOINT_INDEPENDENT -> udp.nat.policy().mayArriveFrom(hi, lo);
            case ADDRESS_DEPENDENT -> peers.containsAddress(hi, lo);
            case ADDRESS_AND_PORT_DEPENDENT -> peers.contains(hi, lo, port);
        };
    }

    @Override
    public void onError(HostError error, long addressHi, long addressLo, int port) {
        long nowNs = udp.nat.batch().begin();
        udp.nat.counters().increment(Counter.ICMP_ERRORS_RECEIVED);
        if (!isRemoved() && peers.contains(addressHi, addressLo, port)) {
            udp.unreachable(error, guestHi, guestLo, guestPort(), addressHi, udp.nat.policy().toFarLo(addressHi, addressLo), port, nowNs);
        }
    }

    @Override
    void onFlush(long nowNs) {
        socket.flush();
    }

    @Override
    void onRemoved() {
        if (socket != null) {
            socket.flush();
            socket.close();
        }
        udp.nat.counters().increment(Counter.UDP_FLOWS_CLOSED);
    }
}
