package dev.jslirp.wire;

/// The decoded view of the packet in hand: a register file, not an object with invariants.
///
/// Exactly one instance per `GuestNetwork`, overwritten by every frame; never stored, never captured.
/// Each `decode` of this package fills its own layer's fields and guarantees that the offsets and
/// lengths it wrote lie inside the buffer, so later readers need no checks. Fields of layers that the
/// packet does not have are stale.
public final class PacketView {
    /// Offload state the frame came with, see [Offload].
    public long offload;

    // Ethernet
    /// Source and destination address, 48 bits.
    public long srcMac, dstMac;
    /// EtherType.
    public int etherType;

    // IP
    /// First byte of the IP header in the buffer.
    public int l3Offset;
    /// IP header bytes, options included.
    public int l3HeaderLength;
    /// IP total length: header and everything behind it.
    public int l3Length;
    /// IP protocol of the payload.
    public int protocol;
    /// TTL or hop limit.
    public int ttl;
    /// DSCP and ECN.
    public int trafficClass;
    /// IPv4 identification.
    public int identification;
    /// IPv4 "don't fragment".
    public boolean dontFragment;
    /// IPv4 "more fragments".
    public boolean moreFragments;
    /// Fragment offset in bytes.
    public int fragmentOffset;
    /// Source address, see [IpAddress].
    public long srcHi, srcLo;
    /// Destination address.
    public long dstHi, dstLo;

    // Transport
    /// First byte of the transport header in the buffer.
    public int l4Offset;
    /// Transport header and payload, bytes.
    public int l4Length;
    /// TCP and UDP ports.
    public int srcPort, dstPort;
    /// First payload byte in the buffer.
    public int payloadOffset;
    /// Payload bytes.
    public int payloadLength;

    // TCP
    /// Sequence and acknowledgement number.
    public int seq, ack;
    /// The 16-bit window field, not scaled.
    public int window;
    /// `TcpHeader.FIN` … `TcpHeader.CWR`.
    public int flags;
    /// Urgent pointer, 0 without `TcpHeader.URG`.
    public int urgentPointer;
    /// TCP options.
    public final TcpOptions options = new TcpOptions();

    // ICMP
    /// ICMP type and code.
    public int icmpType, icmpCode;
    /// Echo identifier and sequence number.
    public int icmpId, icmpSeq;

    /// Whether this IPv4 packet is a fragment.
    public boolean isFragment() {
        return moreFragments || fragmentOffset != 0;
    }

    /// Whether all `TcpHeader` flags in `mask` are set.
    public boolean hasFlags(int mask) {
        return (flags & mask) == mask;
    }

    /// Length in sequence space: payload plus SYN plus FIN (RFC 9293 §3.4).
    public int seqLength() {
        return payloadLength + (flags & TcpHeader.SYN) / TcpHeader.SYN + (flags & TcpHeader.FIN);
    }
}
