package dev.jslirp.nat;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;

/// One guest source endpoint and its host socket: wherever the guest sends from there, the host sends from the same port
/// (endpoint-independent mapping, RFC 4787 REQ-1). Or one redirected conversation, which has its own socket.
final class UdpFlow extends UdpMapping implements HostDatagramsListener {
    private final RecentPeers peers;
    /// Where everything goes, and the only place answers come from; null for wherever the guest says.
    private final IpAddress redirect;
    private final int redirectPort;
    private HostDatagrams socket;

    private UdpFlow(UdpNat udp, PacketView first, long farHi, long farLo, int farPort, IpAddress redirect, int redirectPort, long nowNs) {
        super(udp, first.srcHi, first.srcLo, farHi, farLo, ports(first.srcPort, farPort), nowNs);
        peers = new RecentPeers(redirect == null ? udp.nat.config().udpPeersMax() : 1);
        this.redirect = redirect;
        this.redirectPort = redirectPort;
    }

    /// A flow of the guest's endpoint in `first`.
    static UdpFlow toAnywhere(UdpNat udp, PacketView first, long nowNs) {
        return new UdpFlow(udp, first, 0, 0, 0, null, 0, nowNs);
    }

    /// A flow of the conversation that `first` begins.
    static UdpFlow redirected(UdpNat udp, PacketView first, InetSocketAddress to, long nowNs) {
        return new UdpFlow(udp, first, first.dstHi, first.dstLo, first.dstPort, IpAddress.of(to.getAddress()), to.getPort(), nowNs);
    }

    /// Whether the guest has sent to this packet's destination lately.
    boolean hasSentTo(PacketView packet) {
        return peers.contains(packet.dstHi, udp.nat.policy().toHostLo(packet.dstHi, packet.dstLo), packet.dstPort);
    }

    void opened(HostDatagrams socket) {
        this.socket = socket;
        armIdle();
    }

    @Override
    void send(PacketView packet, ByteBuf frame, long nowNs) {
        long hostHi = redirect == null ? packet.dstHi : redirect.hi();
        long hostLo = redirect == null ? udp.nat.policy().toHostLo(packet.dstHi, packet.dstLo) : redirect.lo();
        int hostPort = redirect == null ? packet.dstPort : redirectPort;
        peers.add(hostHi, hostLo, hostPort);
        sendTo(socket, packet, frame, hostHi, hostLo, hostPort, nowNs);
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
        if (redirect == null) {
            toGuest(addressHi, udp.nat.policy().toFarLo(addressHi, addressLo), port, datagrams, segmentBytes, nowNs);
        } else {
            toGuest(farHi, farLo, farPort(), datagrams, segmentBytes, nowNs);
        }
    }

    private boolean passes(long hi, long lo, int port) {
        if (redirect != null) {
            return peers.contains(hi, lo, port);
        }
        return switch (udp.nat.config().udpFiltering()) {
            case ENDPOINT_INDEPENDENT -> udp.nat.policy().mayArriveFrom(hi, lo, port);
            case ADDRESS_DEPENDENT -> peers.containsAddress(hi, lo);
            case ADDRESS_AND_PORT_DEPENDENT -> peers.contains(hi, lo, port);
        };
    }

    @Override
    public void onError(HostError error, long addressHi, long addressLo, int port) {
        long nowNs = udp.nat.batch().begin();
        udp.nat.counters().increment(Counter.ICMP_ERRORS_RECEIVED);
        if (isRemoved() || !peers.contains(addressHi, addressLo, port)) {
            return;
        }
        if (redirect == null) {
            udp.unreachable(error, guestHi, guestLo, guestPort(), addressHi, udp.nat.policy().toFarLo(addressHi, addressLo), port, nowNs);
        } else {
            udp.unreachable(error, guestHi, guestLo, guestPort(), farHi, farLo, farPort(), nowNs);
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
