package dev.jslirp.net;

import static dev.jslirp.net.NetFixture.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.Offload;
import io.netty.buffer.ByteBuf;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Ipv4InputTest {
    private static final byte[] DATAGRAM = udp(GUEST, 1_024, OUTSIDE, 53, pattern(32));

    private final NetFixture net = new NetFixture();

    @AfterEach
    void nothingIsLeft() {
        net.close();
    }

    private void assertDropped(DropReason reason) {
        assertEquals(1, net.counters.get(reason));
        assertEquals(1, net.counters.drops());
        assertEquals(0, net.nat.size());
    }

    private void receiveIp(byte[] packet) {
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, packet));
    }

    @Test
    void packetToTheOutsideReachesItsHandlerAndTeachesItsSender() {
        byte[] frame = fromGuest(OUTSIDE, 17, DATAGRAM);
        net.receive(frame);
        assertArrayEquals(DATAGRAM, net.nat.getFirst().transport());
        assertEquals(GUEST_MAC, net.neighbors.find(0, lo(GUEST), net.nowNs));
        assertEquals(1, net.counters.get(Counter.FRAMES_FROM_GUEST));
        assertEquals(frame.length, net.counters.get(Counter.BYTES_FROM_GUEST));
        assertEquals(0, net.counters.drops());
    }

    @Test
    void ethernetPaddingIsIgnored() {
        byte[] small = udp(GUEST, 1, OUTSIDE, 2, new byte[1]);
        net.receive(Arrays.copyOf(fromGuest(OUTSIDE, 17, small), 60));
        assertArrayEquals(small, net.nat.getFirst().transport());
    }

    @ParameterizedTest
    @CsvSource({"0x525400123457, NOT_FOR_US", "0x333300000001, NOT_FOR_US", "0x01005e000001, NOT_FOR_US"})
    void framesToOthersAreNotForUs(String mac, DropReason reason) {
        net.receive(ethernet(Long.decode(mac), GUEST_MAC, 0x0800, ip(GUEST, OUTSIDE, 17, 64, 1, 0, DATAGRAM)));
        assertDropped(reason);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x0100_5e00_0001L, 0x5255_0a00_0202L})
    void groupAddressAndOurOwnAreNoSourceOfAFrame(long mac) {
        net.receive(ethernet(GATEWAY_MAC, mac, 0x0800, ip(GUEST, OUTSIDE, 17, 64, 1, 0, DATAGRAM)));
        assertDropped(DropReason.ETHERNET_SOURCE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x86dd, 0x8100, 0x05ff})
    void otherEtherTypesAreDropped(int type) {
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, type, new byte[46]));
        assertDropped(DropReason.ETHER_TYPE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 13, 1_515})
    void runtsAndGiantsAreDropped(int length) {
        net.receive(new byte[length]);
        assertDropped(DropReason.ETHERNET_LENGTH);
    }

    @ParameterizedTest
    @ValueSource(ints = {GATEWAY, DNS, OUTSIDE, 0x7f00_0001, 0xe000_0001, 0xffff_ffff, NET_BROADCAST, 0x0a00_0200, 0})
    void sourceNoGuestMayHaveIsDroppedAndNotLearned(int source) {
        receiveIp(ip(source, OUTSIDE, 17, 64, 1, 0, udp(source, 1, OUTSIDE, 2, new byte[0])));
        assertDropped(DropReason.IPV4_SOURCE);
        assertEquals(0, net.neighbors.size());
        net.assertSilent();
    }

    @Test
    void unspecifiedSourceMayOnlyBroadcastUdp() {
        StringBuilder got = new StringBuilder();
        net.udp.registerBroadcast(67, (view, frame, now) -> got.append(view.payloadLength));
        net.receive(ethernet(MacAddress.BROADCAST, GUEST_MAC, 0x0800, ip(0, -1, 17, 64, 1, 0, udp(0, 68, -1, 67, new byte[300]))));
        assertEquals("300", got.toString());
        assertEquals(0, net.neighbors.size());
        net.receive(ethernet(MacAddress.BROADCAST, GUEST_MAC, 0x0800, ip(0, -1, 1, 64, 1, 0, icmp(8, 0, 0, new byte[0]))));
        assertDropped(DropReason.IPV4_SOURCE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0x0001_0203, 0x7f00_0001, 0x0a00_0200})
    void destinationThatMeansNothingIsDropped(int destination) {
        receiveIp(ip(GUEST, destination, 17, 64, 1, 0, udp(GUEST, 1, destination, 2, new byte[0])));
        assertDropped(DropReason.IPV4_DESTINATION);
        net.assertSilent();
    }

    @Test
    void unicastInALinkLayerBroadcastIsDroppedSilently() {
        net.receive(ethernet(MacAddress.BROADCAST, GUEST_MAC, 0x0800, ip(GUEST, OUTSIDE, 17, 1, 1, 0, DATAGRAM)));
        assertDropped(DropReason.IPV4_DESTINATION);
        net.assertSilent();
    }

    @Test
    void packetToAnotherGuestIsAnsweredHostUnreachable() {
        byte[] packet = ip(GUEST, OTHER_GUEST, 17, 64, 1, 0, udp(GUEST, 1, OTHER_GUEST, 2, new byte[4]));
        receiveIp(packet);
        assertDropped(DropReason.IPV4_DESTINATION);
        assertArrayEquals(icmp(3, 1, 0, packet), net.nextIcmp(GATEWAY));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void ttlThatRunsOutAtTheGatewayIsAnsweredTimeExceeded(int ttl) {
        byte[] packet = ip(GUEST, OUTSIDE, 17, ttl, 1, 0, DATAGRAM);
        receiveIp(packet);
        assertDropped(DropReason.IPV4_TTL);
        assertArrayEquals(icmp(11, 0, 0, packet), net.nextIcmp(GATEWAY));
    }

    @Test
    void ttlOfOneReachesTheGatewayItself() {
        receiveIp(ip(GUEST, GATEWAY, 1, 1, 1, 0, icmp(8, 0, 7, new byte[0])));
        assertArrayEquals(icmp(0, 0, 7, new byte[0]), net.nextIcmp(GATEWAY));
    }

    @Test
    void unknownProtocolIsAnsweredProtocolUnreachable() {
        byte[] packet = ip(GUEST, OUTSIDE, 132, 64, 1, 0, pattern(40));
        receiveIp(packet);
        assertDropped(DropReason.IP_PROTOCOL);
        assertArrayEquals(icmp(3, 2, 0, packet), net.nextIcmp(GATEWAY));
    }

    @Test
    void unknownProtocolToAGroupIsDroppedSilently() {
        receiveIp(ip(GUEST, 0xe000_0016, 2, 1, 1, 0, pattern(8)));
        assertDropped(DropReason.IP_PROTOCOL);
        net.assertSilent();
    }

    @Test
    void headerFaultsAreDroppedByName() {
        byte[] good = ip(GUEST, OUTSIDE, 17, 64, 1, 0, DATAGRAM);
        byte[] checksum = good.clone();
        checksum[10]++;
        byte[] version = good.clone();
        version[0] = 0x65;
        receiveIp(checksum);
        receiveIp(version);
        receiveIp(Arrays.copyOf(good, 19));
        receiveIp(Arrays.copyOf(good, good.length - 1));
        assertEquals(1, net.counters.get(DropReason.IPV4_CHECKSUM));
        assertEquals(2, net.counters.get(DropReason.IPV4_HEADER));
        assertEquals(1, net.counters.get(DropReason.IPV4_TOTAL_LENGTH));
    }

    @Test
    void checksumOfAnOffloadingGuestIsNotVerified() {
        byte[] unsummed = DATAGRAM.clone();
        unsummed[7]++;
        net.receive(fromGuest(OUTSIDE, 17, unsummed), Offload.pack(Offload.NEEDS_CSUM, 0, 0, 0, 34, 6));
        assertEquals(1, net.nat.size());
        net.receive(fromGuest(OUTSIDE, 17, unsummed));
        assertEquals(1, net.counters.get(DropReason.UDP_CHECKSUM));
    }

    @Test
    void sourceRouteIsDropped() {
        byte[] packet = new byte[24 + DATAGRAM.length];
        System.arraycopy(ip(GUEST, OUTSIDE, 17, 64, 1, 0, new byte[4 + DATAGRAM.length]), 0, packet, 0, 20);
        packet[0] = 0x46;
        packet[20] = (byte) 131;
        packet[21] = 3;
        packet[10] = 0;
        packet[11] = 0;
        int sum = slowChecksum(Arrays.copyOf(packet, 24));
        packet[10] = (byte) (sum >> 8);
        packet[11] = (byte) sum;
        receiveIp(packet);
        assertDropped(DropReason.IPV4_OPTIONS);
    }

    @Test
    void superFrameOfAnOffloadingGuestIsOnePacket() {
        try (NetFixture offloading = new NetFixture(LinkCapabilities.offloading(1_500, false), NetConfig.defaults())) {
            List<Integer> lengths = new ArrayList<>();
            offloading.ipv4.register(6, (view, frame, now) -> lengths.add(view.l4Length));
            offloading.receive(fromGuest(OUTSIDE, 6, pattern(65_515)),
                    Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_448, 54, 34, 16));
            assertEquals(List.of(65_515), lengths);
        }
    }

    @Test
    void packetsOfAKnownGuestAllocateNothing() {
        long[] taken = {0};
        net.ipv4.register(6, (view, frame, now) -> taken[0] += view.l4Length);
        ByteBuf frame = net.allocator.directBuffer(2_000).writeBytes(fromGuest(OUTSIDE, 6, pattern(1_400)));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < 10_000; i++) {
            net.input.onFrame(frame, Offload.NONE);
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 10_000; i++) {
            net.input.onFrame(frame, Offload.NONE);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 10_000, () -> allocated + " bytes allocated");
        assertEquals(20_000 * 1_400L, taken[0]);
        assertEquals(1, frame.refCnt());
        frame.release();
    }

    @Test
    void exceptionOfAHandlerIsCountedAndTheNextFrameServed() {
        NetFixture broken = new NetFixture();
        broken.ipv4.register(6, (view, frame, now) -> {
            throw new IllegalStateException("a bug");
        });
        broken.receive(fromGuest(OUTSIDE, 6, new byte[20]));
        broken.receive(fromGuest(OUTSIDE, 17, DATAGRAM));
        assertEquals(1, broken.counters.get(DropReason.INTERNAL));
        assertEquals(1, broken.nat.size());
        broken.neighbors.close();
        broken.reassembler.close();
        broken.guestLink.close();
    }

    @Test
    void mutatedFramesNeverThrow() {
        byte[][] seeds = {fromGuest(OUTSIDE, 17, DATAGRAM), fromGuest(GATEWAY, 1, icmp(8, 0, 1, pattern(20))),
            fromGuest(GATEWAY, 1, icmp(3, 3, 0, ip(OUTSIDE, GUEST, 17, 64, 1, 0, DATAGRAM))),
            arp(MacAddress.BROADCAST, 1, GUEST_MAC, GUEST, 0, GATEWAY),
            ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, ip(GUEST, OUTSIDE, 17, 64, 1, 0x2000, DATAGRAM))};
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 20_000; i++) {
            byte[] frame = seeds[random.nextInt(seeds.length)].clone();
            for (int flips = random.nextInt(4); flips >= 0; flips--) {
                frame[random.nextInt(frame.length)] = (byte) random.nextInt();
            }
            if (frame.length >= 34 && random.nextBoolean()) {
                frame[24] = 0;
                frame[25] = 0;
                int sum = slowChecksum(Arrays.copyOfRange(frame, 14, 34));
                frame[24] = (byte) (sum >> 8);
                frame[25] = (byte) sum;
            }
            net.receive(Arrays.copyOf(frame, frame.length - (random.nextInt(8) == 0 ? random.nextInt(frame.length) : 0)));
            net.link.sent.clear();
        }
        assertEquals(20_000, net.counters.get(Counter.FRAMES_FROM_GUEST));
        assertEquals(0, net.counters.get(DropReason.INTERNAL));
    }
}
