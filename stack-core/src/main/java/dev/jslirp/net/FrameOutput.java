package dev.jslirp.net;

import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.Checksum;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.Payload;
import dev.jslirp.wire.TcpHeader;
import dev.jslirp.wire.UdpHeader;
import io.netty.buffer.ByteBuf;
import java.util.random.RandomGenerator;

/// The only way of IP packets to the guest. Writes Ethernet and IP headers, computes or offloads
/// checksums, fragments, resolves the next hop.
///
/// Payload is referenced, never copied, unless the packet must wait for its next hop. Packets to a known
/// neighbour allocate nothing.
public final class FrameOutput {
    /// Most payload a UDP datagram over IPv4 can have.
    public static final int MAX_UDP_PAYLOAD = Ipv4Header.MAX_TOTAL_LENGTH - Ipv4Header.MIN_LENGTH - UdpHeader.LENGTH;

    private static final int L3 = EthernetHeader.LENGTH;
    private static final int L4 = L3 + Ipv4Header.MIN_LENGTH;
    /// TTL of packets the gateway makes (RFC 1700, "IP TIME TO LIVE PARAMETER").
    private static final int TTL = 64;
    /// RFC 1812 §4.3.2.3: as much of the packet as fits without the error exceeding 576 bytes.
    private static final int ICMP_ERROR_MAX = 576;
    /// What comes before the quoted packet of an error, or the data of an echo.
    private static final int ICMP_HEADERS = Ipv4Header.MIN_LENGTH + IcmpHeader.LENGTH;
    /// Bytes of transport header an error quotes at least (RFC 792).
    private static final int QUOTED_TRANSPORT = 8;

    private final GuestLink link;
    private final AddressPlan plan;
    private final NeighborTable neighbors;
    private final Counters counters;
    private final TokenBucket icmpErrors;
    private final int mtuBytes;
    private final int superFrameBytes;
    private final boolean checksumOffload;
    private final boolean tcpSegmentation;
    private final boolean udpSegmentation;
    /// Identification of the next packet that may be fragmented; packets with DF carry 0 (RFC 6864 §4.1).
    private int identification;

    /// An output to `link`; `random` seeds the IP identification.
    public FrameOutput(GuestLink link, AddressPlan plan, NetConfig config, NeighborTable neighbors, Counters counters,
            RandomGenerator random) {
        this.link = link;
        this.plan = plan;
        this.neighbors = neighbors;
        this.counters = counters;
        this.icmpErrors = new TokenBucket(config.icmpErrorsPerSecond(), config.icmpErrorBurst());
        this.mtuBytes = link.capabilities().mtuBytes();
        LinkCapabilities capabilities = link.capabilities();
        this.superFrameBytes = capabilities.tcpSegmentation() || capabilities.udpSegmentation() ? capabilities.maxFrameBytes() : 0;
        this.tcpSegmentation = capabilities.tcpSegmentation();
        this.udpSegmentation = capabilities.udpSegmentation();
        this.checksumOffload = capabilities.checksumOffload();
        this.identification = random.nextInt();
    }

    /// Largest TCP payload one call of [#tcp] may carry. On a link with TSO, whatever the options; on others a
    /// segment without options, from which the caller subtracts those it sends.
    public int maxTcpPayload() {
        if (!tcpSegmentation) {
            return mtuBytes - Ipv4Header.MIN_LENGTH - TcpHeader.MIN_LENGTH;
        }
        int packetBytes = Math.min(superFrameBytes - L3, Ipv4Header.MAX_TOTAL_LENGTH);
        return packetBytes - Ipv4Header.MIN_LENGTH - TcpHeader.MAX_LENGTH;
    }

    /// Sends one TCP segment (a super-segment when `segment.gsoSize != 0`). **Borrows** everything.
    public void tcp(long srcHi, long srcLo, int srcPort, long dstHi, long dstLo, int dstPort, OutboundSegment segment, long nowNs) {
        // First of all: a look-up may send an ARP request through the same frame.
        long mac = neighbors.find(dstHi, dstLo, nowNs);
        OutboundFrame out = link.begin(L4);
        ByteBuf header = out.header;
        int tcpLength = TcpHeader.write(header, L4, srcPort, dstPort, segment);
        header.writerIndex(L4 + tcpLength);
        Payload payload = segment.payload;
        for (int i = 0; i < payload.parts(); i++) {
            out.payload.add(payload.buffer(i), payload.index(i), payload.length(i));
        }
        int length = tcpLength + payload.length();
        boolean cut = segment.gsoSize != 0 && payload.length() > segment.gsoSize;
        assert length + L4 <= (cut ? superFrameBytes : mtuBytes + L3) : "segment of " + length + " bytes, cut: " + cut;
        long sum = Checksum.pseudoHeader(srcHi, srcLo, dstHi, dstLo, Ipv4Header.TCP, length);
        if (checksumOffload) {
            header.setShort(L4 + TcpHeader.CHECKSUM, Checksum.fold(sum));
            out.offload = Offload.pack(Offload.NEEDS_CSUM, cut ? Offload.GSO_TCPV4 : Offload.GSO_NONE, cut ? segment.gsoSize : 0,
                    L4 + tcpLength, L4, TcpHeader.CHECKSUM);
        } else {
            // The header's length is even, so the payload's sum needs no swap.
            sum += Checksum.sum(header, L4, tcpLength) + Checksum.sum(payload);
            header.setShort(L4 + TcpHeader.CHECKSUM, ~Checksum.fold(sum));
        }
        Ipv4Header.write(header, L3, 0, Ipv4Header.MIN_LENGTH + length, 0, Ipv4Header.DONT_FRAGMENT, TTL, Ipv4Header.TCP,
                (int) srcLo, (int) dstLo);
        transmit(mac, dstHi, dstLo, nowNs);
    }

    /// Sends one UDP datagram, in fragments where it must; above [#MAX_UDP_PAYLOAD] it is dropped. **Borrows** `payload`.
    public void udp(long srcHi, long srcLo, int srcPort, long dstHi, long dstLo, int dstPort, ByteBuf payload, int index,
            int length, long nowNs) {
        datagram(neighbors.find(dstHi, dstLo, nowNs), srcLo, srcPort, dstHi, dstLo, dstPort, payload, index, length, nowNs);
    }

    /// Sends a run of UDP datagrams, `segmentBytes` each but for the last, which may be shorter: in one super-frame where the link takes
    /// it. **Borrows** `payload`.
    public void udpRun(long srcHi, long srcLo, int srcPort, long dstHi, long dstLo, int dstPort, ByteBuf payload, int index, int length,
            int segmentBytes, long nowNs) {
        boolean oneFrame = udpSegmentation && length > segmentBytes && length <= MAX_UDP_PAYLOAD
                && L4 + UdpHeader.LENGTH + length <= superFrameBytes && Ipv4Header.MIN_LENGTH + UdpHeader.LENGTH + segmentBytes <= mtuBytes;
        if (oneFrame) {
            superDatagram(srcLo, srcPort, dstHi, dstLo, dstPort, payload, index, length, segmentBytes, nowNs);
            return;
        }
        for (int at = 0; at < length; at += segmentBytes) {
            udp(srcHi, srcLo, srcPort, dstHi, dstLo, dstPort, payload, index + at, Math.min(segmentBytes, length - at), nowNs);
        }
    }

    private void superDatagram(long srcLo, int srcPort, long dstHi, long dstLo, int dstPort, ByteBuf payload, int index, int length,
            int segmentBytes, long nowNs) {
        long mac = neighbors.find(dstHi, dstLo, nowNs);
        OutboundFrame out = link.begin(L4 + UdpHeader.LENGTH);
        int udpLength = UdpHeader.LENGTH + length;
        long sum = Checksum.pseudoHeader(0, srcLo, dstHi, dstLo, Ipv4Header.UDP, udpLength);
        UdpHeader.write(out.header, L4, srcPort, dstPort, udpLength, Checksum.fold(sum));
        out.offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_UDP_L4, segmentBytes, L4 + UdpHeader.LENGTH, L4, UdpHeader.CHECKSUM);
        out.payload.add(payload, index, length);
        Ipv4Header.write(out.header, L3, 0, Ipv4Header.MIN_LENGTH + udpLength, nextIdentification(), 0, TTL, Ipv4Header.UDP,
                (int) srcLo, (int) dstLo);
        // The datagrams it is cut into are numbered upwards from the first.
        identification += (length - 1) / segmentBytes;
        transmit(mac, dstHi, dstLo, nowNs);
    }

    /// As [#udp], to a station that has no address yet (DHCP, RFC 2131 §4.1): no neighbour is looked up.
    public void udpToStation(long dstMac, long srcLo, int srcPort, long dstLo, int dstPort, ByteBuf payload, int index, int length) {
        datagram(dstMac, srcLo, srcPort, 0, dstLo, dstPort, payload, index, length, 0);
    }

    private void datagram(long mac, long srcLo, int srcPort, long dstHi, long dstLo, int dstPort, ByteBuf payload, int index,
            int length, long nowNs) {
        if (length > MAX_UDP_PAYLOAD) {
            counters.drop(DropReason.TOO_BIG);
            return;
        }
        OutboundFrame out = link.begin(L4 + UdpHeader.LENGTH);
        int udpLength = UdpHeader.LENGTH + length;
        UdpHeader.write(out.header, L4, srcPort, dstPort, udpLength, 0);
        long sum = Checksum.pseudoHeader(0, srcLo, dstHi, dstLo, Ipv4Header.UDP, udpLength);
        if (checksumOffload && Ipv4Header.MIN_LENGTH + udpLength <= mtuBytes) {
            out.header.setShort(L4 + UdpHeader.CHECKSUM, Checksum.fold(sum));
            out.offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, L4 + UdpHeader.LENGTH, L4, UdpHeader.CHECKSUM);
        } else {
            sum += Checksum.sum(out.header, L4, UdpHeader.LENGTH) + Checksum.sum(payload, index, length);
            int checksum = ~Checksum.fold(sum) & 0xffff;
            // RFC 768: a computed 0 is sent as all ones, since 0 means "none".
            out.header.setShort(L4 + UdpHeader.CHECKSUM, checksum == 0 ? 0xffff : checksum);
        }
        packet(mac, Ipv4Header.UDP, TTL, srcLo, dstHi, dstLo, payload, index, length, nowNs);
    }

    /// Sends an ICMP echo reply, in fragments where it must; what no packet can hold is dropped. **Borrows** `data`.
    public void echoReply(long srcHi, long srcLo, long dstHi, long dstLo, int id, int sequence, int ttl, ByteBuf data, int index,
            int length, long nowNs) {
        if (length > Ipv4Header.MAX_TOTAL_LENGTH - ICMP_HEADERS) {
            counters.drop(DropReason.TOO_BIG);
            return;
        }
        long mac = neighbors.find(dstHi, dstLo, nowNs);
        OutboundFrame out = link.begin(L4 + IcmpHeader.LENGTH);
        IcmpHeader.write(out.header, L4, IcmpHeader.ECHO_REPLY, 0, id << 16 | sequence & 0xffff);
        long sum = Checksum.sum(out.header, L4, IcmpHeader.LENGTH) + Checksum.sum(data, index, length);
        out.header.setShort(L4 + IcmpHeader.CHECKSUM, ~Checksum.fold(sum));
        packet(mac, Ipv4Header.ICMP, ttl, srcLo, dstHi, dstLo, data, index, length, nowNs);
    }

    /// Answers the packet in hand with an ICMP error that quotes it (RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3.2.7),
    /// from the gateway's address, rate-limited; not for errors, fragments other than the first, or group
    /// addresses. **Borrows** `frame`.
    public void icmpError(PacketView offending, ByteBuf frame, int type, int code, int rest, long nowNs) {
        if (mayBeAnswered(offending, frame)) {
            icmpErrorQuoting(frame, offending.l3Offset, offending.l3Length, offending.srcHi, offending.srcLo, type, code, rest, nowNs);
        }
    }

    /// Whether the packet in hand may be answered by an ICMP error at all. **Borrows** `frame`.
    boolean mayBeAnswered(PacketView view, ByteBuf frame) {
        // RFC 1122 §3.2.2: no errors about group destinations of either layer, later fragments, or sources that are no single host.
        Destination destination = plan.destination(view.dstHi, view.dstLo);
        if (destination == Destination.BROADCAST || destination == Destination.MULTICAST || MacAddress.isGroup(view.dstMac)
                || view.fragmentOffset != 0 || !plan.isGuest(view.srcHi, view.srcLo)) {
            return false;
        }
        // RFC 1122 §3.2.2: nor about ICMP errors.
        return view.protocol != Ipv4Header.ICMP || view.l4Length > 0 && !isIcmpError(frame.getUnsignedByte(view.l4Offset));
    }

    private static boolean isIcmpError(int type) {
        return switch (type) {
            case IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.TIME_EXCEEDED, IcmpHeader.PARAMETER_PROBLEM -> true;
            // Source quench (RFC 6633) and redirect.
            case 4, 5 -> true;
            default -> false;
        };
    }

    /// Sends an error about the packet of `length` bytes at `index`. Rate-limited. **Borrows** `packet`.
    void icmpErrorQuoting(ByteBuf packet, int index, int length, long dstHi, long dstLo, int type, int code, int rest, long nowNs) {
        if (!takeErrorToken(nowNs)) {
            return;
        }
        long mac = neighbors.find(dstHi, dstLo, nowNs);
        OutboundFrame out = link.begin(L4 + IcmpHeader.LENGTH);
        int quoted = Math.min(length, Math.min(ICMP_ERROR_MAX, mtuBytes) - ICMP_HEADERS);
        IcmpHeader.write(out.header, L4, type, code, rest);
        long sum = Checksum.sum(out.header, L4, IcmpHeader.LENGTH) + Checksum.sum(packet, index, quoted);
        out.header.setShort(L4 + IcmpHeader.CHECKSUM, ~Checksum.fold(sum));
        packet(mac, Ipv4Header.ICMP, TTL, plan.gateway().lo(), dstHi, dstLo, packet, index, quoted, nowNs);
        counters.increment(Counter.ICMP_ERRORS_SENT);
    }

    /// Sends an ICMP error that quotes a packet no longer at hand: an IPv4 header of the given addresses, and
    /// the first 8 bytes of a transport header. Rate-limited.
    ///
    /// @param fromHi, fromLo who reports the error (the gateway, or a router the host heard from)
    /// @param srcHi, srcLo   the guest that sent the packet, and gets the error
    /// @param transportHeader the 8 bytes, first byte most significant
    public void icmpErrorFor(long fromHi, long fromLo, long srcHi, long srcLo, long dstHi, long dstLo, int protocol,
            long transportHeader, int type, int code, int rest, long nowNs) {
        if (!takeErrorToken(nowNs)) {
            return;
        }
        long mac = neighbors.find(srcHi, srcLo, nowNs);
        int quote = L4 + IcmpHeader.LENGTH;
        int quotedLength = Ipv4Header.MIN_LENGTH + QUOTED_TRANSPORT;
        OutboundFrame out = link.begin(quote + quotedLength);
        IcmpHeader.write(out.header, L4, type, code, rest);
        Ipv4Header.write(out.header, quote, 0, quotedLength, 0, Ipv4Header.DONT_FRAGMENT, TTL, protocol, (int) srcLo, (int) dstLo);
        out.header.setLong(quote + Ipv4Header.MIN_LENGTH, transportHeader);
        int icmpLength = IcmpHeader.LENGTH + quotedLength;
        out.header.setShort(L4 + IcmpHeader.CHECKSUM, Checksum.of(out.header, L4, icmpLength));
        Ipv4Header.write(out.header, L3, 0, Ipv4Header.MIN_LENGTH + icmpLength, nextIdentification(), 0, TTL, Ipv4Header.ICMP,
                (int) fromLo, (int) srcLo);
        transmit(mac, srcHi, srcLo, nowNs);
        counters.increment(Counter.ICMP_ERRORS_SENT);
    }

    private boolean takeErrorToken(long nowNs) {
        if (icmpErrors.take(nowNs)) {
            return true;
        }
        counters.increment(Counter.ICMP_ERRORS_RATE_LIMITED);
        return false;
    }

    /// Sends the transport header that stands behind [#L4] in the frame, and the given bytes, in one packet or several.
    private void packet(long mac, int protocol, int ttl, long srcLo, long dstHi, long dstLo, ByteBuf data, int index, int length,
            long nowNs) {
        ByteBuf header = link.frame.header;
        int transportHeader = header.writerIndex() - L4;
        int total = transportHeader + length;
        int id = nextIdentification();
        boolean whole = Ipv4Header.MIN_LENGTH + total <= mtuBytes;
        // RFC 791 §3.2: fragments begin at multiples of 8 bytes.
        int step = whole ? total : mtuBytes - Ipv4Header.MIN_LENGTH & ~7;
        for (int at = 0; at < total; at += step) {
            // Only the first fragment carries the transport header; the others are bare IP headers.
            int head = at == 0 ? transportHeader : 0;
            int chunk = Math.min(step, total - at);
            int more = at + chunk < total ? Ipv4Header.MORE_FRAGMENTS : 0;
            header.writerIndex(L4 + head);
            link.frame.payload.clear();
            if (chunk > head) {
                link.frame.payload.add(data, index + at + head - transportHeader, chunk - head);
            }
            Ipv4Header.write(header, L3, 0, Ipv4Header.MIN_LENGTH + chunk, id, more | at / 8, ttl, protocol, (int) srcLo, (int) dstLo);
            transmit(mac, dstHi, dstLo, nowNs);
            if (!whole) {
                counters.increment(Counter.FRAGMENTS_SENT);
            }
        }
    }

    private int nextIdentification() {
        return identification++ & 0xffff;
    }

    private void transmit(long mac, long dstHi, long dstLo, long nowNs) {
        EthernetHeader.write(link.frame.header, 0, mac, plan.gatewayMac().bits(), EthernetHeader.TYPE_IPV4);
        if (mac == -1) {
            neighbors.hold(dstHi, dstLo, link.frame, nowNs);
        } else {
            link.transmit();
        }
    }
}
