package dev.jslirp.lan;

import static dev.jslirp.lan.LanFixture.BROADCAST;
import static dev.jslirp.lan.LanFixture.GATEWAY;
import static dev.jslirp.lan.LanFixture.PLAIN;
import static dev.jslirp.lan.LanFixture.mac;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.lan.LanFixture.Station;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimHostNetwork.ConnectOutcome;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Two networks of one process, with the same addresses, the same stations and the same far hosts: nothing of one is seen in the other.
class SeparateNetworksTest {
    private static final InetSocketAddress FAR = new InetSocketAddress("192.0.2.80", 80);
    private static final int FAR_IP = IpAddress.of(FAR.getAddress()).v4Bits();

    private final LanFixture one = new LanFixture();
    private final LanFixture other = new LanFixture();
    private final Station[] ones = one.stations(PLAIN, 15, 16);
    private final Station[] others = other.stations(PLAIN, 15, 16);

    @AfterEach
    void close() {
        one.close();
        other.close();
    }

    @Test
    void whateverOneNetworkDoesTheOtherIsAtRest() {
        for (Station station : ones) {
            station.guest().takeAll();
        }
        long[] before = counts(other.network.counters());

        ones[0].send(BROADCAST, mac(99), 0x9999, new byte[46]);
        ones[0].send(others[1].mac(), ones[0].mac(), EthernetFrame.IPV4, new byte[46]);
        ones[0].send(mac(123), ones[0].mac(), EthernetFrame.IPV4, new byte[46]);
        ones[0].send(BROADCAST, mac(98), EthernetFrame.ARP, new ArpMessage(ArpMessage.REPLY, mac(98), others[1].ip(), 0, GATEWAY).encode());
        ones[0].guest().send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        ones[0].guest().send(FAR_IP, new UdpDatagram(5_000, 80, new byte[8]));
        ones[0].guest().send(FAR_IP, new TcpSegment(5_000, 80, 1, 0, TcpSegment.SYN, 60_000, 0, List.of(), new byte[0]));
        one.reactor.advance(10 * LanFixture.S);
        other.reactor.advance(10 * LanFixture.S);

        assertEquals(0, others[0].got() + others[1].got());
        assertArrayEquals(before, counts(other.network.counters()));
        assertEquals(2, other.lan.macsKnown());
        assertEquals(0, other.network.flowCount());
        assertEquals(0, other.host.socketsOpen());
        assertEquals(2, one.network.flowCount());
    }

    @Test
    void flowsOfEqualNamesAreTwo() {
        for (LanFixture net : List.of(one, other)) {
            net.host.whenConnecting(FAR, ConnectOutcome.OK);
        }
        TcpSegment synAck = connect(ones[0]);
        TcpSegment otherSynAck = connect(others[0]);

        byte[] secret = "of one".getBytes(StandardCharsets.US_ASCII);
        ones[0].guest().send(FAR_IP, new TcpSegment(5_000, 80, 101, synAck.seq() + 1, TcpSegment.ACK, 60_000, 0, List.of(), secret));
        one.reactor.settle();
        other.reactor.settle();
        assertArrayEquals(secret, one.host.stream(FAR).peerReceived());
        assertEquals(0, other.host.stream(FAR).peerReceived().length);

        one.host.stream(FAR).peerReset();
        one.reactor.settle();
        others[0].guest().takeAll();
        byte[] more = "of the other".getBytes(StandardCharsets.US_ASCII);
        others[0].guest().send(FAR_IP, new TcpSegment(5_000, 80, 101, otherSynAck.seq() + 1, TcpSegment.ACK, 60_000, 0, List.of(), more));
        other.reactor.settle();
        assertArrayEquals(more, other.host.stream(FAR).peerReceived());
        assertEquals(0, one.network.flowCount());
        assertEquals(1, other.network.flowCount());
    }

    private static TcpSegment connect(Station station) {
        station.guest().send(FAR_IP, new TcpSegment(5_000, 80, 100, 0, TcpSegment.SYN, 60_000, 0, List.of(), new byte[0]));
        station.net().reactor.settle();
        TcpSegment synAck = station.guest().takeAll().getLast().tcp();
        station.guest().send(FAR_IP, new TcpSegment(5_000, 80, 101, synAck.seq() + 1, TcpSegment.ACK, 60_000, 0, List.of(), new byte[0]));
        station.net().reactor.settle();
        return synAck;
    }

    @Test
    void closingOneLeavesTheOtherServed() {
        try (LanFixture third = new LanFixture()) {
            third.stations(PLAIN, 15, 16);
        }
        others[0].guest().takeAll();
        others[0].guest().send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        other.reactor.settle();
        assertEquals(IcmpMessage.ECHO_REPLY, others[0].guest().takeAll().getLast().icmp().type());
        others[0].send(others[1], Ipv4Packet.ICMP, new byte[8]);
        assertEquals(1, others[1].got());
    }

    private static long[] counts(Counters counters) {
        long[] events = Arrays.stream(Counter.values()).mapToLong(counters::get).toArray();
        long[] drops = Arrays.stream(DropReason.values()).mapToLong(counters::get).toArray();
        long[] all = Arrays.copyOf(events, events.length + drops.length);
        System.arraycopy(drops, 0, all, events.length, drops.length);
        return all;
    }
}
