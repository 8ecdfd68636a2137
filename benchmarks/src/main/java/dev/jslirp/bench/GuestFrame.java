package dev.jslirp.bench;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.wire.Checksum;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.TcpHeader;
import dev.jslirp.wire.UdpHeader;
import io.netty.buffer.ByteBuf;

/// A frame from the guest that is sent again and again with other numbers; its checksum is put right by what changed.
final class GuestFrame {
    static final long GUEST_MAC = 0x5254_0012_3456L;
    static final long GUEST_LO = AddressPlan.defaults().firstLease().lo();
    /// 192.0.2.1.
    static final long FAR_LO = 0xffff_c000_0201L;

    private static final int L3 = EthernetHeader.LENGTH;
    private static final int L4 = L3 + Ipv4Header.MIN_LENGTH;
    private static final int SEQ = L4 + 4;
    private static final int ACK = L4 + 8;

    final ByteBuf bytes;
    /// The sum of everything but sequence and acknowledgement numbers and source port.
    private final long fixedSum;

    private GuestFrame(ByteBuf bytes, long fixedSum) {
        this.bytes = bytes;
        this.fixedSum = fixedSum;
    }

    /// A TCP segment from port 0 with timestamps.
    ///
    /// @param syn with the options of a SYN
    static GuestFrame tcp(int farPort, int flags, boolean syn, int payloadBytes) {
        OutboundSegment segment = new OutboundSegment();
        segment.clear();
        segment.flags = flags;
        segment.window = 0xffff;
        segment.timestamps = true;
        segment.tsVal = 1;
        if (syn) {
            segment.mss = 65_480;
            segment.windowScale = 8;
            segment.sackPermitted = true;
        }
        ByteBuf bytes = BenchmarkBase.ALLOCATOR.directBuffer(L4 + TcpHeader.MAX_LENGTH + payloadBytes);
        int headerLength = TcpHeader.write(bytes, L4, 0, farPort, segment);
        return new GuestFrame(bytes, finish(bytes, Ipv4Header.TCP, headerLength, payloadBytes));
    }

    /// A UDP datagram with a checksum.
    static GuestFrame udp(int guestPort, int farPort, int payloadBytes) {
        ByteBuf bytes = BenchmarkBase.ALLOCATOR.directBuffer(L4 + UdpHeader.LENGTH + payloadBytes);
        UdpHeader.write(bytes, L4, guestPort, farPort, UdpHeader.LENGTH + payloadBytes, 0);
        long sum = finish(bytes, Ipv4Header.UDP, UdpHeader.LENGTH, payloadBytes);
        bytes.setShort(L4 + UdpHeader.CHECKSUM, ~Checksum.fold(sum));
        return new GuestFrame(bytes, sum);
    }

    private static long finish(ByteBuf bytes, int protocol, int headerLength, int payloadBytes) {
        int length = headerLength + payloadBytes;
        for (int i = 0; i < payloadBytes; i++) {
            bytes.setByte(L4 + headerLength + i, i * 31);
        }
        Ipv4Header.write(bytes, L3, 0, Ipv4Header.MIN_LENGTH + length, 0, Ipv4Header.DONT_FRAGMENT, 64, protocol, (int) GUEST_LO,
                (int) FAR_LO);
        EthernetHeader.write(bytes, 0, AddressPlan.DEFAULT_GATEWAY_MAC.bits(), GUEST_MAC, EthernetHeader.TYPE_IPV4);
        bytes.setIndex(0, L4 + length);
        return Checksum.pseudoHeader(0, GUEST_LO, 0, FAR_LO, protocol, length) + Checksum.sum(bytes, L4, length);
    }

    /// Sets what differs from segment to segment.
    GuestFrame with(int guestPort, int seq, int ack) {
        bytes.setShort(L4, guestPort);
        bytes.setInt(SEQ, seq);
        bytes.setInt(ACK, ack);
        long sum = fixedSum + guestPort + (seq & 0xffff_ffffL) + (ack & 0xffff_ffffL);
        bytes.setShort(L4 + TcpHeader.CHECKSUM, ~Checksum.fold(sum));
        return this;
    }
}
