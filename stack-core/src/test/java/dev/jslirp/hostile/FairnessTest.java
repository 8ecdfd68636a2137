package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import java.util.List;
import org.junit.jupiter.api.Test;

/// One flow at full speed must not make another one wait. Latency is counted in frames and rounds, not in time.
class FairnessTest extends HostileTest {
    /// Frames that one bulk flow may put before another flow's answer.
    private static final int FRAMES_BETWEEN = 400;

    private SimHostStream stream(String address) {
        return net.host.stream(socket(address, 80));
    }

    /// A download whose congestion window has grown to megabytes, with its whole window in flight.
    private Attack bulk(int port, String from) {
        Attack guest = new Attack(net, port, v4(from), 80);
        guest.synOptions = List.of(Attack.windowScale(10));
        guest.window = 16_000;
        guest.open();
        SimHostStream stream = stream(from);
        stream.peerSend(new byte[24 << 20]);
        net.reactor.settle();
        guest.read();
        for (int i = 0; i < 40 && guest.next - guest.ack < 2 << 20; i++) {
            guest.ack = guest.next;
            guest.acknowledge(guest.ack);
        }
        return guest;
    }

    @Test
    void aBulkDownloadDoesNotDelayAnAnswerOnAnotherConnection() {
        Attack other = new Attack(net, 6_000, v4("198.51.100.8"), 80).open();
        Attack bulk = bulk(5_000, "198.51.100.7");
        int inFlight = bulk.next - bulk.ack;
        SimHostStream stream = stream("198.51.100.8");

        // In one batch: an ACK that lets the bulk flow send all its window again, and the request.
        net.reactor.round(() -> {
            net.guest.send(v4("198.51.100.7"), new TcpSegment(5_000, 80, bulk.seq, bulk.ack + inFlight, TcpSegment.ACK, bulk.window, 0,
                    List.of(), new byte[0]));
            net.guest.send(v4("198.51.100.8"), new TcpSegment(6_000, 80, other.seq, other.ack, TcpSegment.ACK, 60_000, 0, List.of(),
                    new byte[100]));
        });
        assertEquals(100, stream.peerReceived().length);
        stream.peerSend(new byte[50]);
        net.reactor.settle();

        List<Received> received = net.guest.takeAll();
        int before = 0;
        while (received.get(before).tcp().dstPort() != 6_000 || received.get(before).tcp().payload().length != 50) {
            before++;
        }
        assertTrue(received.size() > 1_000, "the bulk flow sent only " + received.size() + " frames");
        assertTrue(before <= FRAMES_BETWEEN, before + " frames before the answer");
    }

    @Test
    void aBatchOfABulkUploadIsHandledInTheOrderItCame() {
        Attack bulk = new Attack(net, 5_000, FAR, 80).open();
        Attack other = new Attack(net, 6_000, v4("198.51.100.8"), 80).open();
        net.reactor.round(() -> {
            for (int i = 0; i < 30; i++) {
                net.guest.send(FAR, new TcpSegment(5_000, 80, bulk.seq + i * 1_400, bulk.ack, TcpSegment.ACK, 60_000, 0, List.of(),
                        new byte[1_400]));
            }
            net.guest.send(v4("198.51.100.8"), new TcpSegment(6_000, 80, other.seq, other.ack, TcpSegment.ACK, 60_000, 0, List.of(),
                    new byte[10]));
        });

        // One batch took both to their hosts, and one ACK answered the thirty segments.
        assertEquals(10, stream("198.51.100.8").peerReceived().length);
        assertEquals(42_000, stream("198.51.100.7").peerReceived().length);
        assertTrue(net.guest.takeAll().size() <= 4);
    }

    @Test
    void theHostsBytesForOneFlowComeInPiecesBetweenWhichOthersAreServed() {
        Attack bulk = bulk(5_000, "198.51.100.7");
        fromSecond(FAR, Ipv4Packet.UDP, new UdpDatagram(7_000, 9, new byte[1]).encode(SECOND, FAR));
        SimHostDatagrams socket = net.host.datagrams().getLast();
        discard();

        net.guest.send(v4("198.51.100.7"), new TcpSegment(5_000, 80, bulk.seq, bulk.next, TcpSegment.ACK, bulk.window, 0, List.of(),
                new byte[0]));
        socket.peerSend(socket("198.51.100.7", 9), new byte[33]);
        net.reactor.settle();

        List<Received> received = net.guest.takeAll();
        int before = 0;
        while (received.get(before).ipv4().protocol() != Ipv4Packet.UDP) {
            before++;
        }
        assertTrue(before <= FRAMES_BETWEEN, before + " frames before the datagram");
    }

    @Test
    void aFloodOfDatagramsDoesNotDelayAnEcho() {
        byte[] echo = new EthernetFrame(0x5255_0a00_0202L, net.guest.mac(), EthernetFrame.IPV4, Ipv4Packet.of(Ipv4Packet.ICMP, ATTACKER,
                GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]).encode()).encode()).encode();
        net.reactor.round(() -> {
            for (int i = 0; i < 500; i++) {
                sendUdp(5_000 + i, FAR, 9, new byte[100]);
            }
            net.link.deliver(echo);
        });

        assertEquals(1, net.guest.takeAll().size());
    }

    /// Two thousand idle connections cost a request nothing: their timers are not looked at.
    @Test
    void idleConnectionsCauseNoWork() {
        for (int i = 0; i < 2_000; i++) {
            new Attack(net, 5_000 + i, FAR, 80).open();
        }
        net.reactor.advance(S);
        long out = count(Counter.FRAMES_TO_GUEST);
        net.reactor.advance(600 * S);

        assertEquals(out, count(Counter.FRAMES_TO_GUEST));
        assertSecondIsServed();
        assertNotEquals(out, count(Counter.FRAMES_TO_GUEST));
    }

    /// A thousand timers due at once are spread over batches, between which frames are taken.
    @Test
    void timersDueTogetherDoNotHoldUpAFrame() {
        for (int i = 0; i < 1_000; i++) {
            new Attack(net, 5_000 + i, FAR, 80).open();
        }
        long idleNs = config().tcp().keepAliveIdleNs();
        net.reactor.advance(idleNs - S);
        discard();
        byte[] echo = new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]).encode();
        net.reactor.schedule(net.reactor.nowNs() + 2 * S, () -> net.guest.send(Ipv4Packet.of(Ipv4Packet.ICMP, ATTACKER, GATEWAY, echo)));
        net.reactor.advance(3 * S);

        assertTrue(net.guest.takeAll().stream().anyMatch(received -> received.icmp() != null));
        assertEquals(1_000, count(Counter.TCP_KEEPALIVES_SENT));
    }
}
