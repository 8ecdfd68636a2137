package dev.jslirp.nat;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostNetwork;
import dev.jslirp.stats.Counter;
import dev.jslirp.time.Batch;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetSocketAddress;

/// One UDP rule: its host socket, and a [Peer] flow per host peer that has sent to it, so that each answer leaves from this rule's
/// socket to the right peer.
///
/// The guest sees a peer as the gateway with a port: the peer's own, or one of a few computed from it where that is taken. Finding the
/// flow of a peer is trying the same ports again, so there is no second table.
final class UdpForward implements HostDatagramsListener, Batch.Participant, AutoCloseable {
    private static final int PORT_TRIES = 16;
    /// Any odd number spreads the candidates over the whole range.
    private static final int PORT_STEP = 7_919;
    private static final int FIRST_UNPRIVILEGED_PORT = 1_024;

    private final UdpNat udp;
    private final IpAddress guest;
    private final int guestPort;
    private final HostDatagrams socket;
    private boolean joined;
    private boolean closed;

    UdpForward(UdpNat udp, HostNetwork host, PortForward rule) throws IOException {
        this.udp = udp;
        guest = rule.guestAddress();
        guestPort = rule.guestPort();
        socket = host.openDatagrams(new InetSocketAddress(rule.hostAddress(), rule.hostPort()), rule.hostAddress(), this);
    }

    int hostPort() {
        return socket.localAddress().getPort();
    }

    @Override
    public void onDatagram(ByteBuf datagram, long addressHi, long addressLo, int port) {
        onDatagrams(datagram, Math.max(1, datagram.readableBytes()), addressHi, addressLo, port);
    }

    @Override
    public void onDatagrams(ByteBuf datagrams, int segmentBytes, long addressHi, long addressLo, int port) {
        long nowNs = udp.nat.batch().begin();
        Peer peer = closed ? null : peerOf(addressHi, addressLo, port, nowNs);
        if (peer != null) {
            peer.toGuest(peer.farHi, peer.farLo, peer.farPort(), datagrams, segmentBytes, nowNs);
        }
    }

    private Peer peerOf(long hi, long lo, int port, long nowNs) {
        int free = 0;
        for (int i = 0; i < PORT_TRIES; i++) {
            int farPort = candidate(port, i);
            Flow taken = udp.nat.flows().find(guest.hi(), guest.lo(), gateway().hi(), gateway().lo(), Flow.ports(guestPort, farPort),
                    Ipv4Header.UDP);
            if (taken instanceof Peer peer && peer.is(this, hi, lo, port)) {
                return peer;
            }
            if (taken == null && free == 0) {
                free = farPort;
            }
        }
        if (free == 0 || !udp.admit(guest.hi(), guest.lo())) {
            udp.nat.counters().increment(Counter.FORWARDS_REFUSED);
            return null;
        }
        Peer peer = new Peer(this, hi, lo, port, free, nowNs);
        udp.add(peer);
        peer.armIdle();
        udp.nat.counters().increment(Counter.FORWARDS_ACCEPTED);
        return peer;
    }

    private IpAddress gateway() {
        return udp.nat.plan().gateway();
    }

    /// The `i`-th port the guest may see for a peer's port; never one where the gateway's own services answer.
    private static int candidate(int port, int i) {
        int range = 65_536 - FIRST_UNPRIVILEGED_PORT;
        return FIRST_UNPRIVILEGED_PORT + Math.floorMod(port - FIRST_UNPRIVILEGED_PORT + i * PORT_STEP, range);
    }

    @Override
    public void onError(HostError error, long addressHi, long addressLo, int port) {
        udp.nat.batch().begin();
        // The guest's datagram was an answer; nobody there would know what to do with an error about it.
        udp.nat.counters().increment(Counter.ICMP_ERRORS_RECEIVED);
    }

    private void send(PacketView packet, ByteBuf frame, Peer peer, long nowNs) {
        peer.sendTo(socket, packet, frame, peer.peerHi, peer.peerLo, peer.peerPort, nowNs);
        if (!joined) {
            joined = true;
            udp.nat.batch().join(this);
        }
    }

    @Override
    public void onBatchEnd(long nowNs) {
        joined = false;
        if (!closed) {
            socket.flush();
        }
    }

    /// Closes the socket and ends the flows of its peers, which cannot answer without it.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (Flow flow : udp.nat.flows().snapshot()) {
            if (flow instanceof Peer peer && peer.rule == this) {
                peer.remove();
            }
        }
        socket.flush();
        socket.close();
    }

    /// One host peer of the rule.
    private static final class Peer extends UdpMapping {
        private final UdpForward rule;
        private final long peerHi;
        private final long peerLo;
        private final int peerPort;

        Peer(UdpForward rule, long peerHi, long peerLo, int peerPort, int farPort, long nowNs) {
            super(rule.udp, rule.guest.hi(), rule.guest.lo(), rule.gateway().hi(), rule.gateway().lo(), ports(rule.guestPort, farPort),
                    nowNs);
            this.rule = rule;
            this.peerHi = peerHi;
            this.peerLo = peerLo;
            this.peerPort = peerPort;
        }

        boolean is(UdpForward rule, long hi, long lo, int port) {
            return this.rule == rule && peerLo == lo && peerPort == port && peerHi == hi;
        }

        @Override
        void send(PacketView packet, ByteBuf frame, long nowNs) {
            rule.send(packet, frame, this, nowNs);
        }

        @Override
        void onFlush(long nowNs) {
            // The rule's socket is flushed by the rule.
        }

        @Override
        void onRemoved() {
            udp.nat.counters().increment(Counter.UDP_FLOWS_CLOSED);
        }
    }
}
