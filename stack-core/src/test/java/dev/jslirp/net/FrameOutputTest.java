package dev.jslirp.net;

import static dev.jslirp.net.NetFixture.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundSegment;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameOutputTest {
    private NetFixture net = new NetFixture().knowGuest();

    @AfterEach
    void nothingIsLeft() {
        net.close();
    }

    private void use(LinkCapabilities capabilities) {
        net.close();
        net = new NetFixture(capabilities, NetConfig.defaults()).knowGuest();
    }

    private static OutboundSegment segment(byte[] payload, int... cuts) {
        OutboundSegment segment = new OutboundSegment();
        segment.clear();
        segment.seq = 0x8000_0001;
        segment.ack = 0xffff_fff0;
        segment.flags = 0x18;
        segment.window = 0xfedc;
        segment.timestamps = true;
        segment.tsVal = 0x1122_3344;
        segment.tsEcr = 0x5566_7788;
        int from = 0;
        for (int cut : cuts) {
            segment.payload.add(Unpooled.wrappedBuffer(payload), from, cut - from);
            from = cut;
        }
        if (from < payload.length) {
            segment.payload.add(Unpooled.wrappedBuffer(payload), from, payload.length - from);
        }
        return segment;
    }

    private void tcp(OutboundSegment segment) {
        net.output.tcp(0, lo(OUTSIDE), 443, 0, lo(GUEST), 1_024, segment, net.nowNs);
    }

    private void udp(byte[] payload) {
        net.output.udp(0, lo(OUTSIDE), 53, 0, lo(GUEST), 1_024, Unpooled.wrappedBuffer(payload), 0, payload.length, net.nowNs);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 100, 1_447, 1_448})
    void segmentIsCompleteWithoutOffload(int length) {
        byte[] payload = pattern(length);
        tcp(segment(payload, length / 3, length / 2));
        assertEquals(0, net.link.sent.peek().offload());
        byte[] packet = checkedIp(net.next(), GUEST_MAC, OUTSIDE, GUEST, 6);
        byte[] transport = Arrays.copyOfRange(packet, 20, packet.length);
        assertEquals(0, slowChecksum(pseudo(OUTSIDE, GUEST, 6, transport)), "TCP checksum");
        ByteBuf fields = Unpooled.wrappedBuffer(packet);
        assertEquals(0x4000, fields.getUnsignedShort(6), "DF");
        assertEquals(0, fields.getUnsignedShort(4), "identification of an atomic packet");
        assertEquals(64, fields.getByte(8));
        assertEquals(443, fields.getUnsignedShort(20));
        assertEquals(1_024, fields.getUnsignedShort(22));
        assertEquals(0x8000_0001, fields.getInt(24));
        assertEquals(0xffff_fff0, fields.getInt(28));
        assertEquals(0x8018_fedc, fields.getInt(32));
        assertArrayEquals(payload, Arrays.copyOfRange(packet, 52, packet.length));
        assertEquals(1, net.counters.get(Counter.FRAMES_TO_GUEST));
        assertEquals(14 + packet.length, net.counters.get(Counter.BYTES_TO_GUEST));
    }

    @Test
    void offloadedSegmentCarriesThePseudoHeadersSumAndWhereToPutTheRest() {
        use(LinkCapabilities.offloading(1_500, false));
        byte[] payload = pattern(1_001);
        tcp(segment(payload, 500));
        RecordingLink.Sent sent = net.link.sent.peek();
        assertEquals(2, sent.payloadParts(), "referenced, not copied");
        assertEquals(Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, 66, 34, 16), sent.offload());
        byte[] packet = checkedIp(net.next(), GUEST_MAC, OUTSIDE, GUEST, 6);
        // What a receiver of such a frame does: sum from csumStart on, the field itself included.
        byte[] transport = Arrays.copyOfRange(packet, 20, packet.length);
        int checksum = slowChecksum(transport);
        transport[16] = (byte) (checksum >> 8);
        transport[17] = (byte) checksum;
        assertEquals(0, slowChecksum(pseudo(OUTSIDE, GUEST, 6, transport)));
    }

    @Test
    void superSegmentIsMarkedForCutting() {
        use(LinkCapabilities.offloading(1_500, false));
        OutboundSegment segment = segment(pattern(net.output.maxTcpPayload()));
        segment.gsoSize = 1_448;
        tcp(segment);
        assertEquals(Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_448, 66, 34, 16), net.link.sent.peek().offload());
        checkedIp(net.next(), GUEST_MAC, OUTSIDE, GUEST, 6);
    }

    @Test
    void superSegmentThatFitsOneSegmentIsAnOrdinaryOne() {
        use(LinkCapabilities.offloading(1_500, false));
        OutboundSegment segment = segment(pattern(1_448));
        segment.gsoSize = 1_448;
        tcp(segment);
        assertEquals(Offload.GSO_NONE, Offload.gsoType(net.link.sent.peek().offload()));
    }

    @Test
    void largestTcpPayloadFollowsTheLink() {
        assertEquals(1_460, net.output.maxTcpPayload());
        use(LinkCapabilities.plain(65_520));
        assertEquals(65_480, net.output.maxTcpPayload());
        use(LinkCapabilities.offloading(1_500, false));
        assertEquals(65_535 - 80, net.output.maxTcpPayload());
        use(new LinkCapabilities(1_500, true, true, false, 16_014));
        assertEquals(16_000 - 80, net.output.maxTcpPayload());
        use(new LinkCapabilities(1_500, true, true, false, 200_000));
        assertEquals(65_535 - 80, net.output.maxTcpPayload());
    }

    @Test
    void datagramsCutFromASuperFrameHaveNumbersOfTheirOwn() {
        use(LinkCapabilities.offloading(1_500, true));
        net.output.udpRun(0, lo(OUTSIDE), 53, 0, lo(GUEST), 1_024, Unpooled.wrappedBuffer(pattern(2_500)), 0, 2_500, 1_000, net.nowNs);
        int first = net.next().getUnsignedShort(18);
        udp(pattern(10));
        assertEquals(first + 3 & 0xffff, net.next().getUnsignedShort(18));
    }

    @Test
    void echoReplyThatNoPacketHoldsIsDropped() {
        net.output.echoReply(0, lo(OUTSIDE), 0, lo(GUEST), 1, 1, 64, Unpooled.buffer().writeZero(65_508), 0, 65_508, net.nowNs);
        net.assertSilent();
        assertEquals(1, net.counters.get(DropReason.TOO_BIG));
        net.output.echoReply(0, lo(OUTSIDE), 0, lo(GUEST), 1, 1, 64, Unpooled.buffer().writeZero(65_507), 0, 65_507, net.nowNs);
        assertEquals(65_515, net.joinFragments(OUTSIDE, GUEST, 1, 1_500).length);
    }

    @ParameterizedTest
    @ValueSource(ints = {68, 576, 1_500, 65_535})
    void datagramOfAnySizeArrivesWholeInFragmentsThatFit(int mtu) {
        use(LinkCapabilities.plain(mtu));
        int[] sizes = {0, 1, 2, 39, 40, 41, 48, 49, 547, 548, 549, 1_471, 1_472, 1_473, 2_952, 2_953, 9_000, 65_506, 65_507};
        for (int size : sizes) {
            byte[] payload = pattern(size);
            udp(payload);
            int frames = net.link.sent.size();
            int step = mtu - 20 & ~7;
            assertEquals(size + 28 <= mtu ? 1 : (size + 8 + step - 1) / step, frames);
            assertArrayEquals(NetFixture.udp(OUTSIDE, 53, GUEST, 1_024, payload), net.joinFragments(OUTSIDE, GUEST, 17, mtu));
        }
    }

    @Test
    void fragmentsAreCountedAndWholeDatagramsAreNot() {
        udp(pattern(1_472));
        assertEquals(0, net.counters.get(Counter.FRAGMENTS_SENT));
        udp(pattern(1_473));
        assertEquals(2, net.counters.get(Counter.FRAGMENTS_SENT));
    }

    @Test
    void datagramNoPacketCanHoldIsDropped() {
        udp(pattern(65_508));
        net.assertSilent();
        assertEquals(1, net.counters.get(DropReason.TOO_BIG));
    }

    @Test
    void datagramIsOffloadedOnlyWhole() {
        use(LinkCapabilities.offloading(1_500, false));
        byte[] payload = pattern(999);
        udp(payload);
        assertEquals(Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, 42, 34, 6), net.link.sent.peek().offload());
        byte[] packet = checkedIp(net.next(), GUEST_MAC, OUTSIDE, GUEST, 17);
        byte[] transport = Arrays.copyOfRange(packet, 20, packet.length);
        int checksum = slowChecksum(transport);
        transport[6] = (byte) (checksum >> 8);
        transport[7] = (byte) checksum;
        assertArrayEquals(NetFixture.udp(OUTSIDE, 53, GUEST, 1_024, payload), transport);
        byte[] large = pattern(3_001);
        udp(large);
        assertTrue(net.link.sent.stream().allMatch(sent -> sent.offload() == 0));
        assertArrayEquals(NetFixture.udp(OUTSIDE, 53, GUEST, 1_024, large), net.joinFragments(OUTSIDE, GUEST, 17, 1_500));
    }

    @Test
    void checksumThatComesOutZeroIsSentAsAllOnes() {
        byte[] payload = new byte[2];
        byte[] probe = NetFixture.udp(OUTSIDE, 53, GUEST, 1_024, payload);
        payload[0] = probe[6];
        payload[1] = probe[7];
        udp(payload);
        assertEquals(0xffff, net.next().getUnsignedShort(40));
    }

    @Test
    void stationWithoutAnAddressIsReachedByItsHardwareAddress() {
        byte[] payload = pattern(300);
        net.output.udpToStation(OTHER_MAC, lo(GATEWAY), 67, lo(-1), 68, Unpooled.wrappedBuffer(payload), 0, 300);
        byte[] packet = checkedIp(net.next(), OTHER_MAC, GATEWAY, -1, 17);
        assertArrayEquals(NetFixture.udp(GATEWAY, 67, -1, 68, payload), Arrays.copyOfRange(packet, 20, packet.length));
    }

    @ParameterizedTest
    @CsvSource({"40, 40", "548, 548", "549, 548", "1400, 548"})
    void errorQuotesAsMuchAsFits(int packetLength, int quoted) {
        byte[] packet = ip(GUEST, OUTSIDE, 99, 64, 1, 0, pattern(packetLength - 20));
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, packet));
        assertArrayEquals(icmp(3, 2, 0, Arrays.copyOf(packet, quoted)), net.nextIcmp(GATEWAY));
    }

    @Test
    void errorNeverExceedsASmallMtu() {
        use(LinkCapabilities.plain(68));
        byte[] packet = ip(GUEST, OUTSIDE, 99, 64, 1, 0, pattern(48));
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, packet));
        assertArrayEquals(icmp(3, 2, 0, Arrays.copyOf(packet, 40)), net.nextIcmp(GATEWAY));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5, 11, 12})
    void errorsAreNotAnsweredByErrors(int type) {
        byte[] packet = ip(GUEST, OUTSIDE, 1, 1, 1, 0, icmp(type, 0, 0, ip(OUTSIDE, GUEST, 17, 64, 1, 0, new byte[8])));
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, packet));
        assertEquals(1, net.counters.get(DropReason.IPV4_TTL));
        net.assertSilent();
    }

    @Test
    void laterFragmentsAndGroupsAreNotAnsweredByErrors() {
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, ip(GUEST, OUTSIDE, 17, 1, 1, 100, pattern(8))));
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, ip(GUEST, NET_BROADCAST, 99, 64, 1, 0, pattern(8))));
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, ip(GUEST, -1, 99, 64, 1, 0, pattern(8))));
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, ip(GUEST, 0xe000_00fb, 99, 64, 1, 0, pattern(8))));
        assertEquals(4, net.counters.drops());
        net.assertSilent();
    }

    @Test
    void firstFragmentIsAnsweredByAnError() {
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, ip(GUEST, OUTSIDE, 17, 1, 1, 0x2000, pattern(16))));
        assertEquals(11, net.nextIcmp(GATEWAY)[0]);
    }

    @Test
    void errorsAreLimitedToABurstThenToARate() {
        byte[] frame = fromGuest(OUTSIDE, 99, pattern(8));
        for (int i = 0; i < 150; i++) {
            net.receive(frame);
        }
        assertEquals(100, net.counters.get(Counter.ICMP_ERRORS_SENT));
        assertEquals(50, net.counters.get(Counter.ICMP_ERRORS_RATE_LIMITED));
        net.nowNs += 10 * MS;
        for (int i = 0; i < 150; i++) {
            net.receive(frame);
        }
        assertEquals(110, net.counters.get(Counter.ICMP_ERRORS_SENT));
        net.nowNs += 3_600 * S;
        for (int i = 0; i < 150; i++) {
            net.receive(frame);
        }
        assertEquals(210, net.counters.get(Counter.ICMP_ERRORS_SENT));
    }

    @Test
    void errorForAPacketNoLongerAtHandQuotesItsHeaders() {
        net.output.icmpErrorFor(0, lo(0xc000_0201), 0, lo(GUEST), 0, lo(OUTSIDE), 17, 0x0400_0035_0010_0000L, 3, 4, 1_400, net.nowNs);
        byte[] quote = Unpooled.buffer().writeLong(0x0400_0035_0010_0000L).array();
        byte[] expected = icmp(3, 4, 1_400, ip(GUEST, OUTSIDE, 17, 64, 0, 0x4000, Arrays.copyOf(quote, 8)));
        assertArrayEquals(expected, net.nextIcmp(0xc000_0201));
        assertEquals(1, net.counters.get(Counter.ICMP_ERRORS_SENT));
    }

    @Test
    void segmentsAndDatagramsToAKnownGuestAllocateNothing() {
        use(LinkCapabilities.plain(1_500));
        net.link.recording = false;
        OutboundSegment segment = segment(pattern(1_448), 700);
        ByteBuf payload = net.allocator.directBuffer(4_000).writeBytes(pattern(4_000));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < 10_000; i++) {
            send(segment, payload);
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 10_000; i++) {
            send(segment, payload);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        // The measurement itself may allocate a little; one object per packet would be 160 000 bytes or more.
        assertTrue(allocated < 10_000, () -> allocated + " bytes allocated");
        assertEquals(20_000 * 4L, net.link.transmitted);
        payload.release();
    }

    private void send(OutboundSegment segment, ByteBuf payload) {
        tcp(segment);
        net.output.udp(0, lo(OUTSIDE), 53, 0, lo(GUEST), 1_024, payload, 0, 4_000, net.nowNs);
    }
}
