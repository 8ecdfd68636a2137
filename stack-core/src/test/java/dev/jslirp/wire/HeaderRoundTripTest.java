package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.BeforeEach;

/// What is written is read back, for random values of all fields, at random places of a buffer.
class HeaderRoundTripTest {
    private static final int TIMES = 200;

    private final PacketView view = new PacketView();
    private Random random;

    @BeforeEach
    void seed(RepetitionInfo repetition) {
        random = new Random(repetition.getCurrentRepetition());
    }

    @RepeatedTest(TIMES)
    void ethernet() {
        long dst = random.nextLong() & MacAddress.BROADCAST;
        long src = random.nextLong() & ~0x0100_0000_0000L & MacAddress.BROADCAST;
        int type = random.nextInt(0x1_0000);
        int off = random.nextInt(9);
        ByteBuf buf = Unpooled.wrappedBuffer(new byte[off + EthernetHeader.LENGTH]);
        EthernetHeader.write(buf, off, dst, src, type);
        assertEquals(DropReason.NONE, EthernetHeader.decode(buf, off, EthernetHeader.LENGTH, view));
        assertEquals(dst, view.dstMac);
        assertEquals(src, view.srcMac);
        assertEquals(type, view.etherType);
    }

    @RepeatedTest(TIMES)
    void arp() {
        int operation = 1 + random.nextInt(2);
        long senderMac = random.nextLong() & MacAddress.BROADCAST;
        long targetMac = random.nextLong() & MacAddress.BROADCAST;
        int senderIp = random.nextInt();
        int targetIp = random.nextInt();
        int off = random.nextInt(9);
        ByteBuf buf = Unpooled.wrappedBuffer(new byte[off + ArpHeader.LENGTH]);
        ArpHeader.write(buf, off, operation, senderMac, senderIp, targetMac, targetIp);
        assertEquals(DropReason.NONE, ArpHeader.check(buf, off, ArpHeader.LENGTH));
        assertEquals(operation, ArpHeader.operation(buf, off));
        assertEquals(senderMac, ArpHeader.senderMac(buf, off));
        assertEquals(senderIp, ArpHeader.senderIp(buf, off));
        assertEquals(targetIp, ArpHeader.targetIp(buf, off));
        assertEquals(targetMac, buf.getLong(off + 16) & MacAddress.BROADCAST);
    }

    @RepeatedTest(TIMES)
    void ipv4() {
        int payload = random.nextInt(2_000);
        int off = random.nextInt(9);
        int flags = (random.nextBoolean() ? Ipv4Header.DONT_FRAGMENT : 0) | (random.nextBoolean() ? Ipv4Header.MORE_FRAGMENTS : 0);
        int fragment = random.nextInt(0x2000);
        int trafficClass = random.nextInt(256);
        int id = random.nextInt(0x1_0000);
        int ttl = random.nextInt(256);
        int protocol = random.nextInt(256);
        int src = random.nextInt();
        int dst = random.nextInt();
        ByteBuf buf = Unpooled.wrappedBuffer(new byte[off + Ipv4Header.MIN_LENGTH + payload]);
        Ipv4Header.write(buf, off, trafficClass, Ipv4Header.MIN_LENGTH + payload, id, flags | fragment, ttl, protocol, src, dst);
        assertEquals(DropReason.NONE, Ipv4Header.decode(buf, off, Ipv4Header.MIN_LENGTH + payload, view));
        assertEquals(trafficClass, view.trafficClass);
        assertEquals(id, view.identification);
        assertEquals(flags, (view.dontFragment ? Ipv4Header.DONT_FRAGMENT : 0) | (view.moreFragments ? Ipv4Header.MORE_FRAGMENTS : 0));
        assertEquals(fragment * 8, view.fragmentOffset);
        assertEquals(ttl, view.ttl);
        assertEquals(protocol, view.protocol);
        assertEquals(IpAddress.v4(src), new IpAddress(view.srcHi, view.srcLo));
        assertEquals(IpAddress.v4(dst), new IpAddress(view.dstHi, view.dstLo));
        assertEquals(off, view.l3Offset);
        assertEquals(off + Ipv4Header.MIN_LENGTH, view.l4Offset);
        assertEquals(payload, view.l4Length);
    }

    @RepeatedTest(TIMES)
    void udp() {
        ByteBuf buf = packet(Ipv4Header.UDP, UdpHeader.LENGTH + random.nextInt(200));
        int srcPort = random.nextInt(0x1_0000);
        int dstPort = 1 + random.nextInt(0xffff);
        UdpHeader.write(buf, view.l4Offset, srcPort, dstPort, view.l4Length, 0);
        int sum = transportChecksum(buf);
        buf.setShort(view.l4Offset + UdpHeader.CHECKSUM, sum == 0 ? 0xffff : sum);
        assertEquals(DropReason.NONE, UdpHeader.decode(buf, view));
        assertEquals(srcPort, view.srcPort);
        assertEquals(dstPort, view.dstPort);
        assertEquals(view.l4Length - UdpHeader.LENGTH, view.payloadLength);
        assertEquals(view.l4Offset + UdpHeader.LENGTH, view.payloadOffset);
    }

    @RepeatedTest(TIMES)
    void icmp() {
        ByteBuf buf = packet(Ipv4Header.ICMP, IcmpHeader.LENGTH + random.nextInt(200));
        int type = random.nextInt(256);
        int code = random.nextInt(256);
        int rest = random.nextInt();
        IcmpHeader.write(buf, view.l4Offset, type, code, rest);
        buf.setShort(view.l4Offset + IcmpHeader.CHECKSUM, Checksum.of(buf, view.l4Offset, view.l4Length));
        assertEquals(DropReason.NONE, IcmpHeader.decode(buf, view));
        assertEquals(type, view.icmpType);
        assertEquals(code, view.icmpCode);
        assertEquals(rest, view.icmpId << 16 | view.icmpSeq);
        assertEquals(view.l4Length - IcmpHeader.LENGTH, view.payloadLength);
    }

    @RepeatedTest(TIMES)
    void tcp() {
        OutboundSegment segment = segment();
        int payload = random.nextInt(200);
        ByteBuf header = Unpooled.wrappedBuffer(new byte[TcpHeader.MAX_LENGTH]);
        int srcPort = random.nextInt(0x1_0000);
        int dstPort = random.nextInt(0x1_0000);
        int headerLength = TcpHeader.write(header, 0, srcPort, dstPort, segment);
        ByteBuf buf = packet(Ipv4Header.TCP, headerLength + payload);
        buf.setBytes(view.l4Offset, header, 0, headerLength);
        buf.setShort(view.l4Offset + TcpHeader.CHECKSUM, transportChecksum(buf));
        assertEquals(DropReason.NONE, TcpHeader.decode(buf, view));
        assertEquals(srcPort, view.srcPort);
        assertEquals(dstPort, view.dstPort);
        assertEquals(segment.seq, view.seq);
        assertEquals(segment.ack, view.ack);
        assertEquals(segment.flags, view.flags);
        assertEquals(segment.window, view.window);
        assertEquals(payload, view.payloadLength);
        assertEquals(view.l4Offset + headerLength, view.payloadOffset);
        assertOptions(segment, view.options);
    }

    private static void assertOptions(OutboundSegment written, TcpOptions read) {
        assertEquals(written.mss, read.mss);
        assertEquals(written.windowScale, read.windowScale);
        assertEquals(written.sackPermitted, read.sackPermitted);
        assertEquals(written.timestamps, read.timestamps);
        assertEquals(written.timestamps ? written.tsVal : 0, read.tsVal);
        assertEquals(written.timestamps ? written.tsEcr : 0, read.tsEcr);
        assertEquals(written.sackBlocks, read.sackBlocks);
        for (int i = 0; i < 2 * written.sackBlocks; i++) {
            assertEquals(written.sack[i], read.sack[i]);
        }
    }

    private OutboundSegment segment() {
        OutboundSegment segment = new OutboundSegment();
        segment.clear();
        segment.seq = random.nextInt();
        segment.ack = random.nextInt();
        segment.flags = random.nextInt(256);
        segment.window = random.nextInt(0x1_0000);
        segment.timestamps = random.nextBoolean();
        segment.tsVal = random.nextInt();
        segment.tsEcr = random.nextInt();
        if (random.nextBoolean()) {
            segment.mss = random.nextInt(0x1_0000);
            segment.windowScale = random.nextInt(16) - 1;
            segment.sackPermitted = random.nextBoolean();
        } else {
            segment.sackBlocks = random.nextInt(segment.timestamps ? 4 : 5);
            for (int i = 0; i < 2 * segment.sackBlocks; i++) {
                segment.sack[i] = random.nextInt();
            }
        }
        return segment;
    }

    /// A buffer that ends with an IPv4 packet of random payload, decoded into `view`.
    private ByteBuf packet(int protocol, int l4Length) {
        int off = random.nextInt(9);
        int total = Ipv4Header.MIN_LENGTH + l4Length;
        byte[] bytes = new byte[off + total];
        random.nextBytes(bytes);
        ByteBuf buf = Unpooled.wrappedBuffer(bytes);
        Ipv4Header.write(buf, off, 0, total, 1, 0, 64, protocol, random.nextInt(), random.nextInt());
        assertEquals(DropReason.NONE, Ipv4Header.decode(buf, off, total, view));
        return buf;
    }

    private int transportChecksum(ByteBuf buf) {
        long pseudo = Checksum.pseudoHeader(view.srcHi, view.srcLo, view.dstHi, view.dstLo, view.protocol, view.l4Length);
        return ~Checksum.fold(pseudo + Checksum.sum(buf, view.l4Offset, view.l4Length)) & 0xffff;
    }
}
