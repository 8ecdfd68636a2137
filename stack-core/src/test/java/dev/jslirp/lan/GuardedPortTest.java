package dev.jslirp.lan;

import static dev.jslirp.lan.LanFixture.BROADCAST;
import static dev.jslirp.lan.LanFixture.GATEWAY;
import static dev.jslirp.lan.LanFixture.GATEWAY_MAC;
import static dev.jslirp.lan.LanFixture.OFFLOADING;
import static dev.jslirp.lan.LanFixture.PLAIN;
import static dev.jslirp.lan.LanFixture.ip;
import static dev.jslirp.lan.LanFixture.mac;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.lan.LanFixture.Station;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimLink;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.DhcpMessage;
import dev.jslirp.wire.DhcpOptions;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.Offload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Who may say what on the switch.
class GuardedPortTest {
    private static final int ANY = 0, EVERYBODY = -1;

    private LanFixture net = new LanFixture();

    @AfterEach
    void everythingIsReleased() {
        net.close();
    }

    @Test
    void noPortMayClaimTheGateway() {
        Station[] s = net.stations(PLAIN, 15, 16);
        int dns = LanFixture.PLAN.dns().v4Bits();

        s[0].send(s[1].mac(), GATEWAY_MAC, 0x9999, new byte[46]);
        s[0].send(BROADCAST, s[0].mac(), EthernetFrame.ARP, arp(ArpMessage.REPLY, s[0].mac(), GATEWAY));
        s[0].send(BROADCAST, s[0].mac(), EthernetFrame.ARP, arp(ArpMessage.REQUEST, s[0].mac(), dns));
        s[0].send(BROADCAST, s[0].mac(), EthernetFrame.ARP, arp(ArpMessage.REPLY, GATEWAY_MAC, s[0].ip()));
        s[0].send(s[1].mac(), s[0].mac(), EthernetFrame.IPV4, Ipv4Packet.of(17, dns, s[1].ip(), new byte[20]).encode());

        assertEquals(5, s[0].drops(PortDrop.GATEWAY_CLAIMED));
        assertEquals(0, s[1].got());
    }

    @Test
    void noPortMayHideAClaimBehindATag() {
        Station[] s = net.stations(PLAIN, 15, 16);
        byte[] tagged = new WireWriter().u16(0).u16(EthernetFrame.ARP).bytes(arp(ArpMessage.REPLY, s[0].mac(), GATEWAY)).toByteArray();

        s[0].send(BROADCAST, s[0].mac(), 0x8100, tagged);
        s[0].send(BROADCAST, s[0].mac(), 0x88a8, tagged);

        assertEquals(2, s[0].drops(PortDrop.TAGGED));
        assertEquals(0, s[1].got());
    }

    @Test
    void nothingIsLearnedFromGroupAddressesOrZero() {
        Station[] s = net.stations(PLAIN, 15, 16);

        s[0].send(BROADCAST, 0, 0x9999, new byte[46]);
        s[0].send(BROADCAST, 0x0100_5e00_0001L, 0x9999, new byte[46]);

        assertEquals(2, s[0].drops(PortDrop.SOURCE_MAC));
        assertEquals(2, net.lan.macsKnown());
        assertEquals(0, s[1].got());
    }

    @Test
    void aGuardedGuestGetsALeaseAndThenTheNetwork() {
        Station guest = guarded(15);
        guest.guest().send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        assertEquals(1, guest.drops(PortDrop.SPOOFED_ADDRESS), "not leased yet");

        lease(guest);

        guest.askFor(GATEWAY);
        guest.guest().send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        net.reactor.settle();
        assertEquals(IcmpMessage.ECHO_REPLY, guest.guest().takeAll().getLast().icmp().type());
        assertEquals(1, net.network.counters().get(Counter.DHCP_ACKS));
    }

    @Test
    void aGuardedGuestSpeaksForNoOtherAddress() {
        Station other = net.stations(PLAIN, 20)[0];
        Station guest = guarded(15);
        lease(guest);
        other.got();

        guest.send(other.mac(), guest.mac(), EthernetFrame.IPV4, Ipv4Packet.of(17, ip(21), other.ip(), new byte[20]).encode());
        guest.send(BROADCAST, guest.mac(), EthernetFrame.ARP, arp(ArpMessage.REQUEST, guest.mac(), ip(21)));
        guest.send(BROADCAST, guest.mac(), EthernetFrame.ARP, arp(ArpMessage.REPLY, guest.mac(), ANY));
        guest.send(BROADCAST, guest.mac(), EthernetFrame.IPV4, Ipv4Packet.of(17, ANY, EVERYBODY, new UdpDatagram(9, 9, new byte[9])
                .encode(ANY, EVERYBODY)).encode());
        assertEquals(4, guest.drops(PortDrop.SPOOFED_ADDRESS));
        guest.send(BROADCAST, guest.mac(), EthernetFrame.ARP, arp(ArpMessage.REPLY, mac(20), guest.ip()));
        guest.send(BROADCAST, mac(21), EthernetFrame.ARP, arp(ArpMessage.REPLY, mac(21), guest.ip()));
        assertEquals(2, guest.drops(PortDrop.SPOOFED_MAC));
        guest.send(BROADCAST, guest.mac(), 0x86dd, new byte[60]);
        guest.send(BROADCAST, guest.mac(), EthernetFrame.IPV4, new byte[60]);
        assertEquals(2, guest.drops(PortDrop.ETHER_TYPE));

        assertEquals(0, other.got());
        guest.send(BROADCAST, guest.mac(), EthernetFrame.ARP, arp(ArpMessage.REQUEST, guest.mac(), ANY));
        guest.askFor(other.ip());
        assertEquals(2, other.got(), "a probe and an honest request");
    }

    @Test
    void aGuardedGuestIsNoDhcpServerAndNobodyElse() {
        Station guest = guarded(15);
        lease(guest);
        byte[] forged = dhcp(DhcpMessage.RELEASE, mac(16), GATEWAY, ip(16));

        guest.send(BROADCAST, guest.mac(), EthernetFrame.IPV4, packet(guest.ip(), 67, 68, forged).encode());
        guest.send(GATEWAY_MAC, guest.mac(), EthernetFrame.IPV4, packet(ANY, 68, 67, forged).encode());
        guest.send(GATEWAY_MAC, guest.mac(), EthernetFrame.IPV4, packet(guest.ip(), 68, 67, forged).encode());
        Ipv4Packet piece = packet(guest.ip(), 68, 67, forged).fragments(32).getFirst();
        guest.send(GATEWAY_MAC, guest.mac(), EthernetFrame.IPV4, piece.encode());

        assertEquals(4, guest.drops(PortDrop.DHCP));
    }

    @Test
    void nobodyTakesTheMacAddressOfAGuardedPort() {
        Station guest = guarded(15);
        lease(guest);
        Station thief = net.station(16, PLAIN);
        Station guardedThief = guarded(17);

        thief.send(BROADCAST, guest.mac(), 0x9999, new byte[46]);
        guardedThief.send(BROADCAST, guest.mac(), 0x9999, new byte[46]);

        assertEquals(1, thief.drops(PortDrop.SPOOFED_MAC));
        assertEquals(1, guardedThief.drops(PortDrop.SPOOFED_MAC));
        thief.got();
        Station sender = net.stations(PLAIN, 18)[0];
        guest.got();
        thief.got();
        sender.send(guest, Ipv4Packet.ICMP, new byte[8]);
        assertEquals(1, guest.got());
        assertEquals(0, thief.got());
    }

    @Test
    void aConfiguredMacAddressIsTakenFromWhoUsedItBefore() {
        Station squatter = net.station(16, PLAIN);
        squatter.send(BROADCAST, mac(15), 0x9999, new byte[46]);

        Station guest = net.station(15, PLAIN, PortConfig.guarded("guest", new MacAddress(mac(15))));

        squatter.send(BROADCAST, mac(15), 0x9999, new byte[46]);
        assertEquals(1, squatter.drops(PortDrop.SPOOFED_MAC));
        assertEquals(0, guest.got());
        SimLink second = new SimLink(net.reactor, PLAIN, net.allocator);
        for (long taken : List.of(mac(15), GATEWAY_MAC)) {
            assertThrows(IllegalArgumentException.class, () -> net.lan.add(PortConfig.guarded("second", new MacAddress(taken)), second));
        }
    }

    @Test
    void aGuardedGuestDoesNotOverhearUnicastOfOthers() {
        Station sender = net.stations(PLAIN, 16)[0];
        Station guest = guarded(15);
        guest.send(BROADCAST, guest.mac(), EthernetFrame.ARP, arp(ArpMessage.REQUEST, guest.mac(), ANY));
        sender.got();
        guest.got();

        sender.send(mac(99), sender.mac(), EthernetFrame.IPV4, new byte[46]);
        assertEquals(0, guest.got());
        sender.send(BROADCAST, sender.mac(), 0x9999, new byte[46]);
        assertEquals(1, guest.got());
    }

    @Test
    void aGuestThatComesBackKeepsItsLease() {
        Station guest = guarded(15);
        lease(guest);
        guest.port().close();

        Station back = guarded(15);
        back.askFor(GATEWAY);

        assertEquals(GATEWAY_MAC, back.guest().poll().arp().senderMac());
    }

    @Test
    void anAddressLeasedToSomebodyElseIsLost() {
        Station guest = guarded(15);
        lease(guest);

        net.lan.lease(new MacAddress(mac(77)), IpAddress.v4(guest.ip()));
        guest.askFor(GATEWAY);

        assertEquals(1, guest.drops(PortDrop.SPOOFED_ADDRESS));
    }

    @Test
    void leasesBeyondTheLimitAreForgottenButPortsKeepTheirs() {
        net.close();
        net = new LanFixture(GuestNetworkConfig.defaults(), SwitchConfig.defaults(1500).withLeases(10));
        Station guest = guarded(15);
        lease(guest);
        for (int i = 0; i < 1_000; i++) {
            net.lan.lease(new MacAddress(mac(1_000 + i)), IpAddress.v4(ip(100) + i));
        }

        guest.askFor(GATEWAY);

        assertEquals(GATEWAY_MAC, guest.guest().poll().arp().senderMac());
        assertEquals(991, net.lan.leaseLimits());
        guest.port().close();
        Station back = guarded(15);
        back.askFor(GATEWAY);
        assertEquals(1, back.drops(PortDrop.SPOOFED_ADDRESS), "it asks for its lease anew");
    }

    @Test
    void anOpenChecksumCannotRewriteWhatWasChecked() {
        Station other = net.stations(OFFLOADING, 20)[0];
        Station guest = net.station(15, OFFLOADING, PortConfig.guarded("guest"));
        lease(guest);
        other.got();
        byte[] frame = new EthernetFrame(other.mac(), guest.mac(), EthernetFrame.IPV4, packet(guest.ip(), 68, 68, new byte[300]).encode())
                .encode();

        // Places: Ethernet source, IPv4 checksum, IPv4 source, UDP source port.
        for (int[] place : new int[][] {{0, 6}, {14, 10}, {14, 12}, {20, 6}, {34, 0}, {35, 6}, {36, 6}, {34, 16}}) {
            guest.send(frame, Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, 0, place[0], place[1]));
        }

        assertEquals(8, guest.drops(PortDrop.OFFLOAD));
        assertEquals(0, other.got());
    }

    // ---- messages

    private Station guarded(int number) {
        return net.station(number, PLAIN, PortConfig.guarded("guarded" + number));
    }

    private void lease(Station guest) {
        guest.send(BROADCAST, guest.mac(), EthernetFrame.IPV4,
                packet(ANY, 68, 67, dhcp(DhcpMessage.REQUEST, guest.mac(), GATEWAY, guest.ip())).encode());
        guest.guest().takeAll();
        guest.got();
    }

    private static byte[] dhcp(int type, long chaddr, int server, int address) {
        DhcpOptions options = new DhcpOptions().put(DhcpOptions.MESSAGE_TYPE, (byte) type).putInt(DhcpOptions.SERVER_ID, server)
                .putInt(DhcpOptions.REQUESTED_ADDRESS, address);
        ByteBuf bytes = Unpooled.buffer();
        new DhcpMessage(1, 7, 0, 0, 0, 0, 0, 0, chaddr, "", options).write(bytes, 548);
        return ByteBufUtil.getBytes(bytes);
    }

    private static Ipv4Packet packet(int src, int srcPort, int dstPort, byte[] payload) {
        int dst = src == ANY ? EVERYBODY : GATEWAY;
        return Ipv4Packet.of(Ipv4Packet.UDP, src, dst, new UdpDatagram(srcPort, dstPort, payload).encode(src, dst));
    }

    private static byte[] arp(int operation, long senderMac, int senderIp) {
        return new ArpMessage(operation, senderMac, senderIp, 0, GATEWAY).encode();
    }
}
