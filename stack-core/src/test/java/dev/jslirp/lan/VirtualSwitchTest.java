package dev.jslirp.lan;

import static dev.jslirp.lan.LanFixture.BROADCAST;
import static dev.jslirp.lan.LanFixture.GATEWAY;
import static dev.jslirp.lan.LanFixture.GATEWAY_MAC;
import static dev.jslirp.lan.LanFixture.OFFLOADING;
import static dev.jslirp.lan.LanFixture.PLAIN;
import static dev.jslirp.lan.LanFixture.S;
import static dev.jslirp.lan.LanFixture.mac;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.lan.LanFixture.Station;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimLink;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.Offload;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VirtualSwitchTest {
    private LanFixture net = new LanFixture();

    @AfterEach
    void everythingIsReleased() {
        net.close();
    }

    @Test
    void guestsFindAndPingEachOther() {
        Station a = net.station(15, PLAIN);
        Station b = net.station(16, OFFLOADING);

        a.askFor(b.ip());
        assertEquals(b.mac(), a.guest().poll().arp().senderMac());
        a.send(b, Ipv4Packet.ICMP, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[56]).encode());
        assertEquals(IcmpMessage.ECHO_REQUEST, b.guest().takeAll().getLast().icmp().type());
        b.send(a, Ipv4Packet.ICMP, new IcmpMessage(IcmpMessage.ECHO_REPLY, 0, 1, new byte[56]).encode());
        assertEquals(IcmpMessage.ECHO_REPLY, a.guest().takeAll().getLast().icmp().type());
        assertEquals(2, net.lan.macsKnown());
    }

    @Test
    void guestsMoveTcpBetweenEachOther() {
        Station[] s = net.stations(PLAIN, 15, 16, 17);

        assertEquals(TcpSegment.SYN, exchange(s[0], s[1], segment(100, 0, TcpSegment.SYN, 0)).flags());
        assertEquals(101, exchange(s[1], s[0], segment(900, 101, TcpSegment.SYN | TcpSegment.ACK, 0)).ack());
        for (int i = 0; i < 20; i++) {
            TcpSegment data = exchange(s[0], s[1], segment(101 + 1_448 * i, 901, TcpSegment.ACK, 1_448));
            assertEquals(1_448, data.payload().length);
            assertEquals(data.seq() + 1_448, exchange(s[1], s[0], segment(901, data.seq() + 1_448, TcpSegment.ACK, 0)).ack());
        }
        assertEquals(0, s[2].got());
        assertEquals(1 + 20 + 1, s[0].port().framesFromGuest());
        assertEquals(0, net.network.counters().get(Counter.TCP_SEGMENTS_IN), "nothing of it went to the gateway");
    }

    private static TcpSegment segment(int seq, int ack, int flags, int bytes) {
        byte[] payload = new byte[bytes];
        Arrays.fill(payload, (byte) seq);
        return new TcpSegment(5_000, 5_000, seq, ack, flags, 60_000, 0, List.of(), payload);
    }

    private static TcpSegment exchange(Station from, Station to, TcpSegment segment) {
        from.send(to, Ipv4Packet.TCP, segment.encode(from.ip(), to.ip()));
        Received received = to.guest().poll();
        assertEquals(from.mac(), received.frame().srcMac());
        assertArrayEquals(segment.payload(), received.tcp().payload());
        return received.tcp();
    }

    @Test
    void everyGuestHasTheGateway() {
        Station[] s = net.stations(PLAIN, 15, 16);

        for (Station station : s) {
            station.guest().send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
            net.reactor.settle();
            assertEquals(IcmpMessage.ECHO_REPLY, station.guest().takeAll().getLast().icmp().type());
        }
        assertEquals(1, s[0].got());
        assertEquals(1, s[1].got());
    }

    @Test
    void unknownUnicastIsFloodedAmongGuestsNeverBackNorUp() {
        Station[] s = net.stations(PLAIN, 15, 16, 17);
        long up = net.network.counters().get(Counter.FRAMES_FROM_GUEST);

        s[0].send(mac(99), s[0].mac(), EthernetFrame.IPV4, new byte[46]);

        assertEquals(0, s[0].got());
        assertEquals(1, s[1].got());
        assertEquals(1, s[2].got());
        assertEquals(up, net.network.counters().get(Counter.FRAMES_FROM_GUEST));
    }

    @Test
    void broadcastGoesToAllOthersAndUp() {
        Station[] s = net.stations(PLAIN, 15, 16, 17);

        s[0].askFor(GATEWAY);

        assertEquals(GATEWAY_MAC, s[0].guest().poll().arp().senderMac());
        assertEquals(1, s[1].got());
        assertEquals(1, s[2].got());
    }

    @Test
    void multicastGoesToAllOthersAndUp() {
        Station[] s = net.stations(PLAIN, 15, 16);

        s[0].send(0x0100_5e00_00fbL, s[0].mac(), EthernetFrame.IPV4, new byte[46]);

        assertEquals(1, s[1].got());
        assertEquals(1, net.network.counters().get(DropReason.NOT_FOR_US));
    }

    @Test
    void framesForTheGatewayGoUpOnly() {
        Station[] s = net.stations(PLAIN, 15, 16);

        s[0].send(GATEWAY_MAC, s[0].mac(), 0x9999, new byte[46]);

        assertEquals(0, s[1].got());
        assertEquals(1, net.network.counters().get(DropReason.ETHER_TYPE));
    }

    @Test
    void addressesAreForgottenWithAge() {
        Station[] s = net.stations(PLAIN, 15, 16, 17);
        s[0].send(s[1], Ipv4Packet.ICMP, new byte[8]);
        assertEquals(0, s[2].got());

        net.reactor.advance(301 * S);
        s[0].send(s[1], Ipv4Packet.ICMP, new byte[8]);

        assertEquals(2, s[1].got());
        assertEquals(1, s[2].got());
        s[1].send(s[0], Ipv4Packet.ICMP, new byte[8]);
        net.reactor.advance(299 * S);
        s[0].send(s[1], Ipv4Packet.ICMP, new byte[8]);
        assertEquals(0, s[2].got(), "heard again, so known again");
    }

    @Test
    void aStationThatMovesIsFoundAtItsNewPort() {
        Station[] s = net.stations(PLAIN, 15, 16, 17);

        s[2].send(s[0].mac(), s[1].mac(), EthernetFrame.IPV4, new byte[46]);
        s[0].got();
        s[0].send(s[1], Ipv4Packet.ICMP, new byte[8]);

        assertEquals(0, s[1].got());
        assertEquals(1, s[2].got());
    }

    @Test
    void aFrameToAStationOnTheSamePortStaysThere() {
        Station[] s = net.stations(PLAIN, 15, 16);
        s[0].send(BROADCAST, mac(99), 0x9999, new byte[46]);
        s[1].got();

        s[0].send(mac(99), s[0].mac(), EthernetFrame.IPV4, new byte[46]);

        assertEquals(1, s[0].drops(PortDrop.SAME_PORT));
        assertEquals(0, s[1].got());
    }

    @Test
    void aGuestGoesAndComesBack() {
        Station[] s = net.stations(PLAIN, 15, 16);
        s[1].port().close();
        s[1].port().close();

        assertTrue(s[1].link().isClosed());
        assertEquals(1, net.lan.macsKnown());
        s[0].send(s[1], Ipv4Packet.ICMP, new byte[8]);
        s[1].link().deliver(new EthernetFrame(BROADCAST, s[1].mac(), 0x9999, new byte[46]).encode());
        assertEquals(0, s[0].got(), "a frame in flight from a port that is gone");

        Station back = net.station(16, OFFLOADING);
        back.askFor(GATEWAY);
        s[0].got();
        back.guest().takeAll();
        s[0].send(back, Ipv4Packet.ICMP, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]).encode());
        assertEquals(s[0].ip(), back.guest().poll().ipv4().src());
        assertEquals(List.of("port15", "port16"), net.lan.ports().stream().map(SwitchPort::name).toList());
    }

    @Test
    void aPortMayGoWhileItIsWrittenTo() {
        Station[] s = net.stations(PLAIN, 15, 16, 17, 18);
        s[1].link().onTransmit(_ -> s[1].port().close());
        s[2].link().onTransmit(_ -> s[3].port().close());

        s[0].send(BROADCAST, s[0].mac(), 0x9999, new byte[46]);

        assertEquals(List.of("port15", "port17"), net.lan.ports().stream().map(SwitchPort::name).toList());
        assertEquals(0, s[3].got());
        s[0].askFor(GATEWAY);
        assertEquals(GATEWAY_MAC, s[0].guest().takeAll().getLast().arp().senderMac());
    }

    @Test
    void aPortMayGoAmidTheSegmentsOfASuperFrame() {
        Station from = net.stations(OFFLOADING, 15)[0];
        Station to = net.stations(PLAIN, 16)[0];
        to.link().onTransmit(_ -> to.port().close());
        byte[] tcp = new TcpSegment(1, 2, 3, 4, TcpSegment.ACK, 5, 0, List.of(), new byte[10_000]).encode(from.ip(), to.ip());

        byte[] packet = Ipv4Packet.of(Ipv4Packet.TCP, from.ip(), to.ip(), tcp).encode();
        from.send(new EthernetFrame(to.mac(), from.mac(), EthernetFrame.IPV4, packet).encode(), Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_460, 54, 34, 16));

        assertEquals(1, to.got());
    }

    @Test
    void aLinkThatAnswersFromInsideItsTransmissionLosesTheAnswer() {
        Station[] s = net.stations(PLAIN, 15, 16, 17);
        s[1].link().onTransmit(_ -> s[1].link().deliver(new EthernetFrame(s[2].mac(), s[1].mac(), 0x9999, new byte[46]).encode()));

        s[0].send(BROADCAST, s[0].mac(), 0x9999, new byte[1_000]);

        assertEquals(1, s[1].drops(PortDrop.NESTED));
        assertEquals(1_014, s[2].link().takeSent().getFirst().bytes().length);
    }

    @Test
    void aFullGuestLosesItsFramesAndNobodyElse() {
        Station[] s = net.stations(PLAIN, 15, 16, 17);
        s[1].link().setRoom(0);

        for (int i = 0; i < 100; i++) {
            s[0].send(BROADCAST, s[0].mac(), 0x9999, new byte[46]);
        }

        assertEquals(100, s[1].port().linkDropped());
        assertEquals(100, net.lan.dropped());
        assertEquals(100, s[2].got());
        s[1].port().close();
        assertEquals(100, net.lan.dropped(), "the count stays when the port goes");
    }

    @Test
    void linksAreFlushedOncePerRoundAndOnlyIfWrittenTo() {
        Station[] s = net.stations(PLAIN, 15, 16, 17);
        long before = s[1].link().flushes();
        long idle = s[2].link().flushes();

        net.reactor.round(() -> {
            for (int i = 0; i < 10; i++) {
                s[0].guest().send(s[1].mac(), EthernetFrame.IPV4, new byte[46]);
            }
        });

        assertEquals(before + 1, s[1].link().flushes());
        assertEquals(idle, s[2].link().flushes());
        assertEquals(Long.MAX_VALUE, net.reactor.nextEventNs(), "nothing is armed for frames among guests");
    }

    @Test
    void portsBeyondTheLimitAreRefused() {
        net.close();
        net = new LanFixture(GuestNetworkConfig.defaults(), SwitchConfig.defaults(1500).withLimits(2, 16, 4));
        net.stations(PLAIN, 15, 16);
        SimLink third = new SimLink(net.reactor, PLAIN, net.allocator);

        assertNull(net.lan.add(PortConfig.open("third"), third));
        assertEquals(1, net.lan.portsRefused());
        assertFalse(third.isClosed());
    }

    @Test
    void aLinkWithASmallerMtuIsRefused() {
        SimLink narrow = new SimLink(net.reactor, LinkCapabilities.plain(1400), net.allocator);

        assertThrows(IllegalArgumentException.class, () -> net.lan.add(PortConfig.open("narrow"), narrow));
    }

    @Test
    void whatTheNetworkSeesNeverChanges() {
        LinkCapabilities before = net.lan.capabilities();
        net.stations(PLAIN, 15, 16);

        assertEquals(LinkCapabilities.offloading(1500, true), before);
        assertEquals(before, net.lan.capabilities());
    }

    @Test
    void countersOfAPortAddUp() {
        Station[] s = net.stations(PLAIN, 15, 16);
        SwitchPort port = s[0].port();
        long in = port.bytesFromGuest();
        long out = port.bytesToGuest();

        s[0].send(s[1], Ipv4Packet.ICMP, new byte[100]);
        s[1].send(s[0], Ipv4Packet.ICMP, new byte[200]);

        assertEquals(in + 134, port.bytesFromGuest());
        assertEquals(out + 234, port.bytesToGuest());
    }

    @Test
    void aGuestWithTooLargeAnMtuReachesTheGatewayOnly() {
        Station[] s = {net.station(15, LinkCapabilities.plain(9000)), net.station(16, PLAIN)};
        s[0].askFor(GATEWAY);
        s[1].askFor(GATEWAY);
        s[0].got();
        s[1].got();

        s[0].send(s[1], Ipv4Packet.ICMP, new byte[3_000]);

        assertEquals(1, s[0].drops(PortDrop.TOO_BIG));
        assertEquals(0, s[1].got());
        s[0].guest().takeAll();
        s[0].guest().send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[3_000]));
        net.reactor.settle();
        assertEquals(3, s[0].got(), "the echo, in fragments of the network's MTU");
    }

    @Test
    void anAnnouncementReachesTheNetworksNeighbourTable() {
        Station[] s = net.stations(PLAIN, 15, 16);

        s[0].guest().send(BROADCAST, EthernetFrame.ARP, new ArpMessage(ArpMessage.REQUEST, s[0].mac(), s[0].ip(), 0, s[0].ip()).encode());

        assertEquals(2, net.network.counters().get(Counter.ARP_LEARNED));
    }
}
