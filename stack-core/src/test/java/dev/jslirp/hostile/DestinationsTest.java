package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.host.HostError;
import dev.jslirp.nat.NatConfig;
import dev.jslirp.nat.PortForward;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Places a guest must not reach, under every name, by every protocol.
class DestinationsTest extends HostileTest {
    private void sendToAll(int dst) {
        for (int port : new int[] {1, 22, 53, 80, 631, 4_444, 65_535}) {
            sendSyn(5_000, dst, port);
            sendUdp(5_000, dst, port, new byte[4]);
        }
        net.guest.send(dst, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        net.reactor.settle();
    }

    private void assertNothingReachedTheHost() {
        assertEquals(0, net.host.streams().size());
        assertEquals(0, net.host.datagrams().size());
        assertEquals(0, net.host.echoes().size());
        assertEquals(0, net.network.flowCount());
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.0.0.53", "127.1.2.3", "127.255.255.255", "0.0.0.0", "0.0.0.1", "0.255.255.255", "224.0.0.1",
        "224.0.0.251", "239.255.255.250", "240.0.0.1", "255.255.255.254", "255.255.255.255", "10.0.2.255", "10.0.2.0", "10.0.2.16",
        "10.0.2.15", "169.254.169.254", "169.254.0.1"})
    void literalNamesOfTheHostGroupsAndMetadataAreRefusedEvenWithHostLoopback(String address) {
        sendToAll(v4(address));
        int special = v4(address) >>> 28;
        if (special != 15 || address.startsWith("255.255.255.255")) {
            assertNothingReachedTheHost();
        } else {
            assertReserved(v4(address));
        }
    }

    /// 240/4 (RFC 1112 §4) is no group and no name of the host; whether it is routed is the host's business.
    private void assertReserved(int address) {
        net.host.streams().forEach(stream -> assertEquals(address, IpAddress.of(stream.remoteAddress().getAddress()).v4Bits()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.2.2", "127.0.0.1", "0.0.0.0", "255.255.255.255", "10.0.2.255", "10.0.2.0"})
    void withoutHostLoopbackNoNameLeadsToIt(String address) {
        startNat(NatConfig.defaults().withHostLoopback(false));
        sendToAll(v4(address));

        assertNothingReachedTheHost();
    }

    @Test
    void everyPortOfTheGatewayIsRefusedWithoutHostLoopback() {
        startNat(NatConfig.defaults().withHostLoopback(false));
        for (int port = 1; port <= 65_535; port += 7) {
            sendSyn(5_000, GATEWAY, port);
            sendUdp(5_000, GATEWAY, port, new byte[1]);
            if (port % 1_000 == 1) {
                discard();
            }
        }

        assertNothingReachedTheHost();
        assertNotEquals(0, count(Counter.TCP_RESETS_LIMITED));
        assertNotEquals(0, count(Counter.ICMP_ERRORS_RATE_LIMITED));
        net.reactor.advance(S);
    }

    /// Ports of the DNS address have no service but 53: no control plane listens where a guest can speak to it.
    @Test
    void theDnsAddressHasNothingButDns() {
        for (int port = 1; port <= 65_535; port += 11) {
            if (port != 53) {
                sendSyn(5_000, DNS, port);
                sendUdp(5_000, DNS, port, new byte[1]);
            }
            if (port % 1_000 == 1) {
                discard();
            }
        }

        assertNothingReachedTheHost();
        net.reactor.advance(S);
    }

    /// A host connects only to what the guest named, or to 127.0.0.1 for the gateway.
    @Test
    void aGuestReachesOnlyWhatItNames() {
        sendSyn(5_000, GATEWAY, 80);
        sendSyn(5_001, FAR, 80);
        net.reactor.settle();

        assertEquals(socket("127.0.0.1", 80), net.host.streams().getFirst().remoteAddress());
        assertEquals(socket("198.51.100.7", 80), net.host.streams().getLast().remoteAddress());
        assertTrue(net.host.listening().isEmpty());
    }

    /// CVE-2020-7211, CVE-2021-3595 and TFTP's symlinks: there is no TFTP server to escape from.
    @Test
    void tftpIsNotServed() {
        startNat(NatConfig.defaults().withHostLoopback(false));
        sendUdp(5_000, GATEWAY, 69, new byte[] {0, 1, '.', '.', '\\', '.', '.', '\\', 'x', 0, 'o', 'c', 't', 'e', 't', 0});
        sendUdp(5_000, GATEWAY, 69, new byte[] {0});
        net.reactor.settle();

        assertEquals(2, drops(DropReason.POLICY));
        assertNothingReachedTheHost();
    }

    /// libslirp says "port unreachable" from 127.0.0.1, which guests drop as martian.
    @Test
    void icmpErrorsComeFromTheAddressTheGuestKnows() {
        net.host.whenSendingTo(socket("127.0.0.1", 9), HostError.REFUSED);
        sendUdp(5_000, GATEWAY, 9, new byte[4]);
        net.reactor.settle();

        Received received = net.guest.poll();
        assertEquals(GATEWAY, received.ipv4().src());
        assertEquals(3, received.icmp().code());
    }

    @Test
    void aHostThatAnswersFromLoopbackIsNotShownWithoutHostLoopback() {
        startNat(NatConfig.defaults().withHostLoopback(false).withUdpFiltering(NatConfig.UdpFiltering.ENDPOINT_INDEPENDENT));
        sendUdp(5_000, FAR, 9, new byte[4]);
        net.reactor.settle();
        SimHostDatagrams socket = net.host.datagrams().getLast();
        for (String spoofed : new String[] {"127.0.0.1", "10.0.2.2", "10.0.2.3", "10.0.2.77", "255.255.255.255", "224.0.0.1", "0.0.0.0"}) {
            socket.peerSend(socket(spoofed, 9), new byte[4]);
        }
        net.reactor.settle();

        assertEquals(0, net.guest.inbox().size());
    }

    /// libslirp sends all replies from the first of two forwards to one guest port.
    @Test
    void twoForwardsToOneGuestPortAnswerFromTheirOwnSockets() throws IOException {
        for (String rule : new String[] {"udp::7001-:9", "udp::7002-:9"}) {
            net.network.forwards().add(PortForward.parse(rule, IpAddress.v4(ATTACKER)).getFirst());
        }
        SimHostDatagrams first = net.host.datagrams().getFirst();
        SimHostDatagrams second = net.host.datagrams().getLast();
        first.peerSend(socket("192.0.2.1", 1_111), new byte[] {1});
        second.peerSend(socket("192.0.2.1", 1_111), new byte[] {2});
        net.reactor.settle();
        for (Received received : net.guest.takeAll()) {
            UdpDatagram datagram = received.udp();
            sendUdp(9, GATEWAY, datagram.srcPort(), datagram.payload());
        }
        net.reactor.settle();

        assertEquals(1, first.sent().getFirst().bytes()[0]);
        assertEquals(2, second.sent().getFirst().bytes()[0]);
    }

    /// CVE-2026-115449: nothing of the host leaks into a reply when no ping socket can be had.
    @Test
    void withoutPingSocketsAnEchoIsProhibited() {
        net.host.setEchoAllowed(false);
        for (int i = 0; i < 1_000; i++) {
            net.guest.send(FAR, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, i << 16, new byte[8]));
        }
        net.reactor.settle();

        assertEquals(1_000, count(Counter.ECHO_FAILED));
        assertTrue(net.guest.takeAll().stream().allMatch(received -> received.icmp().type() == IcmpMessage.UNREACHABLE
                && received.icmp().code() == 13));
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void aReplyShorterThanItsRequestStaysShort() {
        net.guest.send(FAR, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1 << 16 | 1, new byte[1_000]));
        net.reactor.settle();
        net.host.echoes().getFirst().peerReply(1, 64, new byte[10]);
        net.reactor.settle();

        assertEquals(10, net.guest.poll().icmp().payload().length);
    }

    @Test
    void aTcpSegmentToAGroupIsNeverAnswered() {
        for (int flags = 0; flags < 64; flags++) {
            byte[] segment = new TcpSegment(1, 2, 3, 4, flags, 5, 0, List.of(), new byte[0]).encode(ATTACKER, -1);
            net.guest.send(Ipv4Packet.of(Ipv4Packet.TCP, ATTACKER, -1, segment));
        }
        net.reactor.settle();

        assertEquals(0, net.guest.inbox().size());
        assertFalse(net.network.flowCount() > 0);
    }
}
