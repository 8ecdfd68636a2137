package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.nat.NatConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.TcpState;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostNetwork.ConnectOutcome;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.wire.DropReason;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A guest that opens, floods and forges TCP.
class TcpTest extends HostileTest {
    private Attack connect(int port) {
        return new Attack(net, port, FAR, 80).open();
    }

    private SimHostStream stream() {
        return net.host.stream(socket("198.51.100.7", 80));
    }

    private TcpState state(int port) {
        return net.tcpState(port, FAR, 80);
    }

    // ---- opening

    @Test
    void aSynFloodToDeadAddressesLeavesRoomForAnotherGuestAtOnce() {
        net.host.whenConnecting(ConnectOutcome.NEVER);
        for (int i = 0; i < 20_000; i++) {
            sendSyn(1_024 + i % 60_000, FAR + i, 80);
        }
        net.reactor.settle();

        assertEquals(NatConfig.defaults().tcpHalfOpenMax(), net.network.flowCount());
        assertEquals(NatConfig.defaults().tcpHalfOpenMax(), net.host.socketsOpen());
        assertNotEquals(0, count(Counter.TCP_HALF_OPEN_LIMIT));
        assertEquals(0, held());
        net.host.whenConnecting(socket("192.0.2.80", 80), ConnectOutcome.OK);
        assertSecondIsServed();

        net.reactor.advance(2 * S);
        net.host.whenConnecting(socket("198.51.100.99", 80), ConnectOutcome.OK);
        new Attack(net, 60_000, v4("198.51.100.99"), 80).open();
        net.reactor.advance(200 * S);
        assertEquals(1, net.network.flowCount());
    }

    @Test
    void aSynToEveryPortOpensNoMoreThanTheHalfOpenLimit() {
        net.host.whenConnecting(ConnectOutcome.NEVER);
        for (int port = 0; port <= 65_535; port += 3) {
            sendSyn(5_000, FAR, port);
        }
        net.reactor.settle();

        assertEquals(NatConfig.defaults().tcpHalfOpenMax(), net.network.flowCount());
        assertEquals(0, net.guest.inbox().size());
        net.reactor.advance(200 * S);
        assertEquals(0, net.network.flowCount());
    }

    /// The guest hears SYN-ACKs and never answers.
    @Test
    void handshakesThatAreNeverFinishedEnd() {
        for (int i = 0; i < 6_000; i++) {
            sendSyn(1_024 + i, FAR, 80);
            if (i % 100 == 0) {
                net.reactor.settle();
                discard();
            }
        }
        net.reactor.settle();
        assertEquals(NatConfig.defaults().tcpHalfOpenMax(), net.network.flowCount());
        net.reactor.advance(300 * S);

        assertEquals(0, net.network.flowCount());
        assertEquals(0, net.host.socketsOpen());
        assertNotEquals(0, count(Counter.TCP_RETRIES_EXHAUSTED));
    }

    @Test
    void oneGuestDoesNotTakeAllFlows() {
        startNat(NatConfig.defaults().withFlows(100, 1_000, 10, 10).withFlowsPerGuest(80));
        for (int i = 0; i < 200; i++) {
            sendSyn(5_000 + i, FAR, 80);
            net.reactor.settle();
        }

        assertEquals(80, net.network.flowCount());
        assertEquals(120, count(Counter.GUEST_FLOW_LIMIT));
    }

    @Test
    void aGuestAtItsLimitEndsNoFlowOfAnother() {
        startNat(NatConfig.defaults().withFlows(100, 1_000, 10, 10).withFlowsPerGuest(5));
        Attack closed = new Attack(net, 5_000, FAR, 80).open();
        net.host.streams().getFirst().peerEof();
        net.reactor.settle();
        closed.read();
        closed.raw(TcpSegment.FIN | TcpSegment.ACK, closed.seq, closed.next + 1, new byte[0]);
        for (int i = 0; i < 6; i++) {
            TcpSegment syn = new TcpSegment(6_000 + i, 80, 1_000, 0, TcpSegment.SYN, 60_000, 0, List.of(), new byte[0]);
            fromSecond(FAR, Ipv4Packet.TCP, syn.encode(SECOND, FAR));
        }

        assertEquals(1, drops(DropReason.FLOW_LIMIT));
        assertEquals(1 + 5, net.network.flowCount());
        net.reactor.advance(61 * S);
        startNat(NatConfig.defaults());
    }

    @Test
    void whenTheHostHasNoSocketsTheGuestHearsNothing() {
        net.host.setSocketsMax(10);
        for (int i = 0; i < 100; i++) {
            sendSyn(5_000 + i, FAR, 80);
        }
        net.reactor.settle();

        assertEquals(10, net.network.flowCount());
        assertTrue(net.guest.takeAll().stream().allMatch(received -> received.tcp().has(TcpSegment.SYN)));
        net.host.setSocketsMax(Integer.MAX_VALUE);
    }

    @Test
    void initialSequenceNumbersDoNotFollowFromEachOther() {
        Set<Integer> steps = new HashSet<>();
        int last = 0;
        for (int i = 0; i < 100; i++) {
            int ack = new Attack(net, 5_000 + i, FAR, 80).open().ack;
            steps.add(ack - last);
            last = ack;
        }
        assertEquals(100, steps.size());
    }

    @Test
    void theGuestsMssIsRespected() {
        Attack guest = new Attack(net, 5_000, FAR, 80);
        guest.synOptions = List.of(Attack.mss(500));
        guest.open();
        stream().peerSend(new byte[5_000]);
        net.reactor.settle();

        assertTrue(net.guest.takeAll().stream().allMatch(received -> received.tcp().payload().length <= 500));
    }

    // ---- forging

    @Test
    void everyFlagCombinationWithoutAFlowIsHarmlessAndAResetIsNeverAnswered() {
        for (int flags = 0; flags < 256; flags++) {
            if ((flags & (TcpSegment.SYN | TcpSegment.ACK | TcpSegment.FIN | TcpSegment.RST)) == TcpSegment.SYN) {
                continue;
            }
            net.guest.send(FAR, new TcpSegment(5_000, 80, 1, 2, flags, 3, 4, List.of(), new byte[3]));
            net.reactor.settle();
            for (Received received : net.guest.takeAll()) {
                assertFalse((flags & TcpSegment.RST) != 0, "a reset was answered");
                assertTrue(received.tcp().has(TcpSegment.RST));
            }
        }
        assertEquals(0, net.network.flowCount());
    }

    @Test
    void resetsAndSynsInTheWindowGetFewChallengesAndDoNotKill() {
        Attack guest = connect(5_000);
        for (int i = 1; i < 5_000; i++) {
            guest.raw(TcpSegment.RST, guest.seq + i, 0, new byte[0]);
            guest.raw(TcpSegment.SYN, guest.seq + i, 0, new byte[0]);
        }

        assertEquals(TcpState.ESTABLISHED, state(5_000));
        assertEquals(config().tcp().challengeAcksPerSecond(), count(Counter.TCP_CHALLENGE_ACKS));
        assertNotEquals(0, count(Counter.TCP_CHALLENGE_ACKS_LIMITED));
    }

    @Test
    void anAckStormIsNotAnsweredInKind() {
        Attack guest = connect(5_000);
        net.link.takeSent();
        for (int i = 0; i < 10_000; i++) {
            guest.raw(TcpSegment.ACK, guest.seq, guest.ack + 1_000_000 + i, new byte[0]);
            guest.raw(TcpSegment.ACK, guest.seq - 5_000, guest.ack, new byte[0]);
        }

        assertEquals(config().tcp().challengeAcksPerSecond(), count(Counter.TCP_CHALLENGE_ACKS));
        assertEquals(TcpState.ESTABLISHED, state(5_000));
    }

    @Test
    void segmentsOutsideTheWindowChangeNothing() {
        Attack guest = connect(5_000);
        SplittableRandom random = new SplittableRandom(4);
        for (int i = 0; i < 5_000; i++) {
            guest.raw(TcpSegment.ACK | TcpSegment.PSH, guest.seq + (4 << 20) + random.nextInt(1 << 30), guest.ack, new byte[10]);
        }
        guest.send("fine".getBytes(StandardCharsets.US_ASCII));

        assertArrayEquals("fine".getBytes(StandardCharsets.US_ASCII), stream().peerReceived());
        assertNotEquals(0, count(Counter.TCP_OUT_OF_WINDOW));
        assertEquals(0, held());
    }

    @Test
    void forgedIcmpErrorsDoNotEndAFlow() {
        Attack guest = connect(5_000);
        for (int code = 0; code < 16; code++) {
            for (int type : new int[] {3, 4, 5, 11, 12}) {
                byte[] quoted = new TcpSegment(80, 5_000, guest.ack, guest.seq, TcpSegment.ACK, 1, 0, List.of(), new byte[0])
                        .encode(FAR, ATTACKER);
                byte[] quote = Ipv4Packet.of(Ipv4Packet.TCP, FAR, ATTACKER, quoted).encode();
                net.guest.send(GATEWAY, new IcmpMessage(type, code, 0, quote));
                byte[] error = new IcmpMessage(type, code, 0, quote).encode();
                fromSecond(GATEWAY, Ipv4Packet.ICMP, error);
            }
        }

        assertEquals(TcpState.ESTABLISHED, state(5_000));
        assertFalse(stream().peerSawReset());
    }

    // ---- sending

    /// CVE-2026-9539: an urgent pointer far behind the data. Urgent data is ordinary data here.
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 6, 100, 65_535})
    void anUrgentPointerThatLiesChangesNothing(int urgent) {
        Attack guest = connect(5_000);
        byte[] payload = "urgent".getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < 50; i++) {
            net.guest.send(FAR, new TcpSegment(5_000, 80, guest.seq, guest.ack, TcpSegment.ACK | TcpSegment.URG, 1_000, urgent, List.of(),
                    payload));
            guest.seq += payload.length;
        }
        net.reactor.settle();

        assertEquals(300, stream().peerReceived().length);
        assertEquals(0, held());
    }

    /// CVE-2019-6778, CVE-2019-9824, CVE-2020-7039, CVE-2020-8608: no protocol is looked into.
    @ParameterizedTest
    @ValueSource(ints = {21, 113, 514, 544, 513, 6667, 6668, 7070})
    void bytesOfProtocolsThatNatsEmulateArePassedAsTheyAre(int port) {
        Attack guest = new Attack(net, 5_000, FAR, port).open();
        byte[] text = ("x DCC SEND file 167772687 1024\r\nPORT 10,0,2,15,4,1\r\n1234\r\n" + "9".repeat(1_300))
                .getBytes(StandardCharsets.US_ASCII);
        guest.send(text);
        guest.send(new byte[] {7});

        assertArrayEquals(text, Arrays.copyOf(net.host.streams().getLast().peerReceived(), text.length));
        assertEquals(text.length + 1, net.host.streams().getLast().peerReceived().length);
    }

    @Test
    void anOutOfOrderFloodIsBoundedPerConnection() {
        Attack guest = connect(5_000);
        byte[] piece = new byte[50];
        for (int i = 1; i < 600; i++) {
            guest.raw(TcpSegment.ACK, guest.seq + i * 100, guest.ack, piece);
        }

        assertNotEquals(0, count(Counter.TCP_REASSEMBLY_LIMIT));
        assertHeldAtMost(512 * 512);
        guest.raw(TcpSegment.RST, guest.seq, 0, new byte[0]);
        assertEquals(0, held());
    }

    @Test
    void outOfOrderBytesOfAllConnectionsAreBounded() {
        startNat(NatConfig.defaults().withBuffers(1 << 20, 1 << 20));
        int connections = 60;
        byte[] piece = new byte[1_400];
        for (int c = 0; c < connections; c++) {
            Attack guest = new Attack(net, 5_000 + c, FAR, 80);
            guest.synOptions = List.of(Attack.windowScale(7));
            guest.open();
            for (int i = 1; i <= 46; i++) {
                guest.raw(TcpSegment.ACK, guest.seq + i * 1_400, guest.ack, piece);
            }
        }

        assertNotEquals(0, count(Counter.HOST_BUFFER_LIMIT));
        assertHeldAtMost((1 << 20) + connections * (4L << 10));
    }

    @Test
    void overlappingSegmentsOutOfOrderGiveTheFirstBytes() {
        Attack guest = connect(5_000);
        guest.raw(TcpSegment.ACK, guest.seq + 4, guest.ack, "4567".getBytes(StandardCharsets.US_ASCII));
        guest.raw(TcpSegment.ACK, guest.seq + 2, guest.ack, "23XXXXX8".getBytes(StandardCharsets.US_ASCII));
        guest.raw(TcpSegment.ACK | TcpSegment.FIN, guest.seq + 8, guest.ack, "8".getBytes(StandardCharsets.US_ASCII));
        guest.raw(TcpSegment.ACK, guest.seq, guest.ack, "01".getBytes(StandardCharsets.US_ASCII));

        assertEquals("01234567", new String(stream().peerReceived(), 0, 8, StandardCharsets.US_ASCII));
        assertEquals(0, held());
    }

    @Test
    void segmentsOfOneByteAreTakenAndNotHeld() {
        Attack guest = connect(5_000);
        for (int i = 0; i < 5_000; i++) {
            guest.send(new byte[] {(byte) i});
        }

        assertEquals(5_000, stream().peerReceived().length);
        assertEquals(0, held());
    }

    @Test
    void aHostThatTakesNothingShutsTheGuestsWindow() {
        startNat(NatConfig.defaults().withBuffers(1 << 20, 1 << 20));
        for (int c = 0; c < 40; c++) {
            Attack guest = new Attack(net, 5_000 + c, FAR, 80).open();
            stream().setRoom(0);
            guest.flood(new byte[200_000]);
        }

        assertNotEquals(0, count(Counter.HOST_BUFFER_LIMIT));
        int queued = net.host.streams().stream().mapToInt(SimHostStream::unsentBytes).sum();
        assertTrue(queued <= (1 << 20) + 40 * (4 << 10), queued + " bytes queued");
    }

    @Test
    void aHostThatTakesNothingDoesNotKeepTheLastBytesForEver() {
        Attack guest = connect(5_000);
        stream().setRoom(0);
        guest.send(new byte[1_000]);
        stream().peerEof();
        net.reactor.settle();
        guest.read();
        guest.acknowledge(guest.ack + 1);
        guest.raw(TcpSegment.ACK | TcpSegment.FIN, guest.seq, guest.ack + 1, new byte[0]);
        net.reactor.advance(600 * S);

        assertEquals(0, net.network.flowCount());
        assertEquals(0, net.host.socketsOpen());
    }

    @Test
    void aSynOnAnotherGuestsConnectionChangesNothing() {
        Attack guest = connect(5_000);
        byte[] syn = new TcpSegment(5_000, 80, 77, 0, TcpSegment.SYN, 1_000, 0, List.of(), new byte[0]).encode(SECOND, FAR);
        fromSecond(FAR, Ipv4Packet.TCP, syn);
        guest.send(new byte[3]);

        assertEquals(TcpState.ESTABLISHED, state(5_000));
        assertEquals(2, net.network.flowCount());
        assertEquals(0, drops(DropReason.TCP_FLAGS));
    }
}
