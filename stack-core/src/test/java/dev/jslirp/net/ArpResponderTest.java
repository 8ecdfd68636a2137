package dev.jslirp.net;

import static dev.jslirp.net.NetFixture.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.stats.Counter;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.MacAddress;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArpResponderTest {
    private final NetFixture net = new NetFixture();

    @AfterEach
    void nothingIsLeft() {
        net.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {GATEWAY, DNS})
    void requestForOurAddressIsAnsweredAndItsSenderLearned(int ours) {
        net.receive(arp(MacAddress.BROADCAST, 1, GUEST_MAC, GUEST, 0, ours));
        assertArrayEquals(arp(GUEST_MAC, 2, GATEWAY_MAC, ours, GUEST_MAC, GUEST), bytes(net.next()));
        assertEquals(GUEST_MAC, net.neighbors.find(0, lo(GUEST), net.nowNs));
        assertEquals(1, net.counters.get(Counter.ARP_REPLIES_SENT));
        assertEquals(1, net.counters.get(Counter.ARP_LEARNED));
        assertEquals(42, net.counters.get(Counter.BYTES_TO_GUEST));
    }

    @Test
    void requestForAnotherGuestIsNotAnsweredButItsSenderLearned() {
        net.receive(arp(MacAddress.BROADCAST, 1, GUEST_MAC, GUEST, 0, OTHER_GUEST));
        net.assertSilent();
        assertEquals(GUEST_MAC, net.neighbors.find(0, lo(GUEST), net.nowNs));
    }

    @Test
    void probeForOurAddressIsAnsweredAndNothingIsLearned() {
        net.receive(arp(MacAddress.BROADCAST, 1, GUEST_MAC, 0, 0, GATEWAY));
        assertArrayEquals(arp(GUEST_MAC, 2, GATEWAY_MAC, GATEWAY, GUEST_MAC, 0), bytes(net.next()));
        assertEquals(0, net.neighbors.size());
    }

    @Test
    void probeForAFreeAddressIsNotAnswered() {
        net.receive(arp(MacAddress.BROADCAST, 1, GUEST_MAC, 0, 0, GUEST));
        net.assertSilent();
        assertEquals(0, net.counters.drops());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void announcementIsLearnedAndLaterOnesMoveTheAddress(int operation) {
        net.receive(arp(MacAddress.BROADCAST, operation, GUEST_MAC, GUEST, 0, GUEST));
        net.receive(arp(MacAddress.BROADCAST, operation, OTHER_MAC, GUEST, 0, GUEST));
        net.assertSilent();
        assertEquals(OTHER_MAC, net.neighbors.find(0, lo(GUEST), net.nowNs));
        assertEquals(2, net.counters.get(Counter.ARP_LEARNED));
    }

    @ParameterizedTest
    @ValueSource(ints = {GATEWAY, DNS, OUTSIDE, 0x0a00_0200, NET_BROADCAST, 0x7f00_0001, 0xffff_ffff})
    void claimOfAnAddressNoGuestMayHaveIsSpoofing(int claimed) {
        net.receive(arp(MacAddress.BROADCAST, 1, GUEST_MAC, claimed, 0, GATEWAY));
        net.assertSilent();
        assertEquals(1, net.counters.get(DropReason.ARP_SPOOFED));
        assertEquals(0, net.neighbors.size());
    }

    @Test
    void claimForAnotherStationsHardwareAddressIsSpoofing() {
        byte[] frame = arp(GATEWAY_MAC, 2, OTHER_MAC, GUEST, GATEWAY_MAC, GATEWAY);
        frame[11] = 0x56;
        net.receive(frame);
        assertEquals(1, net.counters.get(DropReason.ARP_SPOOFED));
    }

    @Test
    void everyTruncationIsMalformed() {
        byte[] frame = arp(MacAddress.BROADCAST, 1, GUEST_MAC, GUEST, 0, GATEWAY);
        for (int length = 14; length < 42; length++) {
            net.receive(Arrays.copyOf(frame, length));
        }
        assertEquals(28, net.counters.get(DropReason.ARP_MALFORMED));
        net.assertSilent();
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 17, 18, 19, 21})
    void otherHardwareProtocolLengthsAndOperationsAreMalformed(int offset) {
        byte[] frame = arp(MacAddress.BROADCAST, 1, GUEST_MAC, GUEST, 0, GATEWAY);
        frame[offset] += 7;
        net.receive(frame);
        assertEquals(1, net.counters.get(DropReason.ARP_MALFORMED));
        net.assertSilent();
    }

    @Test
    void replyFromNobodyAndGroupHardwareAddressesAreMalformed() {
        net.receive(arp(GATEWAY_MAC, 2, GUEST_MAC, 0, GATEWAY_MAC, GATEWAY));
        byte[] group = arp(GATEWAY_MAC, 1, GUEST_MAC, GUEST, 0, GATEWAY);
        group[22] |= 1;
        net.receive(group);
        assertEquals(2, net.counters.get(DropReason.ARP_MALFORMED));
    }
}
