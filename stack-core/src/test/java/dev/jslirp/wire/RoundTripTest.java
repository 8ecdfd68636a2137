package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.testkit.SlowChecksum;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// decode(encode(x)) = x for every header of the frame path, with random fields.
class RoundTripTest {
    private static final int ROUNDS = 2_000;
    private final SplittableRandom random = new SplittableRandom(1);
    private final PacketView view = new PacketView();

    private int bits(int count) {
        return (int) (random.nextLong() & (1L << count) - 1);
    }

    @Test
    void ethernet() {
        for (int i = 0; i < ROUNDS; i++) {
            long destination = random.nextLong() >>> 16;
            long source = random.nextLong() >>> 16 & ~0x0100_0000_0000L;
            int type = bits(16);
            ByteBuf frame = Unpooled.buffer(17, 17);
            EthernetHeader.write(frame, 3, destination, source, type);
            assertEquals(DropReason.NONE, EthernetHeader.decode(frame, 3, EthernetHeader.LENGTH, view));
            assertEquals(destination, view.dstMac);
            assertEquals(source, view.srcMac);
            assertEquals(type, view.etherType);
        }
    }

    @Test
    void arp() {
        for (int i = 0; i < ROUNDS; i++) {
            ByteBuf frame = Unpooled.buffer(ArpHeader.LENGTH, ArpHeader.LENGTH);
            int operation = 1 + bits(1);
            long senderMac = random.nextLong() >>> 16;
            int sender = random.nextInt();
            int target = random.nextInt();
            ArpHeader.write(frame, 0, operation, senderMac, sender, random.nextLong() >>> 16, target);
            assertEquals(DropReason.NONE, ArpHeader.check(frame, 0, ArpHeader.LENGTH));
            assertEquals(operation, ArpHeader.operation(frame, 0));
            assertEquals(senderMac, ArpHeader.senderMac(frame, 0));
            assertEquals(sender, ArpHeader.senderIp(frame, 0));
            assertEquals(target, ArpHeader.targetIp(frame, 0));
        }
    }

    @Test
    void ipv4() {
        for (int i = 0; i < ROUNDS; i++) {
            int payload = bits(8);
            int length = Ipv4Header.MIN_LENGTH + payload;
            ByteBuf frame = Unpooled.buffer(length, length);
            int trafficClass = bits(8);
            int identification = bits(16);
            int flagsAndOffset = bits(15);
            int ttl = bits(8);
            int protocol = bits(8);
            int source = random.nextInt();
            int destination = random.nextInt();
            Ipv4Header.write(frame, 0, trafficClass, length, identification, flagsAndOffset, ttl, protocol, source, destination);
            assertEquals(0, SlowChecksum.of(ByteBufUtil.getBytes(frame, 0, Ipv4Header.MIN_LENGTH)));
            assertEquals(DropReason.NONE, Ipv4Header.decode(frame, 0, length, view));
            assertEquals(length, view.l3Length);
            assertEquals(trafficClass, view.trafficClass);
            assertEquals(identification, view.identification);
            assertEquals((flagsAndOffset & Ipv4Header.DONT_FRAGMENT) != 0, view.dontFragment);
            assertEquals((flagsAndOffset & Ipv4Header.MORE_FRAGMENTS) != 0, view.moreFragments);
            assertEquals((flagsAndOffset & 0x1fff) * 8, view.fragmentOffset);
            assertEquals(ttl, view.ttl);
            assertEquals(protocol, view.protocol);
            assertEquals(IpAddress.v4(source), new IpAddress(view.srcHi, view.srcLo));
            assertEquals(IpAddress.v4(destination), new IpAddress(view.dstHi, view.dstLo));
            assertEquals(payload, view.l4Length);
        }
    }

    @Test
    void udp() {
        for (int i = 0; i < ROUNDS; i++) {
            int payload = bits(9);
            ByteBuf frame = packet(UdpHeader.LENGTH + payload, Ipv4Header.UDP);
            int source = bits(16);
            int destination = 1 + random.nextInt(65_535);
            UdpHeader.write(frame, view.l4Offset, source, destination, UdpHeader.LENGTH + payload, 0);
            long pseudo = Checksum.pseudoHeader(view.srcHi, view.srcLo, view.dstHi, view.dstLo, Ipv4Header.UDP, view.l4Length);
            int sum = ~Checksum.fold(pseudo + Checksum.sum(frame, view.l4Offset, view.l4Length)) & 0xffff;
            frame.setShort(view.l4Offset + UdpHeader.CHECKSUM, sum == 0 ? 0xffff : sum);
            assertEquals(DropReason.NONE, UdpHeader.decode(frame, view));
            assertEquals(source, view.srcPort);
            assertEquals(destination, view.dstPort);
            assertEquals(payload, view.payloadLength);
        }
    }

    @Test
    void icmp() {
        for (int i = 0; i < ROUNDS; i++) {
            int payload = bits(9);
            ByteBuf frame = packet(IcmpHeader.LENGTH + payload, Ipv4Header.ICMP);
            int type = bits(8);
            int code = bits(8);
            int rest = random.nextInt();
            IcmpHeader.write(frame, view.l4Offset, type, code, rest);
            frame.setShort(view.l4Offset + IcmpHeader.CHECKSUM, Checksum.of(frame, view.l4Offset, view.l4Length));
            assertEquals(DropReason.NONE, IcmpHeader.decode(frame, view));
            assertEquals(type, view.icmpType);
            assertEquals(code, view.icmpCode);
            assertEquals(rest, view.icmpId << 16 | view.icmpSeq);
            assertEquals(payload, view.payloadLength);
        }
    }

    @Test
    void tcp() {
        OutboundSegment segment = new OutboundSegment();
        for (int i = 0; i < ROUNDS; i++) {
            fill(segment);
            ByteBuf header = Unpooled.buffer(TcpHeader.MAX_LENGTH, TcpHeader.MAX_LENGTH);
            int source = bits(16);
            int destination = bits(16);
            int headerLength = TcpHeader.write(header, 0, source, destination, segment);
            int payload = bits(9);
            ByteBuf frame = packet(headerLength + payload, Ipv4Header.TCP);
            frame.setBytes(view.l4Offset, header, 0, headerLength);
            long pseudo = Checksum.pseudoHeader(view.srcHi, view.srcLo, view.dstHi, view.dstLo, Ipv4Header.TCP, view.l4Length);
            frame.setShort(view.l4Offset + TcpHeader.CHECKSUM, ~Checksum.fold(pseudo + Checksum.sum(frame, view.l4Offset, view.l4Length)));
            assertEquals(DropReason.NONE, TcpHeader.decode(frame, view));
            assertEquals(source, view.srcPort);
            assertEquals(destination, view.dstPort);
            assertEquals(payload, view.payloadLength);
            assertSame(segment);
        }
    }

    private void assertSame(OutboundSegment segment) {
        assertEquals(segment.seq, view.seq);
        assertEquals(segment.ack, view.ack);
        assertEquals(segment.flags, view.flags);
        assertEquals(segment.window, view.window);
        assertEquals(segment.mss, view.options.mss);
        assertEquals(segment.windowScale, view.options.windowScale);
        assertEquals(segment.sackPermitted, view.options.sackPermitted);
        assertEquals(segment.timestamps, view.options.timestamps);
        if (segment.timestamps) {
            assertEquals(segment.tsVal, view.options.tsVal);
            assertEquals(segment.tsEcr, view.options.tsEcr);
        }
        assertEquals(segment.sackBlocks, view.options.sackBlocks);
        assertArrayEquals(java.util.Arrays.copyOf(segment.sack, 2 * segment.sackBlocks),
                java.util.Arrays.copyOf(view.options.sack, 2 * segment.sackBlocks));
    }

    /// Random fields; options as far as the 40 bytes for them reach.
    private void fill(OutboundSegment segment) {
        segment.clear();
        segment.seq = random.nextInt();
        segment.ack = random.nextInt();
        segment.flags = bits(8) & ~TcpHeader.URG;
        segment.window = bits(16);
        boolean syn = random.nextBoolean();
        segment.mss = syn ? 1 + random.nextInt(65_535) : 0;
        segment.windowScale = syn && random.nextBoolean() ? random.nextInt(15) : -1;
        segment.sackPermitted = syn && random.nextBoolean();
        segment.timestamps = random.nextBoolean();
        segment.tsVal = random.nextInt();
        segment.tsEcr = random.nextInt();
        segment.sackBlocks = syn ? 0 : random.nextInt(segment.timestamps ? 4 : 5);
        for (int i = 0; i < segment.sack.length; i++) {
            segment.sack[i] = random.nextInt();
        }
    }

    /// A packet of random payload whose IPv4 header is written and decoded.
    private ByteBuf packet(int l4Length, int protocol) {
        int length = Ipv4Header.MIN_LENGTH + l4Length;
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        ByteBuf frame = Unpooled.wrappedBuffer(bytes);
        Ipv4Header.write(frame, 0, 0, length, 1, 0, 64, protocol, 0x0a00_020f, random.nextInt());
        view.offload = Offload.NONE;
        assertEquals(DropReason.NONE, Ipv4Header.decode(frame, 0, length, view));
        return frame;
    }
}
