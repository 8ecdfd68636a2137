package dev.jslirp.nat;

import dev.jslirp.stats.Counter;
import dev.jslirp.wire.Ipv4Header;
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

    final void countToHost(long nowNs) {
        toHost++;
        active(nowNs);
        udp.nat.counters().increment(Counter.UDP_DATAGRAMS_TO_HOST);
    }

    final void countToGuest(long nowNs) {
        toGuest++;
        active(nowNs);
        udp.nat.counters().increment(Counter.UDP_DATAGRAMS_TO_GUEST);
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
