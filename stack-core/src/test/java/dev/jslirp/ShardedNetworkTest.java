package dev.jslirp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.link.HandOver;
import dev.jslirp.link.HandOverLink;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.nat.PortForward;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimGuest;
import dev.jslirp.testkit.SimHostNetwork;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.SimLink;
import dev.jslirp.testkit.SimReactor;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.TrackingAllocator;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Offload;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A network and a shard of it, each in time of its own, with one guest that both their links lead to.
class ShardedNetworkTest {
    private static final AddressPlan PLAN = AddressPlan.defaults();
    private static final int GUEST = PLAN.firstLease().v4Bits(), GATEWAY = PLAN.gateway().v4Bits(), DNS = PLAN.dns().v4Bits();
    private static final int FAR = IpAddress.parse("192.0.2.80").v4Bits();
    private static final int RING = 8;

    private final SimReactor firstReactor = new SimReactor();
    private final SimReactor secondReactor = new SimReactor(7_000_000_000L);
    private final TrackingAllocator firstMemory = new TrackingAllocator();
    private final TrackingAllocator secondMemory = new TrackingAllocator();
    private final SimLink firstQueue = new SimLink(firstReactor, LinkCapabilities.plain(1500), firstMemory);
    private final SimLink secondQueue = new SimLink(secondReactor, LinkCapabilities.plain(1500), secondMemory);
    private final SimHostNetwork firstHost = new SimHostNetwork(firstReactor, firstMemory);
    private final SimHostNetwork secondHost = new SimHostNetwork(secondReactor, secondMemory);
    private final HandOverLink first = new HandOverLink(firstQueue, firstReactor, firstMemory, RING);
    /// The same guest, by the queue that its frames take.
    private final SimGuest viaFirst = new SimGuest(firstReactor, firstQueue, PLAN, SimGuest.DEFAULT_MAC, GUEST);
    private final SimGuest viaSecond = new SimGuest(secondReactor, secondQueue, PLAN, SimGuest.DEFAULT_MAC, GUEST);
    private GuestNetwork network;
    private TcpShard shard;

    @BeforeEach
    void start() {
        GuestNetworkConfig config = GuestNetworkConfig.defaults().withDns(DnsConfig.forwardingTo(List::of)).dividedBy(2);
        network = new GuestNetwork(config, first, firstHost, firstReactor, new SplittableRandom(1), firstMemory);
        shard = new TcpShard(config, secondQueue, secondHost, secondReactor, new SplittableRandom(2), secondMemory,
                first.entrance(secondMemory));
        firstReactor.round(network::start);
        secondReactor.round(shard::start);
        HandOver strays = shard.strays(firstMemory);
        firstReactor.round(() -> network.handStraysTo(strays));
    }

    @AfterEach
    void everythingIsGivenBack() {
        secondReactor.round(shard::close);
        firstReactor.round(network::close);
        settle();
        assertEquals(0, firstHost.socketsOpen() + secondHost.socketsOpen());
        firstMemory.assertAllReleased();
        secondMemory.assertAllReleased();
    }

    private void settle() {
        for (int i = 0; i < 3; i++) {
            secondReactor.settle();
            firstReactor.settle();
        }
    }

    private static TcpSegment segment(int port, int dstPort, int flags, int seq, int ack, String payload) {
        return new TcpSegment(port, dstPort, seq, ack, flags, 60_000, 0, List.of(), payload.getBytes());
    }

    @Test
    void pingsByTheSecondQueueAreAnsweredByTheFirst() {
        viaSecond.send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        settle();
        assertEquals(IcmpMessage.ECHO_REPLY, viaFirst.poll().icmp().type());
        assertNull(viaSecond.poll());
        Counters all = new Counters();
        all.add(network.counters());
        all.add(shard.counters());
        assertEquals(1, all.get(Counter.FRAMES_FROM_GUEST), "counted once");
        assertEquals(1, network.stats().plus(shard.stats()).get(Counter.FRAMES_FROM_GUEST));
    }

    @Test
    void nameServiceOverTcpIsOfTheFirstLoop() {
        viaSecond.send(DNS, segment(5_000, 53, TcpSegment.SYN, 100, 0, ""));
        settle();
        TcpSegment answer = viaFirst.poll().tcp();
        assertTrue(answer.has(TcpSegment.SYN | TcpSegment.ACK));
        viaSecond.send(DNS, segment(5_000, 53, TcpSegment.ACK, 101, answer.seq() + 1, ""));
        settle();
        assertEquals(1, network.flowCount());
        assertEquals(0, shard.flowCount());
    }

    @Test
    void aForwardedConnectionGoesOnByEitherQueue() throws IOException {
        firstReactor.round(() -> addForward("tcp:127.0.0.1:8080-:80"));
        SimHostStream peer = firstHost.peerConnect(new InetSocketAddress("127.0.0.1", 8_080), new InetSocketAddress("127.0.0.1", 4_000));
        settle();
        TcpSegment syn = viaFirst.poll().tcp();
        viaSecond.send(GATEWAY, segment(80, syn.srcPort(), TcpSegment.SYN | TcpSegment.ACK, 100, syn.seq() + 1, ""));
        settle();
        viaFirst.send(GATEWAY, segment(80, syn.srcPort(), TcpSegment.ACK, 101, syn.seq() + 1, "one "));
        viaSecond.send(GATEWAY, segment(80, syn.srcPort(), TcpSegment.ACK, 105, syn.seq() + 1, "two"));
        settle();
        assertArrayEquals("one two".getBytes(), peer.peerReceived());
        assertEquals(0, network.counters().get(DropReason.TCP_NO_FLOW));
        assertEquals(2, shard.counters().get(Counter.FRAMES_HANDED_OVER));
    }

    private void addForward(String rule) {
        try {
            network.forwards().add(PortForward.parse(rule, PLAN.firstLease()).getFirst());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void segmentsThatNobodyKnowsAreResetByTheLast() {
        viaSecond.send(FAR, segment(5_000, 80, TcpSegment.ACK, 100, 7, ""));
        settle();
        assertTrue(viaSecond.poll().tcp().has(TcpSegment.RST));
        assertEquals(1, shard.counters().get(DropReason.TCP_NO_FLOW));
        viaFirst.send(FAR, segment(5_000, 80, TcpSegment.ACK, 100, 7, ""));
        settle();
        assertTrue(viaSecond.poll().tcp().has(TcpSegment.RST));
        assertEquals(2, shard.counters().get(DropReason.TCP_NO_FLOW));
        assertEquals(0, network.counters().drops());
    }

    private int openInShard() {
        viaSecond.send(FAR, segment(5_000, 80, TcpSegment.SYN, 100, 0, ""));
        settle();
        return viaSecond.poll().tcp().seq();
    }

    @Test
    void aSegmentThatComesToTheWrongQueueFindsItsFlow() {
        int iss = openInShard();
        viaFirst.send(FAR, segment(5_000, 80, TcpSegment.ACK, 101, iss + 1, "astray"));
        settle();
        assertArrayEquals("astray".getBytes(), secondHost.streams().getFirst().peerReceived());
        assertNull(viaFirst.poll());
        assertEquals(1, network.counters().get(Counter.FRAMES_HANDED_OVER));
    }

    @Test
    void aSegmentInFragmentsFindsItsFlow() {
        int iss = openInShard();
        byte[] whole = segment(5_000, 80, TcpSegment.ACK, 101, iss + 1, "in pieces".repeat(20)).encode(GUEST, FAR);
        Ipv4Packet.of(Ipv4Packet.TCP, GUEST, FAR, whole).fragments(64).forEach(viaSecond::send);
        settle();
        assertArrayEquals("in pieces".repeat(20).getBytes(), secondHost.streams().getFirst().peerReceived());
        assertEquals(1, network.counters().get(Counter.DATAGRAMS_REASSEMBLED));
    }

    @Test
    void straysThatTheShardHasNoRoomForAreDroppedAndCounted() {
        for (int i = 0; i < 128 + 2; i++) {
            viaFirst.send(FAR, segment(5_000 + i, 80, TcpSegment.ACK, 100, 7, ""));
        }
        assertEquals(2, network.counters().get(DropReason.HAND_OVER_FULL));
        settle();
        assertEquals(128, viaSecond.takeAll().size());
    }

    @Test
    void aPortUsedAgainIsServedByTheQueueThatItsSynTakes() {
        viaFirst.send(FAR, segment(5_000, 80, TcpSegment.SYN, 100, 0, ""));
        settle();
        int iss = viaFirst.poll().tcp().seq();
        // The kernel has forgotten the flow, whose packets fall to the second queue by their hash.
        viaSecond.send(FAR, segment(5_000, 80, TcpSegment.ACK, 101, iss + 1, "late"));
        settle();
        assertArrayEquals("late".getBytes(), firstHost.streams().getFirst().peerReceived());
        viaSecond.send(FAR, segment(5_000, 80, TcpSegment.RST | TcpSegment.ACK, 105, iss + 1, ""));
        settle();
        assertEquals(0, network.flowCount());
        viaSecond.send(FAR, segment(5_000, 80, TcpSegment.SYN, 900, 0, ""));
        settle();
        assertEquals(1, shard.flowCount());
        assertEquals(0, network.flowCount());
    }

    @Test
    void aLoopThatDoesNotKeepUpLosesFramesAndNothingElse() {
        for (int i = 0; i < RING + 3; i++) {
            viaSecond.send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, i, new byte[8]));
        }
        assertEquals(3, shard.counters().get(DropReason.HAND_OVER_FULL));
        settle();
        assertEquals(RING, viaFirst.takeAll().size());
        viaSecond.send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 99, new byte[8]));
        settle();
        assertEquals(99, viaFirst.poll().icmp().rest());
    }

    @Test
    void framesThatStillWaitOrComeAfterTheEndAreGivenBack() {
        viaSecond.send(GATEWAY, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]));
        firstReactor.round(network::close);
        HandOver late = first.entrance(secondMemory);
        ByteBuf frame = secondMemory.directBuffer(60).writeZero(60);
        assertTrue(late.offer(frame, Offload.NONE));
        late.submit();
        frame.release();
        assertNull(viaFirst.poll());
    }
}
