package dev.jslirp.net;

import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// Placeholder: the only way to the guest. Writes Ethernet and IP headers, computes or offloads
/// checksums, fragments, resolves the next hop.
public final class FrameOutput {
    /// Largest TCP payload one call of [#tcp] may carry.
    public int maxTcpPayload() {
        return 0;
    }

    /// Sends one TCP segment (a super-segment when `segment.gsoSize != 0`). **Borrows** everything.
    public void tcp(long srcHi, long srcLo, int srcPort, long dstHi, long dstLo, int dstPort, OutboundSegment segment, long nowNs) {}

    /// Sends one UDP datagram, in fragments where it must. **Borrows** `payload`.
    public void udp(long srcHi, long srcLo, int srcPort, long dstHi, long dstLo, int dstPort, ByteBuf payload, int index,
            int length, long nowNs) {}

    /// As [#udp], to a station that has no address yet (DHCP, RFC 2131 §4.1): no neighbour is looked up.
    public void udpToStation(long dstMac, long srcLo, int srcPort, long dstLo, int dstPort, ByteBuf payload, int index, int length) {}

    /// Sends an ICMP echo reply. **Borrows** `data`.
    public void echoReply(long srcHi, long srcLo, long dstHi, long dstLo, int id, int sequence, int ttl, ByteBuf data, int index,
            int length, long nowNs) {}

    /// Answers the packet in hand with an ICMP error that quotes it (RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3.2.7),
    /// from the gateway's address, rate-limited; not for errors, fragments other than the first, or group
    /// addresses. **Borrows** `frame`.
    public void icmpError(PacketView offending, ByteBuf frame, int type, int code, int rest, long nowNs) {}

    /// Sends an ICMP error that quotes a packet no longer at hand: an IPv4 header of the given addresses, and
    /// the first 8 bytes of a transport header. Rate-limited.
    ///
    /// @param fromHi, fromLo who reports the error (the gateway, or a router the host heard from)
    public void icmpErrorFor(long fromHi, long fromLo, long srcHi, long srcLo, long dstHi, long dstLo, int protocol,
            long transportHeader, int type, int code, int rest, long nowNs) {}
}
