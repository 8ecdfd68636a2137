package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.nat.NatConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.TcpState;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.TcpSegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A guest that is sent to, and takes nothing, or lies about what it took.
class TcpSendersTest extends HostileTest {
    private static final long TOTAL = 1 << 20;

    private Attack connect(int port, TcpSegment.Option... options) {
        Attack guest = new Attack(net, port, FAR, 80);
        guest.synOptions = List.of(options);
        return guest.open();
    }

    private SimHostStream stream() {
        return net.host.stream(socket("198.51.100.7", 80));
    }

    private TcpState state(int port) {
        return net.tcpState(port, FAR, 80);
    }

    /// Sockstress: a zero window for ever, on many connections, with a peer that sends.
    @Test
    void zeroWindowsOnManyConnectionsHoldNoMoreThanTheTotal() {
        startNat(NatConfig.defaults().withBuffers(1 << 20, 1 << 20));
        for (int c = 0; c < 200; c++) {
            Attack guest = new Attack(net, 5_000 + c, FAR, 80);
            guest.open();
            guest.window = 0;
            guest.acknowledge(guest.ack);
            stream().peerSend(new byte[200_000]);
            net.reactor.settle();
            discard();
        }

        assertNotEquals(0, count(Counter.GUEST_BUFFER_LIMIT));
        assertNotEquals(0, count(Counter.GUEST_BUFFER_EVICTED));
        assertHeldAtMost(2 * TOTAL + (64 << 10));
        assertSecondIsServed();
        net.reactor.advance(3_000 * S);
        assertEquals(0, net.network.flowCount());
        assertEquals(0, held());
    }

    /// The same, but every probe is answered: such a connection may live (RFC 9293 §3.8.6.1), within the total.
    @Test
    void zeroWindowsThatAreConfirmedForEverStayWithinTheTotal() {
        startNat(NatConfig.defaults().withBuffers(1 << 20, 1 << 20));
        List<Attack> guests = new ArrayList<>();
        for (int c = 0; c < 50; c++) {
            Attack guest = connect(5_000 + c);
            guest.window = 0;
            guest.acknowledge(guest.ack);
            stream().peerSend(new byte[100_000]);
            net.reactor.settle();
            guests.add(guest);
        }
        for (int i = 0; i < 50; i++) {
            net.reactor.advance(10 * S);
            discard();
            guests.forEach(guest -> guest.acknowledge(guest.ack));
        }

        assertHeldAtMost(2 * TOTAL + (64 << 10));
        assertNotEquals(0, count(Counter.TCP_ZERO_WINDOW_PROBES));
    }

    @Test
    void aGuestThatNeverAcknowledgesIsGivenUp() {
        connect(5_000);
        stream().peerSend(new byte[100_000]);
        net.reactor.advance(1_000 * S);

        assertEquals(0, net.network.flowCount());
        assertTrue(stream().peerSawReset());
        assertEquals(1, count(Counter.TCP_RETRIES_EXHAUSTED));
        assertEquals(0, held());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 28, 48})
    void aTinyMssDoesNotSplitDataIntoNothing(int mss) {
        connect(5_000, Attack.mss(mss));
        stream().peerSend(new byte[10_000]);
        net.reactor.settle();

        List<Received> received = net.guest.takeAll();
        // MSS 0 is no MSS at all: the default holds (RFC 9293 §3.7.1).
        int least = mss == 0 ? 500 : 40;
        assertTrue(received.stream().anyMatch(frame -> frame.tcp().payload().length >= least));
        assertTrue(received.size() <= 400, received.size() + " frames");
    }

    @Test
    void aTinyWindowGetsFewSegments() {
        Attack guest = connect(5_000);
        guest.window = 1;
        guest.acknowledge(guest.ack);
        stream().peerSend(new byte[100_000]);
        net.reactor.settle();
        long before = count(Counter.TCP_SEGMENTS_OUT);
        for (int i = 0; i < 100; i++) {
            net.reactor.advance(S);
            guest.read();
            guest.acknowledge(guest.next);
        }

        assertTrue(count(Counter.TCP_SEGMENTS_OUT) - before <= 700, "silly window");
        assertEquals(TcpState.ESTABLISHED, state(5_000));
    }

    @Test
    void aWindowThatShrinksIsBelieved() {
        Attack guest = connect(5_000);
        stream().peerSend(new byte[40_000]);
        net.reactor.settle();
        for (int window : new int[] {30_000, 10_000, 1_000, 1, 0}) {
            guest.window = window;
            guest.acknowledge(guest.ack);
            stream().peerSend(new byte[40_000]);
            net.reactor.settle();
        }
        assertTrue(guest.read() <= 60_000);
        net.reactor.advance(30 * S);
        assertEquals(TcpState.ESTABLISHED, state(5_000));
        assertHeldAtMost(5 << 20);
    }

    @Test
    void anOptimisticAckIsChallengedAndSpeedsNothingUp() {
        Attack guest = connect(5_000);
        stream().peerSend(new byte[1 << 20]);
        net.reactor.settle();
        int first = guest.read();
        for (int i = 0; i < 1_000; i++) {
            guest.raw(TcpSegment.ACK, guest.seq, guest.ack + first + 1 + i * 1_460, new byte[0]);
        }

        assertEquals(0, guest.read());
        assertEquals(config().tcp().challengeAcksPerSecond(), count(Counter.TCP_CHALLENGE_ACKS));
    }

    @Test
    void sackBlocksThatLieDoNoHarm() {
        Attack guest = connect(5_000, Attack.sackPermitted());
        stream().peerSend(new byte[200_000]);
        net.reactor.settle();
        int sent = guest.read();
        SplittableRandom random = new SplittableRandom(9);
        for (int i = 0; i < 3_000; i++) {
            int left = guest.ack + random.nextInt(-100_000, 200_000);
            int right = left + random.nextInt(-1_000, 300_000);
            int inside = guest.ack + random.nextInt(sent);
            guest.segment(TcpSegment.ACK, guest.seq, guest.ack, List.of(Attack.sack(left, right, inside, inside + 1)), new byte[0]);
        }
        assertEquals(TcpState.ESTABLISHED, state(5_000));
        net.reactor.advance(S);
        // It still gets every byte: the lies are forgotten at the time-out (RFC 2018 §8).
        assertNotEquals(0, guest.read());
        assertHeldAtMost(5 << 20);
        net.reactor.advance(1_000 * S);
        assertEquals(0, held());
    }

    @Test
    void aFloodOfDuplicateAcksSendsNothingTwiceOverAndOver() {
        Attack guest = connect(5_000);
        stream().peerSend(new byte[200_000]);
        net.reactor.settle();
        guest.read();
        for (int i = 0; i < 5_000; i++) {
            guest.acknowledge(guest.ack);
        }

        assertTrue(count(Counter.TCP_RETRANSMITS) <= 10, count(Counter.TCP_RETRANSMITS) + " retransmissions");
        assertTrue(count(Counter.TCP_FAST_RETRANSMITS) <= 1);
    }

    /// CVE-2017-13711, CVE-2026-120831: a burst towards a guest, which kills the connection half way.
    @Test
    void aConnectionThatDiesUnderABurstLeavesNothing() {
        for (int c = 0; c < 20; c++) {
            Attack guest = connect(5_000 + c);
            net.link.setRoom(c);
            stream().peerSend(new byte[60_000]);
            net.reactor.settle();
            net.link.setRoom(Integer.MAX_VALUE);
            guest.raw(TcpSegment.RST, guest.seq, 0, new byte[0]);
        }

        assertEquals(0, net.network.flowCount());
        assertEquals(0, held());
    }

    @Test
    void aLinkThatIsFullLosesFramesAndHoldsNoneOfThem() {
        Attack guest = connect(5_000);
        net.link.setRoom(0);
        stream().peerSend(new byte[10 << 20]);
        net.reactor.advance(5 * S);

        assertHeldAtMost(config().tcp().sendBufferMax() + (128 << 10));
        assertEquals(0, guest.read());
    }

    @Test
    void halfClosedConnectionsOfASilentGuestEnd() {
        for (int c = 0; c < 50; c++) {
            Attack guest = connect(5_000 + c);
            stream().peerEof();
            net.reactor.settle();
            guest.read();
        }
        net.reactor.advance(1_000 * S);

        assertEquals(0, net.network.flowCount());
        assertEquals(0, net.host.socketsOpen());
    }
}
