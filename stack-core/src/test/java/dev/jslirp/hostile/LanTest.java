package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.nat.NatConfig;
import dev.jslirp.nat.PortForward;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.net.NetConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// ARP and DHCP by a guest that wants all of it.
class LanTest extends HostileTest {
    private static final long BROADCAST = 0xffff_ffff_ffffL;

    private void arp(int operation, long mac, int senderIp, int targetIp) {
        ArpMessage message = new ArpMessage(operation, mac, senderIp, 0, targetIp);
        net.link.deliver(new EthernetFrame(BROADCAST, mac, EthernetFrame.ARP, message.encode()).encode());
    }

    @Test
    void anArpFloodFillsABoundedTable() {
        for (int i = 0; i < 20_000; i++) {
            arp(ArpMessage.REPLY, 0x0200_0000_0000L + i, v4("10.0.2.0") + 4 + i % 250, GATEWAY);
        }
        net.reactor.settle();

        assertEquals(0, net.guest.inbox().size());
        assertEquals(0, held());
    }

    @Test
    void anArpFloodOfALargeNetworkEvictsTheLeastHeard() {
        start(config().withAddresses(AddressPlan.of(IpAddress.parse("10.0.0.0"), 16)));
        for (int i = 20; i < 20_000; i++) {
            arp(ArpMessage.REQUEST, 0x0200_0000_0000L + i, v4("10.0.0.0") + i, v4("10.0.0.2"));
            if (i % 1_000 == 0) {
                discard();
            }
        }

        assertTrue(count(Counter.NEIGHBOR_LIMIT) >= 19_000);
        // The second guest of this class speaks from another network.
        start(config());
    }

    @Test
    void theGatewaysAddressesCannotBeClaimed() {
        for (int ours : new int[] {GATEWAY, DNS}) {
            arp(ArpMessage.REPLY, net.guest.mac(), ours, ours);
            arp(ArpMessage.REQUEST, net.guest.mac(), ours, ours);
        }
        arp(ArpMessage.REPLY, net.guest.mac(), FAR, GATEWAY);
        arp(ArpMessage.REPLY, net.guest.mac(), v4("10.0.2.255"), GATEWAY);

        assertEquals(6, drops(DropReason.ARP_SPOOFED));
        assertEquals(0, net.guest.inbox().size());
    }

    @Test
    void nobodyClaimsAnotherStationsHardwareAddress() {
        ArpMessage lie = new ArpMessage(ArpMessage.REPLY, 0x5254_0077_7777L, ATTACKER, 0, GATEWAY);
        net.guest.send(BROADCAST, EthernetFrame.ARP, lie.encode());

        assertEquals(1, drops(DropReason.ARP_SPOOFED));
    }

    /// CVE-2017-13711: queued packets of a connection that dies while its guest's station is unknown.
    @Test
    void packetsForAGuestThatDoesNotAnswerArpAreBounded() {
        NetConfig d = config().net();
        start(config().withNet(new NetConfig(8, d.neighborAgeNs(), 40, 20_000, d.reassemblyBytesMax(), d.reassemblyDatagramsMax(),
                d.reassemblyFragmentsMax(), d.reassemblyAgeNs(), d.icmpErrorsPerSecond(), d.icmpErrorBurst())));
        net.guest.setAnswersArp(false);
        int guests = 40;
        List<SimHostDatagrams> sockets = new ArrayList<>();
        for (int i = 0; i < guests; i++) {
            int src = v4("10.0.2.100") + i;
            byte[] datagram = new UdpDatagram(5_000, 9, new byte[10]).encode(src, FAR);
            net.guest.send(Ipv4Packet.of(Ipv4Packet.UDP, src, FAR, datagram));
            sockets.add(net.host.datagrams().getLast());
        }
        // The table remembers eight of them.
        for (SimHostDatagrams socket : sockets) {
            for (int i = 0; i < 10; i++) {
                socket.peerSend(socket("198.51.100.7", 9), new byte[1_400]);
            }
        }
        net.reactor.settle();
        assertNotEquals(0, count(Counter.NEIGHBOR_PENDING_LIMIT));
        assertNotEquals(0, drops(DropReason.NEIGHBOR_UNRESOLVED));
        assertHeldAtMost(20_000);
        net.reactor.advance(200 * S);
        assertEquals(0, net.network.flowCount());
        assertEquals(0, held());
    }

    @Test
    void aForwardToAGuestThatIsNotThereHoldsFewPacketsAndEnds() throws IOException {
        net.network.forwards().add(PortForward.parse("tcp::8080-10.0.2.99:80", IpAddress.v4(ATTACKER)).getFirst());
        for (int i = 0; i < 200; i++) {
            net.host.peerConnect(socket("192.168.7.7", 8080), socket("192.0.2.1", 1_000 + i));
        }
        net.reactor.settle();

        assertEquals(200 - 64, count(Counter.NEIGHBOR_PENDING_LIMIT));
        assertHeldAtMost(64 * 100);
        net.reactor.advance(300 * S);
        assertEquals(0, net.network.flowCount());
        assertEquals(0, held());
    }

    // ---- DHCP

    private static WireWriter bootp(long mac) {
        return new WireWriter().u8(1).u8(1).u8(6).u8(0).u32((int) mac).padTo(28).mac(mac).padTo(236);
    }

    private void dhcp(long mac, byte[] message) {
        byte[] datagram = new UdpDatagram(68, 67, message).encode(0, -1);
        net.link.deliver(new EthernetFrame(BROADCAST, mac, EthernetFrame.IPV4,
                Ipv4Packet.of(Ipv4Packet.UDP, 0, -1, datagram).encode()).encode());
    }

    @Test
    void dhcpStarvationTakesLeasesOnlyForAWhile() {
        for (int i = 0; i < 5_000; i++) {
            dhcp(0x0200_0000_0000L + i, bootp(0x0200_0000_0000L + i).u32(0x6382_5363).u8(53).u8(1).u8(1).u8(255).toByteArray());
        }
        net.reactor.settle();
        assertTrue(count(Counter.DHCP_OFFERS) >= 200);
        discard();

        // Offers that nobody takes give way at once: an honest guest gets an address.
        long honest = 0x5254_00aa_aaaaL;
        dhcp(honest, bootp(honest).u32(0x6382_5363).u8(53).u8(1).u8(1).u8(255).toByteArray());
        net.reactor.settle();
        assertEquals(1, net.guest.inbox().size());
        assertEquals(0, net.network.leases().size());
        assertEquals(0, held());
    }

    @Test
    void dhcpRequestsForEveryAddressBindNoMoreThanTheLimit() {
        for (int i = 0; i < 2_000; i++) {
            long mac = 0x0200_0000_0000L + i;
            dhcp(mac, bootp(mac).u32(0x6382_5363).u8(53).u8(1).u8(3).u8(50).u8(4).u32(v4("10.0.2.0") + i % 256).u8(255).toByteArray());
        }
        net.reactor.settle();

        assertTrue(net.network.leases().size() <= 200);
        assertNotEquals(0, count(Counter.DHCP_NAKS));
        net.reactor.advance(86_401 * S);
        assertEquals(0, net.network.leases().size());
    }

    /// CVE-2021-3592: a body shorter than BOOTP.
    @Test
    void dhcpOfEveryLengthDoesNoHarm() {
        byte[] whole = bootp(net.guest.mac()).u32(0x6382_5363).u8(53).u8(1).u8(1).u8(61).u8(7).mac(net.guest.mac()).u8(0).u8(255)
                .toByteArray();
        for (int length = 0; length < whole.length; length++) {
            dhcp(net.guest.mac(), Arrays.copyOf(whole, length));
        }
        net.reactor.settle();

        assertTrue(drops(DropReason.DHCP_MALFORMED) >= 240);
    }

    /// CVE-2017-11434: an option whose length runs past the end.
    @Test
    void dhcpOptionsThatRunPastTheEndAreDropped() {
        for (int code = 1; code < 255; code++) {
            for (int length : new int[] {1, 4, 200, 255}) {
                dhcp(net.guest.mac(), bootp(net.guest.mac()).u32(0x6382_5363).u8(53).u8(1).u8(1).u8(code).u8(length).toByteArray());
            }
        }
        net.reactor.settle();

        assertEquals(254 * 4, drops(DropReason.DHCP_MALFORMED) + count(Counter.DHCP_OFFERS));
        assertNotEquals(0, drops(DropReason.DHCP_MALFORMED));
    }

    @Test
    void randomDhcpOptionsDoNoHarm() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 3_000; i++) {
            byte[] options = new byte[random.nextInt(300)];
            random.nextBytes(options);
            dhcp(net.guest.mac(), bootp(net.guest.mac()).u32(0x6382_5363).u8(53).u8(1).u8(random.nextInt(10)).bytes(options).toByteArray());
            discard();
        }
        assertEquals(0, held());
    }

    /// CVE-2026-95508: replies larger than a small link.
    @ParameterizedTest
    @ValueSource(ints = {576, 600, 1_280})
    void dhcpRepliesFitASmallLinkWhateverIsAsked(int mtu) {
        start(config(), LinkCapabilities.plain(mtu));
        WireWriter message = bootp(net.guest.mac()).u32(0x6382_5363).u8(53).u8(1).u8(1).u8(57).u8(2).u16(65_535).u8(61).u8(255)
                .bytes(new byte[255]).u8(55).u8(255);
        for (int code = 0; code < 255; code++) {
            message.u8(code);
        }
        byte[] bytes = message.u8(255).toByteArray();
        byte[] datagram = new UdpDatagram(68, 67, bytes).encode(0, -1);
        Ipv4Packet.of(Ipv4Packet.UDP, 0, -1, datagram).fragments((mtu - 20) / 8 * 8).forEach(packet ->
                net.guest.send(BROADCAST, EthernetFrame.IPV4, packet.encode()));
        net.reactor.settle();

        assertEquals(1, count(Counter.DHCP_OFFERS));
    }

    @Test
    void aSegmentFromEverySpoofedAddressOpensNoMoreFlowsThanTheLimit() {
        startNat(NatConfig.defaults().withFlows(100, 100, 100, 100));
        for (int i = 4; i < 250; i++) {
            int src = v4("10.0.2.0") + i;
            byte[] syn = new TcpSegment(1, 80, 1, 0, TcpSegment.SYN, 1000, 0, List.of(), new byte[0]).encode(src, FAR);
            net.guest.send(Ipv4Packet.of(Ipv4Packet.TCP, src, FAR, syn));
        }
        net.reactor.settle();

        assertEquals(100, net.network.flowCount());
        assertEquals(146, count(Counter.TCP_FLOW_LIMIT));
        net.reactor.advance(200 * S);
        assertEquals(0, net.network.flowCount());
    }
}
