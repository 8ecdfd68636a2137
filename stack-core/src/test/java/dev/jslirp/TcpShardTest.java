package dev.jslirp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.host.HostError;
import dev.jslirp.link.HandOver;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.nat.FlowPolicy;
import dev.jslirp.nat.NatConfig;
import dev.jslirp.nat.Reach;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimGuest;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostNetwork;
import dev.jslirp.testkit.SimHostNetwork.ConnectOutcome;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.SimLink;
import dev.jslirp.testkit.SimReactor;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.TrackingAllocator;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Which frames a shard takes, which it hands over, and that it leaves nothing behind.
class TcpShardTest {
    private static final AddressPlan PLAN = AddressPlan.defaults();
    private static final long OUR_MAC = PLAN.gatewayMac().bits(), GUEST_MAC = SimGuest.DEFAULT_MAC, BROADCAST_MAC = 0xffff_ffff_ffffL;
    private static final int GUEST = v4("10.0.2.15"), GATEWAY = v4("10.0.2.2"), DNS = v4("10.0.2.3"), FAR = v4("192.0.2.80");
    private static final int ISN = 1_000;
    private static final long S = 1_000_000_000L;

    private final SimReactor reactor = new SimReactor();
    private final TrackingAllocator allocator = new TrackingAllocator();
    private final SimLink link = new SimLink(reactor, LinkCapabilities.plain(1500), allocator);
    private final SimHostNetwork host = new SimHostNetwork(reactor, allocator);
    private final SimGuest guest = new SimGuest(reactor, link, PLAN, GUEST_MAC, GUEST);
    private final Others others = new Others();
    private TcpShard shard;

    /// The other loop, with room for so many frames.
    private static final class Others implements HandOver {
        private final List<byte[]> frames = new ArrayList<>();
        private int room = Integer.MAX_VALUE;
        private int submits;

        @Override
        public boolean offer(ByteBuf frame, long offload) {
            if (frames.size() == room) {
                return false;
            }
            frames.add(ByteBufUtil.getBytes(frame));
            return true;
        }

        @Override
        public void submit() {
            submits++;
        }
    }

    private static int v4(String text) {
        return IpAddress.parse(text).v4Bits();
    }

    private void start(GuestNetworkConfig config) {
        shard = new TcpShard(config, link, host, reactor, new SplittableRandom(1), allocator, others);
        reactor.round(shard::start);
    }

    private void start() {
        start(GuestNetworkConfig.defaults());
    }

    @AfterEach
    void everythingIsGivenBack() {
        if (shard != null) {
            reactor.round(shard::close);
            reactor.settle();
            assertTrue(link.isClosed());
            assertEquals(shard.counters().get(Counter.TCP_FLOWS_OPENED), shard.counters().get(Counter.TCP_FLOWS_CLOSED));
        }
        assertEquals(0, host.socketsOpen());
        allocator.assertAllReleased();
    }

    private static TcpSegment segment(int port, int dstPort, int flags, int seq, int ack, String payload) {
        return new TcpSegment(port, dstPort, seq, ack, flags, 60_000, 0, List.of(), payload.getBytes());
    }

    private static TcpSegment syn(int port) {
        return segment(port, 80, TcpSegment.SYN, ISN, 0, "");
    }

    private static byte[] frame(Ipv4Packet packet) {
        return new EthernetFrame(OUR_MAC, GUEST_MAC, EthernetFrame.IPV4, packet.encode()).encode();
    }

    private static byte[] frame(int src, int dst, TcpSegment segment) {
        return frame(Ipv4Packet.of(Ipv4Packet.TCP, src, dst, segment.encode(src, dst)));
    }

    /// Opens a flow. @return the sequence number that the stack chose
    private int open(int port, int dst) {
        guest.send(dst, syn(port));
        reactor.settle();
        TcpSegment answer = guest.poll().tcp();
        assertTrue(answer.has(TcpSegment.SYN | TcpSegment.ACK));
        guest.send(dst, segment(port, 80, TcpSegment.ACK, ISN + 1, answer.seq() + 1, ""));
        reactor.settle();
        return answer.seq();
    }

    @Test
    void aFlowWhoseSynCameHereIsServedHereInBothDirections() {
        start();
        int iss = open(5_000, FAR);
        guest.send(FAR, segment(5_000, 80, TcpSegment.ACK | TcpSegment.PSH, ISN + 1, iss + 1, "request"));
        reactor.settle();
        SimHostStream stream = host.streams().getFirst();
        assertArrayEquals("request".getBytes(), stream.peerReceived());
        guest.takeAll();
        stream.peerSend("answer".getBytes());
        reactor.settle();

        assertArrayEquals("answer".getBytes(), guest.poll().tcp().payload());
        assertEquals(List.of(), others.frames);
        assertEquals(3, shard.counters().get(Counter.FRAMES_FROM_GUEST));
        assertEquals(1, shard.stats().flows());
        assertEquals(1, shard.flowCount());
    }

    @Test
    void theGatewaysAddressIsTheHostsLoopbackHereToo() {
        start();
        open(5_000, GATEWAY);
        assertEquals("127.0.0.1", host.streams().getFirst().remoteAddress().getAddress().getHostAddress());
    }

    @TestFactory
    Stream<DynamicTest> everythingElseIsHandedOverAsItCame() {
        return strangers().entrySet().stream().map(stranger -> DynamicTest.dynamicTest(stranger.getKey(), () -> {
            TcpShardTest test = new TcpShardTest();
            test.start();
            test.assertHandedOver(stranger.getValue());
            test.everythingIsGivenBack();
        }));
    }

    private void assertHandedOver(byte[] frame) {
        link.deliver(frame);
        reactor.settle();
        assertEquals(1, others.frames.size());
        assertArrayEquals(frame, others.frames.getFirst());
        assertEquals(List.of(), link.sent());
        assertEquals(0, shard.flowCount());
        assertEquals(0, shard.counters().drops());
        assertEquals(0, shard.counters().get(Counter.FRAMES_FROM_GUEST));
        assertEquals(1, shard.counters().get(Counter.FRAMES_HANDED_OVER));
    }

    private static Map<String, byte[]> strangers() {
        Map<String, byte[]> frames = new LinkedHashMap<>();
        byte[] syn = frame(GUEST, FAR, syn(5_000));
        frames.put("ARP request", new EthernetFrame(BROADCAST_MAC, GUEST_MAC, EthernetFrame.ARP,
                new ArpMessage(ArpMessage.REQUEST, GUEST_MAC, GUEST, 0, GATEWAY).encode()).encode());
        frames.put("ARP that lies", new EthernetFrame(BROADCAST_MAC, GUEST_MAC, EthernetFrame.ARP,
                new ArpMessage(ArpMessage.REPLY, GUEST_MAC + 1, GATEWAY, 0, GATEWAY).encode()).encode());
        frames.put("UDP", frame(Ipv4Packet.of(Ipv4Packet.UDP, GUEST, FAR, new UdpDatagram(5_000, 53, new byte[9]).encode(GUEST, FAR))));
        frames.put("ping", frame(Ipv4Packet.of(Ipv4Packet.ICMP, GUEST, FAR,
                new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[8]).encode())));
        frames.put("ICMP error", frame(Ipv4Packet.of(Ipv4Packet.ICMP, GUEST, GATEWAY, new IcmpMessage(IcmpMessage.UNREACHABLE, 3, 0,
                Ipv4Packet.of(Ipv4Packet.TCP, FAR, GUEST, syn(80).encode(FAR, GUEST)).encode()).encode())));
        frames.put("DNS over TCP", frame(GUEST, DNS, segment(5_000, 53, TcpSegment.SYN, ISN, 0, "")));
        frames.put("SYN to another guest", frame(GUEST, v4("10.0.2.77"), syn(5_000)));
        frames.put("SYN to loopback", frame(GUEST, v4("127.0.0.1"), syn(5_000)));
        frames.put("SYN to link-local", frame(GUEST, v4("169.254.169.254"), syn(5_000)));
        frames.put("SYN to a group", frame(GUEST, v4("224.0.0.1"), syn(5_000)));
        frames.put("SYN to all", frame(GUEST, v4("10.0.2.255"), syn(5_000)));
        frames.put("SYN to port 0", frame(GUEST, FAR, segment(5_000, 0, TcpSegment.SYN, ISN, 0, "")));
        frames.put("SYN-ACK of no flow", frame(GUEST, FAR, segment(80, 5_000, TcpSegment.SYN | TcpSegment.ACK, ISN, 7, "")));
        frames.put("ACK of no flow", frame(GUEST, FAR, segment(5_000, 80, TcpSegment.ACK, ISN, 7, "data")));
        frames.put("FIN of no flow", frame(GUEST, FAR, segment(5_000, 80, TcpSegment.FIN | TcpSegment.ACK, ISN, 7, "")));
        frames.put("RST of no flow", frame(GUEST, FAR, segment(5_000, 80, TcpSegment.RST, ISN, 0, "")));
        frames.put("SYN and FIN", frame(GUEST, FAR, segment(5_000, 80, TcpSegment.SYN | TcpSegment.FIN, ISN, 0, "")));
        frames.put("fragment", frame(Ipv4Packet.of(Ipv4Packet.TCP, GUEST, FAR, syn(5_000).encode(GUEST, FAR)).fragments(8).getFirst()));
        frames.put("TTL 1", frame(Ipv4Packet.of(Ipv4Packet.TCP, GUEST, FAR, syn(5_000).encode(GUEST, FAR)).withTtl(1)));
        frames.put("in the gateway's name", frame(GATEWAY, FAR, syn(5_000)));
        frames.put("in a stranger's name", frame(v4("198.51.100.1"), FAR, syn(5_000)));
        frames.put("from our station", withBytes(syn, 6, Arrays.copyOfRange(syn, 0, 6)));
        frames.put("to another station", withBytes(syn, 5, new byte[] {99}));
        frames.put("to all stations", withBytes(syn, 0, new byte[] {-1, -1, -1, -1, -1, -1}));
        frames.put("wrong IP checksum", withBytes(syn, 24, new byte[] {1, 1}));
        frames.put("wrong TCP checksum", withBytes(syn, 50, new byte[] {1, 1}));
        frames.put("IPv6", withBytes(syn, 12, new byte[] {(byte) 0x86, (byte) 0xdd}));
        frames.put("cut off in TCP", Arrays.copyOf(syn, 40));
        frames.put("cut off in Ethernet", Arrays.copyOf(syn, 10));
        frames.put("too long", Arrays.copyOf(syn, 1_600));
        return frames;
    }

    private static byte[] withBytes(byte[] frame, int at, byte[] bytes) {
        byte[] changed = frame.clone();
        System.arraycopy(bytes, 0, changed, at, bytes.length);
        return changed;
    }

    @Test
    void whatPolicyRefusesIsHandedOver() {
        start(GuestNetworkConfig.defaults().withNat(NatConfig.defaults().withReach(Reach.ISOLATED)));
        assertHandedOver(frame(GUEST, FAR, syn(5_000)));
    }

    @Test
    void nonsenseInAFlowOfItsOwnIsHandedOverAndHarmsNobody() {
        start();
        int iss = open(5_000, FAR);
        byte[] good = frame(GUEST, FAR, segment(5_000, 80, TcpSegment.ACK, ISN + 1, iss + 1, "data"));
        link.deliver(withBytes(good, 50, new byte[] {1, 1}));
        assertEquals(1, others.frames.size());
        link.deliver(good);
        reactor.settle();
        assertArrayEquals("data".getBytes(), host.streams().getFirst().peerReceived());
    }

    @Test
    void aFullHandOverDropsAndCounts() {
        start();
        others.room = 1;
        byte[] frame = frame(GUEST, FAR, segment(5_000, 80, TcpSegment.ACK, ISN, 7, ""));
        link.deliver(frame);
        link.deliver(frame);
        assertEquals(1, shard.counters().get(DropReason.HAND_OVER_FULL));
        assertEquals(1, shard.counters().get(Counter.FRAMES_HANDED_OVER));
        open(5_001, FAR);
        assertEquals(1, shard.flowCount(), "its own flows are not concerned");
    }

    @Test
    void framesOfABatchAreSubmittedTogether() {
        start();
        byte[] frame = frame(GUEST, FAR, segment(5_000, 80, TcpSegment.ACK, ISN, 7, ""));
        int before = others.submits;
        reactor.round(() -> {
            link.deliver(frame);
            link.deliver(frame);
            link.deliver(frame);
            assertEquals(before, others.submits);
        });
        assertEquals(before + 1, others.submits);
    }

    @Test
    void limitsOnFlowsHoldHere() {
        start(GuestNetworkConfig.defaults().withNat(NatConfig.defaults().withFlows(4, 2, 4, 4)).dividedBy(2));
        host.whenConnecting(ConnectOutcome.NEVER);
        guest.send(FAR, syn(5_000));
        guest.send(FAR, syn(5_001));
        reactor.settle();
        assertEquals(1, shard.flowCount());
        assertEquals(1, shard.counters().get(Counter.TCP_HALF_OPEN_LIMIT));
        host.whenConnecting(ConnectOutcome.OK);
        reactor.advance(S);
        open(5_002, FAR);
        open(5_003, FAR);
        guest.send(FAR, syn(5_004));
        reactor.settle();
        assertEquals(2, shard.flowCount());
        assertEquals(1, shard.counters().get(Counter.TCP_FLOW_LIMIT));
        assertEquals(List.of(), others.frames, "a limit is no reason to open the flow elsewhere");
    }

    @Test
    void dividedLimitsAddUpToTheWhole() {
        NatConfig nat = NatConfig.defaults().dividedBy(4);
        assertEquals(NatConfig.defaults().flowsMax(), 4 * nat.flowsMax());
        assertEquals(NatConfig.defaults().flowsPerGuestMax(), 4 * nat.flowsPerGuestMax());
        assertEquals(NatConfig.defaults().tcpHalfOpenMax(), 4 * nat.tcpHalfOpenMax());
        assertEquals(NatConfig.defaults().hostBufferBytesMax(), 4 * nat.hostBufferBytesMax());
        assertEquals(NatConfig.defaults().guestBufferBytesMax(), 4 * nat.guestBufferBytesMax());
        assertEquals(1, NatConfig.defaults().withFlows(1, 1, 1, 1).dividedBy(2).flowsMax());
        GuestNetworkConfig whole = GuestNetworkConfig.defaults();
        assertEquals(whole.net().icmpErrorsPerSecond(), 4 * whole.dividedBy(4).net().icmpErrorsPerSecond());
        assertEquals(whole.net().neighborPendingBytesMax(), 4 * whole.dividedBy(4).net().neighborPendingBytesMax());
        assertEquals(whole, whole.dividedBy(1));
    }

    @Test
    void refusedIsResetAndUnreachableIsTold() {
        start();
        host.whenConnecting(ConnectOutcome.failing(HostError.REFUSED));
        guest.send(FAR, syn(5_000));
        reactor.settle();
        assertTrue(guest.poll().tcp().has(TcpSegment.RST));
        host.whenConnecting(ConnectOutcome.failing(HostError.HOST_UNREACHABLE));
        guest.send(FAR, syn(5_001));
        reactor.settle();
        assertEquals(IcmpMessage.UNREACHABLE, guest.poll().icmp().type());
        assertEquals(List.of(), others.frames);
    }

    @Test
    void aGuestThatMovedIsFoundWithoutSayingAWordHere() {
        start();
        open(5_000, FAR);
        long moved = GUEST_MAC + 1;
        link.deliver(new EthernetFrame(BROADCAST_MAC, moved, EthernetFrame.ARP,
                new ArpMessage(ArpMessage.REQUEST, moved, GUEST, 0, GUEST).encode()).encode());
        host.streams().getFirst().peerSend(new byte[100]);
        reactor.settle();
        assertEquals(moved, guest.poll().frame().dstMac());
        assertEquals(1, others.frames.size(), "the other loop hears of it, too");
    }

    @Test
    void aGuestQuietForLongIsAskedForAndServedMeanwhile() {
        start(GuestNetworkConfig.defaults().dividedBy(2));
        open(5_000, FAR);
        reactor.advance(31 * S);
        host.streams().getFirst().peerSend(new byte[100]);
        reactor.settle();
        List<Received> frames = guest.takeAll();
        assertTrue(frames.stream().anyMatch(frame -> frame.tcp() != null && frame.tcp().payload().length == 100));
        assertEquals(1, shard.counters().get(Counter.ARP_REQUESTS_SENT));
        reactor.advance(S / 2);
        assertEquals(1, shard.counters().get(Counter.ARP_REQUESTS_SENT), "the answer was heard");
    }

    @Test
    void straysOfItsFlowsAreTakenAndOthersAskedOfTheNextLoop() {
        start();
        Others next = new Others();
        reactor.round(() -> shard.handStraysTo(next));
        int iss = open(5_000, FAR);
        HandOver strays = shard.strays(allocator);
        byte[] unknown = frame(GUEST, FAR, segment(5_001, 80, TcpSegment.ACK, ISN, 7, "without padding"));
        offer(strays, frame(GUEST, FAR, segment(5_000, 80, TcpSegment.ACK, ISN + 1, iss + 1, "stray")));
        offer(strays, unknown);
        offer(strays, new byte[3]);
        offer(strays, withBytes(unknown, 24, new byte[] {1, 1}));
        strays.submit();
        reactor.settle();

        assertArrayEquals("stray".getBytes(), host.streams().getFirst().peerReceived());
        assertEquals(1, next.frames.size());
        assertArrayEquals(unknown, next.frames.getFirst());
        assertEquals(List.of(), others.frames, "nothing goes back where it came from");
        assertEquals(0, shard.counters().get(Counter.TCP_RESETS_SENT));
    }

    private void offer(HandOver strays, byte[] bytes) {
        ByteBuf frame = allocator.directBuffer().writeBytes(bytes);
        assertTrue(strays.offer(frame, 0));
        frame.release();
    }

    @Test
    void closingResetsEveryFlowOnce() {
        start();
        open(5_000, FAR);
        guest.takeAll();
        reactor.round(shard::close);
        reactor.round(shard::close);
        assertTrue(guest.poll().tcp().has(TcpSegment.RST));
        assertNull(guest.poll());
        assertTrue(host.streams().getFirst().peerSawReset());
        assertEquals(0, shard.flowCount());
    }

    @Test
    void aShardNeverStartedCanBeClosed() {
        shard = new TcpShard(GuestNetworkConfig.defaults(), link, host, reactor, new SplittableRandom(1), allocator, others);
    }

    @Test
    void aShardAtRestAsksForNoWakeUp() {
        start();
        reactor.advance(3_600 * S);
        assertEquals(Long.MAX_VALUE, reactor.wakeAtNs());
    }

    @Test
    void flowPoliciesAreForNetworksOfOneLoop() {
        GuestNetworkConfig config = GuestNetworkConfig.defaults().withFlowPolicy(_ -> new FlowPolicy.Verdict.Pass());
        assertThrows(IllegalArgumentException.class,
                () -> new TcpShard(config, link, host, reactor, new SplittableRandom(1), allocator, others));
    }
}
