package dev.jslirp.nat;

import dev.jslirp.host.HostEcho;
import dev.jslirp.host.HostEchoListener;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// One ICMP identifier of a guest towards one destination, and its host socket. The identifier stands in the key where
/// TCP and UDP have the guest's port.
final class EchoFlow extends Flow implements HostEchoListener {
    private final IcmpEchoNat echo;
    private HostEcho socket;
    private long activeNs;

    EchoFlow(IcmpEchoNat echo, PacketView first, long nowNs) {
        super(echo.nat, first.srcHi, first.srcLo, first.dstHi, first.dstLo, ports(first.icmpId, 0), Ipv4Header.ICMP);
        this.echo = echo;
        activeNs = nowNs;
    }

    void opened(HostEcho socket) {
        this.socket = socket;
        arm(activeNs + echo.nat.config().echoIdleNs());
    }

    void request(PacketView packet, ByteBuf frame, long nowNs) {
        active(nowNs);
        echo.nat.counters().increment(Counter.ECHO_FORWARDED);
        // RFC 1812 §5.3.1: the gateway is a hop, or traceroute would miss the host's own router.
        socket.request(packet.icmpSeq, packet.ttl - 1, frame, packet.payloadOffset, packet.payloadLength);
    }

    private void active(long nowNs) {
        activeNs = nowNs;
        list.touch(this);
    }

    @Override
    public void onReply(int sequence, int ttl, ByteBuf data) {
        long nowNs = echo.nat.batch().begin();
        if (isRemoved()) {
            return;
        }
        active(nowNs);
        echo.nat.counters().increment(Counter.ECHO_REPLIED);
        echo.nat.output().echoReply(farHi, farLo, guestHi, guestLo, guestPort(), sequence, ttl, data, data.readerIndex(),
                data.readableBytes(), nowNs);
    }

    @Override
    public void onError(int sequence, int type, int code, long offenderHi, long offenderLo) {
        long nowNs = echo.nat.batch().begin();
        if (isRemoved()) {
            return;
        }
        echo.nat.counters().increment(Counter.ICMP_ERRORS_RECEIVED);
        // The first 8 bytes of the guest's request: type, code, checksum (not kept, and nobody checks it in a quote), id, sequence.
        long header = (long) IcmpHeader.ECHO_REQUEST << 56 | (long) guestPort() << 16 | sequence & 0xffff;
        echo.nat.output().icmpErrorFor(offenderHi, offenderLo, guestHi, guestLo, farHi, farLo, Ipv4Header.ICMP, header, type, code, 0,
                nowNs);
    }

    @Override
    void onTimer(long nowNs) {
        long idleAtNs = activeNs + echo.nat.config().echoIdleNs();
        if (nowNs - idleAtNs >= 0) {
            remove();
        } else {
            arm(idleAtNs);
        }
    }

    @Override
    void onFlush(long nowNs) {
        // Requests leave at once.
    }

    @Override
    void onRemoved() {
        if (socket != null) {
            socket.close();
        }
        echo.nat.counters().increment(Counter.ECHO_FLOWS_CLOSED);
    }

    @Override
    void shutDown(long nowNs) {
        remove();
    }
}
