package dev.jslirp.net;

import static dev.jslirp.net.NetFixture.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.Offload;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Ipv4ReassemblerTest {
    private static final int MORE = 0x2000;
    private static final byte[] DATAGRAM = udp(GUEST, 1_024, OUTSIDE, 53, pattern(4_000));

    private NetFixture net = new NetFixture();

    @AfterEach
    void nothingIsLeft() {
        net.close();
    }

    private void use(int bytes, int datagrams, int fragments) {
        NetConfig d = NetConfig.defaults();
        net.close();
        net = new NetFixture(LinkCapabilities.plain(1_500), new NetConfig(d.neighborsMax(), d.neighborAgeNs(), d.neighborPendingMax(),
                d.neighborPendingBytesMax(), bytes, datagrams, fragments, d.reassemblyAgeNs(), d.icmpErrorsPerSecond(), d.icmpErrorBurst()));
    }

    private static List<byte[]> fragments(byte[] transport, int id, int step) {
        List<byte[]> fragments = new ArrayList<>();
        for (int at = 0; at < transport.length; at += step) {
            int end = Math.min(transport.length, at + step);
            fragments.add(fragment(id, at, end < transport.length, Arrays.copyOfRange(transport, at, end)));
        }
        return fragments;
    }

    private static byte[] fragment(int id, int offset, boolean more, byte[] bytes) {
        return fragment(17, id, offset, more, bytes);
    }

    private static byte[] fragment(int protocol, int id, int offset, boolean more, byte[] bytes) {
        return ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, ip(GUEST, OUTSIDE, protocol, 64, id, (more ? MORE : 0) | offset / 8, bytes));
    }

    private void assertReassembled(byte[] transport) {
        assertEquals(1, net.nat.size());
        assertArrayEquals(transport, net.nat.getFirst().transport());
        assertEquals(20 + transport.length, net.nat.getFirst().l3Length());
        assertNothingHeld();
        assertEquals(0, net.counters.drops());
    }

    private void assertNothingHeld() {
        assertEquals(0, net.reassembler.heldBytes());
        assertEquals(256, net.allocator.metric().usedDirectMemory(), "only the frame's header space");
    }

    @Test
    void fragmentsInOrderBecomeOneDatagram() {
        fragments(DATAGRAM, 7, 1_480).forEach(net::receive);
        assertReassembled(DATAGRAM);
        assertEquals(3, net.counters.get(Counter.FRAGMENTS_RECEIVED));
        assertEquals(1, net.counters.get(Counter.DATAGRAMS_REASSEMBLED));
        assertEquals(0, net.reassembler.datagrams());
    }

    @Test
    void fragmentsInReverseOrderBecomeOneDatagram() {
        fragments(DATAGRAM, 7, 1_480).reversed().forEach(net::receive);
        assertReassembled(DATAGRAM);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void fragmentsInAnyOrderBecomeOneDatagram(int seed) {
        List<byte[]> fragments = fragments(DATAGRAM, 7, 160);
        Collections.shuffle(fragments, new Random(seed));
        fragments.forEach(net::receive);
        assertReassembled(DATAGRAM);
    }

    @Test
    void largestDatagramIsReassembled() {
        byte[] largest = udp(GUEST, 1_024, OUTSIDE, 53, pattern(65_507));
        fragments(largest, 7, 1_480).forEach(net::receive);
        assertReassembled(largest);
    }

    /// RFC 791 §3.2.
    @Test
    void protocolsAreKeptApart() {
        net.receive(fragment(6, 7, 0, true, Arrays.copyOf(DATAGRAM, 1_480)));
        List<byte[]> fragments = fragments(DATAGRAM, 7, 1_480);
        fragments.subList(1, fragments.size()).forEach(net::receive);
        assertEquals(0, net.nat.size());
        net.receive(fragments.getFirst());
        assertArrayEquals(DATAGRAM, net.nat.getFirst().transport());
        assertEquals(1, net.reassembler.datagrams());
    }

    /// What the link vouches for is a frame, not the datagram it is part of.
    @Test
    void checksumOfAReassembledDatagramIsCheckedWhateverTheFrameSaid() {
        byte[] wrong = DATAGRAM.clone();
        wrong[6] ^= 1;
        long valid = Offload.pack(Offload.DATA_VALID, Offload.GSO_NONE, 0, 0, 0, 0);
        fragments(wrong, 7, 1_480).forEach(fragment -> net.receive(fragment, valid));
        assertEquals(0, net.nat.size());
        assertEquals(1, net.counters.get(DropReason.UDP_CHECKSUM));
    }

    @Test
    void datagramsThatInterleaveAreKeptApart() {
        byte[] second = udp(GUEST, 1_025, OUTSIDE, 53, pattern(3_999));
        List<byte[]> a = fragments(DATAGRAM, 7, 1_480);
        List<byte[]> b = fragments(second, 8, 1_480);
        for (int i = 0; i < 3; i++) {
            net.receive(a.get(i));
            net.receive(b.get(i));
        }
        assertArrayEquals(DATAGRAM, net.nat.get(0).transport());
        assertArrayEquals(second, net.nat.get(1).transport());
        assertNothingHeld();
    }

    @Test
    void exactDuplicatesAreIgnored() {
        List<byte[]> fragments = fragments(DATAGRAM, 7, 1_480);
        net.receive(fragments.get(2));
        net.receive(fragments.get(0));
        net.receive(fragments.get(2));
        net.receive(fragments.get(0));
        net.receive(fragments.get(1));
        assertReassembled(DATAGRAM);
    }

    @Test
    void duplicateWithOtherBytesRefusesTheDatagram() {
        List<byte[]> fragments = fragments(DATAGRAM, 7, 1_480);
        net.receive(fragments.get(0));
        net.receive(fragment(7, 0, true, new byte[1_480]));
        assertRefused();
    }

    /// The refusal holds for what is still to come, and ends with the datagram's age.
    private void assertRefused() {
        assertEquals(1, net.counters.get(DropReason.FRAGMENT_MALFORMED));
        assertNothingHeld();
        fragments(DATAGRAM, 7, 1_480).forEach(net::receive);
        assertEquals(4, net.counters.get(DropReason.FRAGMENT_MALFORMED));
        assertEquals(0, net.nat.size());
        net.reassembler.onDeadline(net.nowNs + NetConfig.defaults().reassemblyAgeNs());
        assertEquals(0, net.counters.get(Counter.REASSEMBLY_TIMEOUT));
        fragments(DATAGRAM, 7, 1_480).forEach(net::receive);
        assertEquals(1, net.nat.size());
        net.assertSilent();
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 1_472, 1_488, 2_952})
    void overlapRefusesTheDatagram(int offset) {
        List<byte[]> fragments = fragments(DATAGRAM, 7, 1_480);
        net.receive(fragments.get(1));
        net.receive(fragment(7, offset, true, new byte[1_480]));
        assertRefused();
    }

    @Test
    void teardropRefusesTheDatagram() {
        net.receive(fragment(7, 0, true, new byte[40]));
        net.receive(fragment(7, 24, false, new byte[4]));
        assertRefused();
    }

    @Test
    void pingOfDeathRefusesTheDatagram() {
        net.receive(fragment(7, 65_528, false, new byte[100]));
        assertRefused();
    }

    @Test
    void lengthThatIsNoMultipleOfEightRefusesTheDatagram() {
        net.receive(fragment(7, 0, true, new byte[1_479]));
        assertRefused();
    }

    @Test
    void emptyFragmentRefusesTheDatagram() {
        net.receive(fragment(7, 0, true, new byte[0]));
        assertRefused();
    }

    @Test
    void twoEndsRefuseTheDatagram() {
        net.receive(fragment(7, 800, false, new byte[8]));
        net.receive(fragment(7, 1_600, false, new byte[8]));
        assertRefused();
    }

    @Test
    void dataBeyondTheEndRefusesTheDatagram() {
        net.receive(fragment(7, 800, false, new byte[8]));
        net.receive(fragment(7, 808, true, new byte[8]));
        assertRefused();
    }

    @Test
    void endBelowWhatIsHereRefusesTheDatagram() {
        net.receive(fragment(7, 1_600, true, new byte[8]));
        net.receive(fragment(7, 800, false, new byte[8]));
        assertRefused();
    }

    @Test
    void longHeaderOfTheFirstFragmentCannotPushTheDatagramBeyondTheLimit() {
        byte[] withOptions = new byte[24 + 65_480];
        System.arraycopy(ip(GUEST, OUTSIDE, 17, 64, 7, MORE, new byte[0]), 0, withOptions, 0, 20);
        withOptions[0] = 0x46;
        withOptions[2] = (byte) (withOptions.length >> 8);
        withOptions[3] = (byte) withOptions.length;
        Arrays.fill(withOptions, 20, 24, (byte) 1);
        withOptions[10] = 0;
        withOptions[11] = 0;
        int sum = slowChecksum(Arrays.copyOf(withOptions, 24));
        withOptions[10] = (byte) (sum >> 8);
        withOptions[11] = (byte) sum;
        net.close();
        net = new NetFixture(LinkCapabilities.plain(65_535), NetConfig.defaults());
        net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, withOptions));
        net.receive(fragment(7, 65_480, false, new byte[35]));
        assertEquals(1, net.counters.get(DropReason.FRAGMENT_MALFORMED));
        assertNothingHeld();
    }

    @Test
    void tooManyFragmentsRefuseTheDatagram() {
        use(1 << 20, 8, 2);
        fragments(DATAGRAM, 7, 1_480).forEach(net::receive);
        assertEquals(1, net.counters.get(DropReason.FRAGMENT_LIMIT));
        assertEquals(1, net.counters.get(Counter.REASSEMBLY_LIMIT));
        assertNothingHeld();
    }

    @Test
    void oldestDatagramGivesWayWhenPlacesRunOut() {
        use(1 << 20, 2, 64);
        for (int id = 1; id <= 3; id++) {
            net.receive(fragments(DATAGRAM, id, 1_480).getFirst());
        }
        assertEquals(2, net.reassembler.datagrams());
        assertEquals(1, net.counters.get(Counter.REASSEMBLY_LIMIT));
        assertEquals(1, net.counters.get(DropReason.FRAGMENT_LIMIT));
        fragments(DATAGRAM, 2, 1_480).subList(1, 3).forEach(net::receive);
        assertEquals(1, net.nat.size());
    }

    @Test
    void oldestDatagramGivesWayWhenBytesRunOut() {
        use(4_500, 8, 64);
        for (int id = 1; id <= 3; id++) {
            net.receive(fragments(DATAGRAM, id, 1_480).getFirst());
        }
        assertEquals(4_500, net.reassembler.heldBytes());
        net.receive(fragments(DATAGRAM, 3, 1_480).get(1));
        assertEquals(4_500, net.reassembler.heldBytes());
        assertEquals(2, net.reassembler.datagrams());
        assertEquals(1, net.counters.get(Counter.REASSEMBLY_LIMIT));
    }

    @Test
    void datagramThatAloneExceedsTheBytesIsRefused() {
        use(2_000, 8, 64);
        fragments(DATAGRAM, 7, 1_480).forEach(net::receive);
        assertEquals(2, net.counters.get(DropReason.FRAGMENT_LIMIT));
        assertEquals(1, net.counters.get(Counter.REASSEMBLY_LIMIT));
        assertNothingHeld();
    }

    @Test
    void reassemblyCanBeTurnedOff() {
        use(0, 0, 2);
        fragments(DATAGRAM, 7, 1_480).forEach(net::receive);
        assertEquals(3, net.counters.get(DropReason.FRAGMENT_LIMIT));
        assertEquals(3, net.counters.get(Counter.REASSEMBLY_LIMIT));
    }

    @Test
    void incompleteDatagramGrowsOldAndIsAnsweredTimeExceededWithItsFirstFragment() {
        byte[] first = fragments(DATAGRAM, 7, 1_480).getFirst();
        net.receive(first);
        long expires = net.nowNs + NetConfig.defaults().reassemblyAgeNs();
        net.reassembler.onDeadline(expires - 1);
        assertEquals(1, net.reassembler.datagrams());
        net.reassembler.onDeadline(expires);
        assertEquals(1, net.counters.get(Counter.REASSEMBLY_TIMEOUT));
        assertEquals(1, net.counters.get(DropReason.FRAGMENT_TIMEOUT));
        assertArrayEquals(icmp(11, 1, 0, Arrays.copyOfRange(first, 14, 14 + 548)), net.nextIcmp(GATEWAY));
        assertNothingHeld();
    }

    @Test
    void incompleteDatagramWithoutItsFirstFragmentGrowsOldSilently() {
        net.receive(fragments(DATAGRAM, 7, 1_480).get(1));
        net.reassembler.onDeadline(net.nowNs + NetConfig.defaults().reassemblyAgeNs());
        assertEquals(1, net.counters.get(Counter.REASSEMBLY_TIMEOUT));
        net.assertSilent();
        assertNothingHeld();
    }

    @Test
    void floodOfIncompleteDatagramsHoldsNoMoreThanAllowed() {
        use(100_000, 64, 64);
        for (int id = 0; id < 2_000; id++) {
            net.receive(fragment(id, 8 * (id % 50), true, new byte[1_480]));
            assertTrue(net.reassembler.heldBytes() <= 100_000);
            assertTrue(net.reassembler.datagrams() <= 64);
        }
        assertTrue(net.counters.get(Counter.REASSEMBLY_LIMIT) > 1_900);
    }

    @Test
    void timerFollowsTheOldestDatagramAndStopsWithTheLast() {
        long age = NetConfig.defaults().reassemblyAgeNs();
        net.receive(fragments(DATAGRAM, 1, 1_480).get(1));
        net.advanceTo(net.nowNs + S);
        net.receive(fragments(DATAGRAM, 2, 1_480).get(1));
        net.advanceTo(net.nowNs + age - S + 10 * MS);
        assertEquals(1, net.reassembler.datagrams());
        net.advanceTo(net.nowNs + S);
        assertEquals(0, net.reassembler.datagrams());
        assertEquals(2, net.counters.get(Counter.REASSEMBLY_TIMEOUT));
        fragments(DATAGRAM, 3, 1_480).forEach(net::receive);
        assertEquals(Long.MAX_VALUE, net.wheel.nextDeadlineNs());
    }
}
