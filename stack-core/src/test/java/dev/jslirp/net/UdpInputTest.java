package dev.jslirp.net;

import static dev.jslirp.net.NetFixture.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.Offload;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UdpInputTest {
    private final NetFixture net = new NetFixture();
    private final List<String> served = new ArrayList<>();

    @BeforeEach
    void serviceAtPort53() {
        GatewayService service = (view, frame, now) -> served.add(new IpAddress(view.dstHi, view.dstLo) + " " + view.payloadLength);
        net.udp.register(IpAddress.v4(DNS), 53, service);
        net.udp.registerBroadcast(53, service);
    }

    @AfterEach
    void nothingIsLeft() {
        net.close();
    }

    private void send(int dst, int port) {
        net.receive(fromGuest(dst, 17, udp(GUEST, 1_024, dst, port, pattern(10))));
    }

    @Test
    void serviceGetsDatagramsToItsAddressAndBroadcasts() {
        send(DNS, 53);
        send(NET_BROADCAST, 53);
        net.receive(ethernet(MacAddress.BROADCAST, GUEST_MAC, 0x0800,
                ip(GUEST, -1, 17, 64, 1, 0, udp(GUEST, 1_024, -1, 53, pattern(10)))));
        assertEquals(List.of("10.0.2.3 10", "10.0.2.255 10", "255.255.255.255 10"), served);
        assertEquals(0, net.nat.size());
        assertEquals(0, net.counters.drops());
    }

    @Test
    void outsideIsTranslatedEvenAtAServicesPort() {
        send(OUTSIDE, 53);
        assertEquals(1, net.nat.size());
        assertEquals(List.of(), served);
    }

    @Test
    void gatewayWithoutServiceIsTranslatedThoughAnotherAddressHasOne() {
        send(GATEWAY, 53);
        assertEquals(lo(GATEWAY), net.nat.getFirst().dstLo());
        net.assertSilent();
    }

    @Test
    void dnsAddressWithoutServiceIsAnsweredPortUnreachable() {
        send(DNS, 54);
        assertEquals(1, net.counters.get(DropReason.UDP_REFUSED));
        assertArrayEquals(icmp(3, 3, 0, ip(GUEST, DNS, 17, 64, 1, 0, udp(GUEST, 1_024, DNS, 54, pattern(10)))),
                net.nextIcmp(GATEWAY));
    }

    @ParameterizedTest
    @ValueSource(ints = {NET_BROADCAST, -1, 0xe000_00fb})
    void groupsWithoutServiceAreRefusedSilently(int destination) {
        send(destination, 5_353);
        assertEquals(1, net.counters.get(DropReason.UDP_REFUSED));
        net.assertSilent();
    }

    @Test
    void aSuperFrameOfMoreDatagramsThanAnySenderMakesIsDropped() {
        long perByte = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_UDP_L4, 1, 42, 34, 6);
        net.receive(fromGuest(OUTSIDE, 17, udp(GUEST, 1_024, OUTSIDE, 9, pattern(UdpInput.SEGMENTS_MAX))), perByte);
        assertEquals(1, net.nat.size());
        net.receive(fromGuest(OUTSIDE, 17, udp(GUEST, 1_024, OUTSIDE, 9, pattern(UdpInput.SEGMENTS_MAX + 1))), perByte);
        net.receive(fromGuest(DNS, 17, udp(GUEST, 1_024, DNS, 53, pattern(UdpInput.SEGMENTS_MAX + 1))), perByte);
        assertEquals(1, net.nat.size());
        assertEquals(List.of(), served);
        assertEquals(2, net.counters.get(DropReason.UDP_SEGMENTS));
    }

    @Test
    void faultsAreDroppedByName() {
        send(OUTSIDE, 0);
        net.receive(fromGuest(OUTSIDE, 17, new byte[7]));
        byte[] corrupt = udp(GUEST, 1, OUTSIDE, 2, pattern(10));
        corrupt[10]++;
        net.receive(fromGuest(OUTSIDE, 17, corrupt));
        assertEquals(1, net.counters.get(DropReason.UDP_PORT));
        assertEquals(1, net.counters.get(DropReason.UDP_LENGTH));
        assertEquals(1, net.counters.get(DropReason.UDP_CHECKSUM));
        assertEquals(0, net.nat.size());
    }

    @Test
    void portTakenOrOutOfRangeOrOfAnotherAddressIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> net.udp.register(IpAddress.v4(DNS), 53, (view, frame, now) -> {}));
        assertThrows(IllegalArgumentException.class, () -> net.udp.registerBroadcast(0, (view, frame, now) -> {}));
        assertThrows(IllegalArgumentException.class, () -> net.udp.registerBroadcast(53, (view, frame, now) -> {}));
        assertThrows(IllegalArgumentException.class, () -> net.udp.register(IpAddress.parse("10.0.2.99"), 54, (view, frame, now) -> {}));
        assertThrows(IllegalArgumentException.class, () -> net.udp.register(IpAddress.v4(GATEWAY), 65_536, (view, frame, now) -> {}));
    }
}
