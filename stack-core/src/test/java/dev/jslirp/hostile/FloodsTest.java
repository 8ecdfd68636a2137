package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.host.HostError;
import dev.jslirp.nat.NatConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.SimHostNetwork.ConnectOutcome;
import dev.jslirp.testkit.UdpDatagram;
import org.junit.jupiter.api.Test;

/// Datagrams, echo requests and flows by the ten thousand.
class FloodsTest extends HostileTest {
    @Test
    void aUdpScanOfEveryPortTakesOneSocketAndFewPeers() {
        for (int port = 1; port <= 65_535; port++) {
            sendUdp(5_000, FAR, port, new byte[1]);
            if (port % 5_000 == 0) {
                net.host.datagrams().getLast().sent().clear();
            }
        }
        net.reactor.settle();

        assertEquals(1, net.network.flowCount());
        assertEquals(1, net.host.socketsOpen());
        assertEquals(0, held());
        // The peer spoken to first is forgotten, and filtered.
        net.host.datagrams().getLast().peerSend(socket("198.51.100.7", 1), new byte[1]);
        net.host.datagrams().getLast().peerSend(socket("198.51.100.7", 65_535), new byte[1]);
        net.reactor.settle();
        assertEquals(1, net.guest.takeAll().size());
    }

    @Test
    void aUdpScanFromEveryPortTakesNoOtherGuestsFlow() {
        int port = 30_000;
        byte[] datagram = new UdpDatagram(port, 9, new byte[4]).encode(SECOND, FAR);
        fromSecond(FAR, Ipv4Packet.UDP, datagram);
        SimHostDatagrams seconds = net.host.datagrams().getLast();
        for (int src = 1; src <= 65_535; src += 4) {
            sendUdp(src, FAR, 9, new byte[1]);
        }
        net.reactor.settle();

        assertEquals(4_096, net.network.flowCount());
        assertEquals(4_096, net.host.socketsOpen());
        assertNotEquals(0, count(Counter.UDP_FLOW_LIMIT));
        seconds.peerSend(socket("198.51.100.7", 9), new byte[7]);
        net.reactor.settle();
        assertEquals(7, toSecond().getLast().udp().payload().length);
        net.reactor.advance(200 * S);
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void icmpErrorsForAFloodAreLimited() {
        net.host.whenSendingTo(socket("198.51.100.7", 9), HostError.REFUSED);
        for (int i = 0; i < 10_000; i++) {
            sendUdp(5_000, FAR, 9, new byte[1]);
        }
        net.reactor.settle();

        assertEquals(config().net().icmpErrorBurst(), count(Counter.ICMP_ERRORS_SENT));
        assertNotEquals(0, count(Counter.ICMP_ERRORS_RATE_LIMITED));
        net.reactor.advance(S);
    }

    @Test
    void anEchoFloodTakesNoMoreSocketsThanTheLimit() {
        for (int id = 0; id < 20_000; id++) {
            net.guest.send(FAR + id % 50, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, id << 16 | 1, new byte[8]));
        }
        net.reactor.settle();

        assertEquals(256, net.network.flowCount());
        assertEquals(256, net.host.socketsOpen());
        assertEquals(20_000 - 256, count(Counter.ECHO_FLOW_LIMIT));
        net.reactor.advance(31 * S);
        assertEquals(0, net.host.socketsOpen());
    }

    /// libslirp opens a socket for every request in flight.
    @Test
    void pingsOfOneIdentifierShareASocket() {
        for (int sequence = 0; sequence < 10_000; sequence++) {
            net.guest.send(FAR, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 7 << 16 | sequence, new byte[8]));
        }

        assertEquals(1, net.host.socketsOpen());
    }

    @Test
    void anEchoFloodToTheGatewayIsAnsweredFrameByFrame() {
        for (int sequence = 0; sequence < 10_000; sequence++) {
            net.guest.send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, sequence, new byte[1_400]));
            if (sequence % 500 == 0) {
                discard();
            }
        }

        assertEquals(10_000, count(Counter.ECHO_ANSWERED));
        assertEquals(0, held());
    }

    /// Keys that would collide under a hash that can be foreseen: ports that count, addresses that differ in high bits.
    @Test
    void flowsChosenToCollideAreFoundAllTheSame() {
        startNat(NatConfig.defaults().withFlows(65_536, 65_536, 10, 10));
        net.host.whenConnecting(ConnectOutcome.NEVER);
        int flows = 0;
        for (int i = 0; i < 128; i++) {
            for (int port = 256; port < 65_536; port += 1_024) {
                sendSyn(port, v4("192.0.0.0") + (i << 16), port);
                flows++;
            }
        }
        assertEquals(flows, net.network.flowCount());

        // Each is found again: its retransmission opens nothing.
        for (int i = 0; i < 128; i += 16) {
            for (int port = 256; port < 65_536; port += 1_024) {
                sendSyn(port, v4("192.0.0.0") + (i << 16), port);
            }
        }
        assertEquals(flows, net.network.flowCount());
        net.reactor.advance(200 * S);
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void datagramsOfStrangersAreNotShownToTheGuest() {
        sendUdp(5_000, FAR, 9, new byte[1]);
        net.reactor.settle();
        SimHostDatagrams socket = net.host.datagrams().getLast();
        for (int i = 0; i < 10_000; i++) {
            socket.peerSend(socket("203.0.113.5", 1_024 + i), new byte[100]);
        }
        net.reactor.settle();

        assertEquals(0, net.guest.inbox().size());
        assertEquals(0, held());
        net.reactor.advance(31 * S);
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void whenTheHostHasNoSocketsUdpIsDropped() {
        net.host.setSocketsMax(5);
        for (int i = 0; i < 1_000; i++) {
            sendUdp(1_024 + i, FAR, 9, new byte[10]);
        }
        net.reactor.settle();

        assertEquals(5, net.network.flowCount());
        assertEquals(995, count(Counter.UDP_SEND_FAILED));
        assertTrue(net.guest.inbox().isEmpty());
        net.host.setSocketsMax(Integer.MAX_VALUE);
    }
}
