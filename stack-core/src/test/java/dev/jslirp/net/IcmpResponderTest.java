package dev.jslirp.net;

import static dev.jslirp.net.NetFixture.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.DropReason;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IcmpResponderTest {
    private NetFixture net = new NetFixture();

    @AfterEach
    void nothingIsLeft() {
        net.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {GATEWAY, DNS})
    void echoToOurAddressesIsAnsweredWithItsData(int ours) {
        net.receive(fromGuest(ours, 1, icmp(8, 0, 0xabcd_fffe, pattern(56))));
        byte[] packet = checkedIp(net.next(), GUEST_MAC, ours, GUEST, 1);
        assertEquals(64, packet[8]);
        assertArrayEquals(icmp(0, 0, 0xabcd_fffe, pattern(56)), Arrays.copyOfRange(packet, 20, packet.length));
        assertEquals(1, net.counters.get(Counter.ECHO_ANSWERED));
    }

    @ParameterizedTest
    @ValueSource(ints = {60_000, 65_507})
    void largeEchoComesAndGoesInFragments(int size) {
        byte[] request = icmp(8, 0, 5, pattern(size));
        for (int at = 0; at < request.length; at += 1_480) {
            int end = Math.min(request.length, at + 1_480);
            int flags = (end < request.length ? 0x2000 : 0) | at / 8;
            net.receive(ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, ip(GUEST, GATEWAY, 1, 64, 3, flags,
                    Arrays.copyOfRange(request, at, end))));
        }
        assertArrayEquals(icmp(0, 0, 5, pattern(size)), net.joinFragments(GATEWAY, GUEST, 1, 1_500));
    }

    @Test
    void echoToTheOutsideIsHandedOn() {
        byte[] request = icmp(8, 0, 9, pattern(8));
        net.receive(fromGuest(OUTSIDE, 1, request));
        assertArrayEquals(request, net.echoes.getFirst().transport());
        net.assertSilent();
    }

    @ParameterizedTest
    @ValueSource(ints = {NET_BROADCAST, -1, 0xe000_0001})
    void echoToAGroupIsDropped(int destination) {
        net.receive(fromGuest(destination, 1, icmp(8, 0, 9, pattern(8))));
        assertEquals(1, net.counters.get(DropReason.IPV4_DESTINATION));
        net.assertSilent();
    }

    @ParameterizedTest
    @CsvSource({"3, 3, 0", "3, 4, 1280", "11, 0, 0", "12, 0, 0"})
    void errorsAboutTheGuestsPacketsAreHandedOn(int type, int code, int rest) {
        byte[] quoted = ip(OUTSIDE, GUEST, 17, 64, 1, 0, Arrays.copyOf(udp(OUTSIDE, 53, GUEST, 1_024, pattern(9)), 8));
        net.receive(fromGuest(OUTSIDE, 1, icmp(type, code, rest, quoted)));
        assertEquals(List.of(type + "/" + code + " rest " + rest + " proto 17 203.0.113.7:53 > 10.0.2.15:1024"), net.errors);
        assertEquals(1, net.counters.get(Counter.ICMP_ERRORS_RECEIVED));
        assertEquals(0, net.counters.drops());
    }

    @Test
    void errorAboutAnotherGuestsPacketsIsDropped() {
        byte[] quoted = ip(OUTSIDE, OTHER_GUEST, 17, 64, 1, 0, pattern(8));
        net.receive(fromGuest(OUTSIDE, 1, icmp(3, 3, 0, quoted)));
        assertEquals(List.of(), net.errors);
        assertEquals(1, net.counters.get(DropReason.ICMP_TYPE));
    }

    @Test
    void errorThatQuotesALaterFragmentIsDropped() {
        net.receive(fromGuest(OUTSIDE, 1, icmp(3, 3, 0, ip(OUTSIDE, GUEST, 17, 64, 1, 9, pattern(8)))));
        assertEquals(List.of(), net.errors);
        assertEquals(1, net.counters.get(DropReason.ICMP_TYPE));
    }

    @Test
    void errorThatQuotesTooLittleIsDropped() {
        byte[] quoted = ip(OUTSIDE, GUEST, 17, 64, 1, 0, pattern(8));
        for (int length = 0; length < 28; length++) {
            net.receive(fromGuest(OUTSIDE, 1, icmp(3, 3, 0, Arrays.copyOf(quoted, length))));
        }
        byte[] lyingHeaderLength = quoted.clone();
        lyingHeaderLength[0] = 0x46;
        net.receive(fromGuest(OUTSIDE, 1, icmp(3, 3, 0, lyingHeaderLength)));
        assertEquals(29, net.counters.get(DropReason.ICMP_LENGTH));
        assertEquals(List.of(), net.errors);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 13, 17})
    void otherTypesAreDropped(int type) {
        net.receive(fromGuest(GATEWAY, 1, icmp(type, 0, 0, pattern(12))));
        assertEquals(1, net.counters.get(DropReason.ICMP_TYPE));
        net.assertSilent();
    }

    @Test
    void shortAndCorruptMessagesAreDropped() {
        net.receive(fromGuest(GATEWAY, 1, new byte[7]));
        byte[] corrupt = icmp(8, 0, 1, pattern(8));
        corrupt[9]++;
        net.receive(fromGuest(GATEWAY, 1, corrupt));
        assertEquals(1, net.counters.get(DropReason.ICMP_LENGTH));
        assertEquals(1, net.counters.get(DropReason.ICMP_CHECKSUM));
        net.assertSilent();
    }

    @Test
    void echoIsAnsweredAtTheSmallestMtu() {
        net.close();
        net = new NetFixture(LinkCapabilities.plain(68), NetConfig.defaults());
        net.receive(fromGuest(GATEWAY, 1, icmp(8, 0, 5, pattern(40))));
        assertArrayEquals(icmp(0, 0, 5, pattern(40)), net.joinFragments(GATEWAY, GUEST, 1, 68));
    }
}
