package dev.jslirp.nat;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// What the two kinds of UDP flow have in common: activity, idle time, and their place in the list of all UDP flows.
///
/// The timer is armed once and looks at the last activity when it fires, so a datagram costs no timer work.
abstract class UdpMapping extends Flow {
    final UdpNat udp;
    private long activeNs;
    private int toHost;
    private int toGuest;

    UdpMapping(UdpNat udp, long guestHi, long guestLo, long farHi, long farLo, int ports, long nowNs) {
        super(udp.nat, guestHi, guestLo, farHi, farLo, ports, Ipv4Header.UDP);
        this.udp = udp;
        activeNs = nowNs;
    }

    /// A datagram from the guest: on to the host.
    abstract void send(PacketView packet, ByteBuf frame, long nowNs);

    /// Passes what the packet in hand stands for to `socket`: one datagram, or a run of them (USO).
    final void sendTo(HostDatagrams socket, PacketView packet, ByteBuf frame, long hi, long lo, int port, long nowNs) {
        int gsoSize = Offload.gsoSize(packet.offload);
        if (Offload.gsoType(packet.offload) != Offload.GSO_UDP_L4 || gsoSize == 0 || packet.payloadLength <= gsoSize) {
            socket.send(frame, packet.payloadOffset, packet.payloadLength, hi, lo, port);
            countToHost(1, nowNs);
        } else {
            socket.sendRun(frame, packet.payloadOffset, packet.payloadLength, gsoSize, hi, lo, port);
            countToHost(datagrams(packet.payloadLength, gsoSize), nowNs);
        }
    }

    private void countToHost(int datagrams, long nowNs) {
        toHost += datagrams;
        active(nowNs);
        udp.nat.counters().add(Counter.UDP_DATAGRAMS_TO_HOST, datagrams);
    }

    /// Passes a run of datagrams (or a single one) to the guest. **Borrows** `run`.
    final void toGuest(long srcHi, long srcLo, int srcPort, ByteBuf run, int segmentBytes, long nowNs) {
        int length = run.readableBytes();
        if (length <= segmentBytes) {
            countToGuest(1, nowNs);
            udp.nat.output().udp(srcHi, srcLo, srcPort, guestHi, guestLo, guestPort(), run, run.readerIndex(), length, nowNs);
        } else {
            countToGuest(datagrams(length, segmentBytes), nowNs);
            udp.nat.output().udpRun(srcHi, srcLo, srcPort, guestHi, guestLo, guestPort(), run, run.readerIndex(), length, segmentBytes,
                    nowNs);
        }
    }

    private void countToGuest(int datagrams, long nowNs) {
        toGuest += datagrams;
        active(nowNs);
        udp.nat.counters().add(Counter.UDP_DATAGRAMS_TO_GUEST, datagrams);
    }

    private static int datagrams(int length, int segmentBytes) {
        return (length + segmentBytes - 1) / segmentBytes;
    }

    private void active(long nowNs) {
        activeNs = nowNs;
        list.touch(this);
    }

    final void armIdle() {
        arm(activeNs + idleNs());
    }

    private long idleNs() {
        // One query and its answer is not yet a conversation.
        boolean conversation = toHost > 1 && toGuest > 1;
        return conversation ? udp.nat.config().udpIdleNs() : udp.nat.config().udpOneShotIdleNs();
    }

    @Override
    final void onTimer(long nowNs) {
        if (nowNs - activeNs >= idleNs()) {
            remove();
        } else {
            armIdle();
        }
    }

    @Override
    final void shutDown(long nowNs) {
        remove();
    }
}
