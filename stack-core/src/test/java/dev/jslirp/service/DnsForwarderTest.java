package dev.jslirp.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.host.HostAcceptor;
import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostEcho;
import dev.jslirp.host.HostEchoListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostNetwork;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.time.Batch;
import dev.jslirp.time.PumpReactor;
import dev.jslirp.time.TimerWheel;
import dev.jslirp.wire.DnsMessage;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DnsForwarderTest {
    private static final long SECOND_NS = 1_000_000_000L;
    private static final InetSocketAddress ONE = new InetSocketAddress("127.0.0.53", 53), TWO = new InetSocketAddress("::1", 53);

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
    private final Counters counters = new Counters();
    private final PumpReactor reactor = new PumpReactor(0, () -> { });
    private final TimerWheel wheel = new TimerWheel(4, 0);
    private final Batch batch = new Batch(reactor, wheel, () -> { });
    private final FakeHost host = new FakeHost();
    private final List<ByteBuf> answers = new ArrayList<>();
    private DnsForwarder forwarder = forwarder(2, 2, ONE, TWO);

    @AfterEach
    void everyBufferIsReleasedOnClose() {
        forwarder.close();
        forwarder.close();
        assertEquals(0, allocator.metric().usedHeapMemory());
        assertTrue(host.sockets.stream().allMatch(socket -> socket.closed));
    }

    @Test
    void answerOfTheResolverPassesButForTheId() {
        ask(query(7, "Example.org", 1, 0));
        FakeSocket socket = host.sockets.getLast();
        answer(socket, 0, ONE, 100);
        assertEquals(7, answers.getFirst().getUnsignedShort(0));
        assertEquals(socket.sent.readableBytes() + 100, answers.getFirst().readableBytes());
        assertTrue(socket.closed);
    }

    @Test
    void forgedAnswersAreCountedAndIgnored() {
        ask(query(7, "a.example", 1, 0));
        FakeSocket socket = host.sockets.getLast();
        answer(socket, 0, TWO, 0);
        answer(socket, 0, new InetSocketAddress("127.0.0.53", 54), 0);
        ByteBuf wrongId = socket.sent.copy().setShort(2, 0x8180).setShort(0, socket.sent.getShort(0) + 1);
        socket.receive(wrongId, ONE);
        socket.receive(query(socket.sent.getUnsignedShort(0), "b.example", 1, 0).setShort(2, 0x8180), ONE);
        assertEquals(4, counters.get(Counter.DNS_FORGED_ANSWERS));
        assertEquals(0, answers.size());
        answer(socket, 0, ONE, 0);
        assertEquals(1, answers.size());
    }

    @Test
    void silentResolverIsReplacedAndTheGoodOneIsAskedFirstLater() {
        ask(query(1, "a.example", 1, 0));
        advance(2);
        assertEquals(2, host.sockets.size());
        assertNotEquals(host.sockets.get(0).sent.getUnsignedShort(0), host.sockets.get(1).sent.getUnsignedShort(0));
        answer(host.sockets.get(1), 0, TWO, 0);
        assertEquals(1, counters.get(Counter.DNS_FAILOVERS));
        ask(query(2, "a.example", 1, 0));
        assertEquals(TWO, host.sockets.getLast().to);
    }

    @Test
    void socketErrorAndServfailMoveOnAtOnce() {
        ask(query(1, "a.example", 1, 0));
        host.sockets.getLast().listener.onError(HostError.REFUSED, 0, IpAddress.of(ONE.getAddress()).lo(), 53);
        answer(host.sockets.getLast(), DnsMessage.SERVFAIL, TWO, 0);
        assertEquals(DnsMessage.SERVFAIL, rcode(answers.getFirst()));
        ask(query(2, "a.example", 1, 0));
        answer(host.sockets.getLast(), DnsMessage.REFUSED, ONE, 0);
        answer(host.sockets.getLast(), DnsMessage.NXDOMAIN, TWO, 0);
        assertEquals(DnsMessage.NXDOMAIN, rcode(answers.get(1)));
    }

    @Test
    void exhaustedAttemptsAndNoResolversEndInServfail() {
        ask(query(9, "a.example", 1, 0));
        for (int i = 0; i < 4; i++) {
            assertEquals(0, answers.size());
            advance(2);
        }
        assertEquals(DnsMessage.SERVFAIL, rcode(answers.getFirst()));
        assertEquals(9, answers.getFirst().getUnsignedShort(0));
        assertEquals(1, counters.get(Counter.DNS_TIMEOUTS));
        forwarder = forwarder(2, 2);
        ask(query(9, "a.example", 1, 0));
        assertEquals(DnsMessage.SERVFAIL, rcode(answers.get(1)));
    }

    @Test
    void retransmittedQueryIsAbsorbedAndTheOldestPendingGivesWay() {
        ask(query(1, "a.example", 1, 0));
        ask(query(1, "a.example", 1, 0));
        assertEquals(1, host.sockets.size());
        ask(query(2, "a.example", 1, 0));
        ask(query(3, "a.example", 1, 0));
        assertEquals(1, counters.get(Counter.DNS_PENDING_LIMIT));
        assertTrue(host.sockets.getFirst().closed);
        assertEquals(0, answers.size());
    }

    @Test
    void tooLongAnswerBecomesTruncatedUnlessEdnsAllowsIt() {
        ask(query(1, "a.example", 1, 0));
        answer(host.sockets.getLast(), 0, ONE, 900);
        DnsMessage answer = DnsMessage.parse(answers.getFirst(), 0, answers.getFirst().readableBytes());
        assertEquals(DnsMessage.TC, answer.flags() & DnsMessage.TC);
        assertEquals("a.example", answer.name());
        ask(query(2, "a.example", 1, 1232));
        answer(host.sockets.getLast(), 0, ONE, 900);
        assertTrue(answers.get(1).readableBytes() > 900);
    }

    @Test
    void staticNamesAreAnsweredHere() {
        ask(query(1, "Host.Internal", DnsMessage.A, 1232));
        assertEquals(1, answers.get(0).getUnsignedShort(6));
        ask(query(2, "host.internal", DnsMessage.AAAA, 0));
        assertEquals(1, answers.get(1).getUnsignedShort(6));
        ask(query(3, "host.internal", 16, 0));
        assertEquals(0, answers.get(2).getUnsignedShort(6));
        assertEquals(DnsMessage.NOERROR, rcode(answers.get(2)));
        ask(query(4, "2.2.0.10.in-addr.arpa", DnsMessage.PTR, 0));
        assertEquals(1, answers.get(3).getUnsignedShort(6));
        assertEquals(4, counters.get(Counter.DNS_ANSWERED_LOCALLY));
        assertEquals(0, host.sockets.size());
    }

    @Test
    void malformedQueriesGetFormerrOrNothingAndNeverThrow() {
        ByteBuf loop = query(1, "a", 1, 0).setShort(12, 0xc00c);
        ask(loop);
        assertEquals(DnsMessage.FORMERR, rcode(answers.getFirst()));
        ask(Unpooled.wrappedBuffer(new byte[11]));
        ask(query(1, "a", 1, 0).setShort(2, 0x8000));
        assertEquals(1, answers.size());
        assertEquals(3, counters.get(DropReason.DNS_MALFORMED));
        Random random = new Random(1);
        for (int i = 0; i < 3_000; i++) {
            ByteBuf bad = query(i, "www.example.org", 1, 1232);
            for (int n = random.nextInt(4); n >= 0; n--) {
                bad.setByte(random.nextInt(bad.readableBytes()), random.nextInt());
            }
            ask(bad.slice(0, random.nextInt(bad.readableBytes() + 1)));
        }
        assertTrue(forwarder.pending.size() <= 2);
    }

    @Test
    void pipelinedTcpQueriesAreForwardedByTcpAndAnswered() {
        Guest guest = new Guest();
        advance(0);
        assertEquals("connected", guest.events);
        guest.stream.resumeReads();
        ByteBuf two = Unpooled.buffer();
        for (int id = 1; id <= 2; id++) {
            ByteBuf query = query(id, "a.example", 1, 0);
            two.writeShort(query.readableBytes()).writeBytes(query);
        }
        guest.stream.write(two, 0, 9);
        guest.stream.flush();
        advance(0);
        guest.stream.write(two, 9, two.readableBytes() - 9);
        guest.stream.flush();
        advance(0);
        assertEquals(2, host.streams.size());
        host.streams.get(0).listener.onConnectFailed(HostError.REFUSED);
        assertEquals(3, host.streams.size());
        for (int i = 2; i >= 1; i--) {
            FakeStream stream = host.streams.get(i);
            stream.listener.onConnected();
            stream.sent.setShort(4, 0x8180);
            stream.listener.onBytes(stream.sent.copy(0, 5));
            stream.listener.onBytes(stream.sent.copy(5, stream.sent.readableBytes() - 5));
        }
        guest.stream.shutdownOutput();
        advance(0);
        assertEquals(two.readableBytes(), guest.received.readableBytes());
        assertEquals(1, guest.received.getUnsignedShort(2));
        assertEquals("connected eof", guest.events);
    }

    @Test
    void tcpConnectionsAreLimitedIdleOnesEndAndLongQueriesReset() {
        Guest first = new Guest();
        Guest second = new Guest();
        Guest third = new Guest();
        advance(0);
        assertEquals("failed", third.events);
        assertEquals(1, counters.get(Counter.DNS_STREAM_LIMIT));
        second.stream.write(Unpooled.buffer().writeShort(5_000), 0, 2);
        second.stream.flush();
        advance(0);
        assertEquals("connected reset", second.events);
        advance(10);
        assertEquals("connected eof", first.events);
        assertEquals(0, forwarder.streams.size());
    }

    @Test
    void guestThatAsksFasterThanAnswersComeIsHeldBack() {
        forwarder = forwarder(100, 1, ONE);
        Guest guest = new Guest();
        ByteBuf query = query(1, "a.example", 1, 0);
        for (int i = 0; i <= 16; i++) {
            guest.stream.write(Unpooled.buffer().writeShort(query.readableBytes()), 0, 2);
            guest.stream.write(query, 0, query.readableBytes());
        }
        guest.stream.flush();
        advance(0);
        assertEquals(16, host.streams.size());
        assertEquals(2 + query.readableBytes(), guest.stream.unsentBytes());
        host.streams.getFirst().listener.onReset(HostError.RESET);
        advance(0);
        assertEquals(16 + 1, host.streams.size());
        assertEquals(0, guest.stream.unsentBytes());
        assertEquals("connected drained", guest.events);
    }

    @Test
    void resolverThatAnswersSomethingElseByTcpIsGivenUpAtOnce() {
        Guest guest = new Guest();
        ByteBuf query = query(1, "a.example", 1, 0);
        guest.stream.write(Unpooled.buffer().writeShort(query.readableBytes()), 0, 2);
        guest.stream.write(query, 0, query.readableBytes());
        guest.stream.flush();
        advance(0);
        FakeStream resolver = host.streams.getFirst();
        resolver.listener.onConnected();
        resolver.sent.setShort(4, 0x8180).setShort(2, resolver.sent.getShort(2) + 1);
        resolver.listener.onBytes(resolver.sent.copy());
        assertEquals(1, counters.get(Counter.DNS_FORGED_ANSWERS));
        assertEquals(2, host.streams.size());
    }

    @Test
    void listOfResolversIsReadAgainAfterAWhile() {
        List<InetSocketAddress> resolvers = new ArrayList<>(List.of(ONE));
        forwarder = forwarder(DnsConfig.forwardingTo(() -> List.copyOf(resolvers)).withRetries(2 * SECOND_NS, 1)
                .withSockets(1, 1, SECOND_NS, SECOND_NS));
        ask(query(1, "a.example", 1, 0));
        answer(host.sockets.getLast(), 0, ONE, 0);
        resolvers.set(0, TWO);
        advance(4);
        ask(query(2, "a.example", 1, 0));
        answer(host.sockets.getLast(), 0, ONE, 0);
        assertEquals(2, answers.size());
        advance(1);
        ask(query(3, "a.example", 1, 0));
        answer(host.sockets.getLast(), 0, TWO, 0);
        assertEquals(3, answers.size());
    }

    @Test
    void disabledForwarderIsSilentAndRefusesConnections() {
        forwarder = forwarder(DnsConfig.disabled().withUpstreams(() -> List.of(ONE)));
        ask(query(1, "a.example", 1, 0));
        assertEquals(0, host.sockets.size());
        assertEquals(0, answers.size());
        Guest guest = new Guest();
        advance(0);
        assertEquals("failed", guest.events);
    }

    @Test
    void guestThatReadsNoAnswersIsHeldBack() {
        Guest guest = new Guest();
        ByteBuf query = query(1, "host.internal", 1, 0);
        int asked = 0;
        while (guest.stream.unsentBytes() == 0) {
            guest.stream.write(Unpooled.buffer().writeShort(query.readableBytes()), 0, 2);
            guest.stream.write(query, 0, query.readableBytes());
            guest.stream.flush();
            advance(0);
            assertTrue(++asked < 10_000, "answers pile up");
        }
        assertEquals(1, counters.get(Counter.DNS_STREAM_STALLED));
        assertEquals(0, guest.received.readableBytes());
        guest.stream.resumeReads();
        advance(0);
        assertEquals(0, guest.stream.unsentBytes());
        assertEquals(asked, counters.get(Counter.DNS_ANSWERED_LOCALLY));
    }

    private DnsForwarder forwarder(int pendingMax, int attempts, InetSocketAddress... upstreams) {
        DnsConfig config = DnsConfig.forwardingTo(() -> List.of(upstreams)).withStaticNames(Map.of("Host.internal.",
                List.of(IpAddress.parse("10.0.2.2"), IpAddress.parse("fd00::2")))).withLimits(pendingMax, 2)
                .withRetries(2 * SECOND_NS, attempts).withSockets(1, 1, SECOND_NS, SECOND_NS);
        return forwarder(config);
    }

    private DnsForwarder forwarder(DnsConfig config) {
        AddressPlan plan = AddressPlan.defaults();
        DhcpServer dhcp = new DhcpServer(plan, DhcpConfig.defaults(), 1500, counters, allocator,
                (dstMac, srcLo, srcPort, dstLo, dstPort, payload, index, length) -> { }, LeaseListener.NONE);
        return new DnsForwarder(config, plan, dhcp, host, (srcHi, srcLo, srcPort, dstHi, dstLo, dstPort, payload, index, length, nowNs) -> {
            assertEquals(53, srcPort);
            assertEquals(4000, dstPort);
            answers.add(Unpooled.copiedBuffer(payload.slice(index, length)));
        }, batch, wheel, new Random(3), counters, allocator);
    }

    private void ask(ByteBuf query) {
        PacketView view = new PacketView();
        view.srcLo = 15;
        view.srcPort = 4000;
        view.payloadOffset = query.readerIndex();
        view.payloadLength = query.readableBytes();
        forwarder.onDatagram(view, query, batch.begin());
        advance(0);
    }

    private void advance(long seconds) {
        reactor.poll(reactor.nowNs() + seconds * SECOND_NS);
        for (int i = 0; i < 4; i++) {
            reactor.poll(reactor.nowNs());
        }
    }

    private static void answer(FakeSocket socket, int rcode, InetSocketAddress from, int padding) {
        socket.receive(socket.sent.copy().setShort(2, 0x8180 | rcode).writeZero(padding), from);
    }

    private static ByteBuf query(int id, String name, int type, int udpPayload) {
        ByteBuf query = Unpooled.buffer().writeShort(id).writeShort(DnsMessage.RD).writeShort(1).writeInt(0)
                .writeShort(udpPayload == 0 ? 0 : 1);
        for (String label : name.split("\\.")) {
            query.writeByte(label.length()).writeBytes(label.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }
        query.writeByte(0).writeShort(type).writeShort(1);
        return udpPayload == 0 ? query : query.writeByte(0).writeShort(DnsMessage.OPT).writeShort(udpPayload).writeInt(0).writeShort(0);
    }

    private static int rcode(ByteBuf answer) {
        return answer.getUnsignedShort(2) & DnsMessage.RCODE;
    }

    /// A guest's connection.
    private final class Guest implements HostStreamListener {
        final ByteBuf received = Unpooled.buffer();
        final HostStream stream = forwarder.connect(ONE, this);
        String events = "";

        private void event(String name) {
            events = events.isEmpty() ? name : events + " " + name;
        }

        @Override public void onConnected() { event("connected"); }

        @Override public void onConnectFailed(HostError error) { event("failed"); }

        @Override public void onBytes(ByteBuf bytes) {
            received.writeBytes(bytes);
            bytes.release();
        }

        @Override public void onEof() { event("eof"); }

        @Override public void onReset(HostError error) { event("reset"); }

        @Override public void onDrained() { event("drained"); }
    }

    private static final class FakeSocket implements HostDatagrams {
        final HostDatagramsListener listener;
        ByteBuf sent;
        InetSocketAddress to;
        boolean closed;

        FakeSocket(HostDatagramsListener listener) { this.listener = listener; }

        void receive(ByteBuf bytes, InetSocketAddress from) {
            IpAddress address = IpAddress.of(from.getAddress());
            listener.onDatagram(bytes, address.hi(), address.lo(), from.getPort());
        }

        @Override public void send(ByteBuf bytes, int index, int length, long addressHi, long addressLo, int port) {
            sent = Unpooled.copiedBuffer(bytes.slice(index, length));
            to = new InetSocketAddress(IpAddress.toInetAddress(addressHi, addressLo), port);
        }

        @Override public void flush() { }

        @Override public InetSocketAddress localAddress() { return null; }

        @Override public void close() { closed = true; }
    }

    private static final class FakeStream implements HostStream {
        final HostStreamListener listener;
        final ByteBuf sent = Unpooled.buffer();

        FakeStream(HostStreamListener listener) { this.listener = listener; }

        @Override public void write(ByteBuf bytes, int index, int length) { sent.writeBytes(bytes, index, length); }

        @Override public void flush() { }

        @Override public int unsentBytes() { return 0; }

        @Override public void shutdownOutput() { }

        @Override public void reset() { }

        @Override public void close() { }

        @Override public void pauseReads() { }

        @Override public void resumeReads() { }

        @Override public InetSocketAddress localAddress() { return null; }

        @Override public InetSocketAddress remoteAddress() { return null; }
    }

    private static final class FakeHost implements HostNetwork {
        final List<FakeSocket> sockets = new ArrayList<>();
        final List<FakeStream> streams = new ArrayList<>();

        @Override public HostDatagrams openDatagrams(InetSocketAddress local, InetAddress family, HostDatagramsListener listener) {
            sockets.add(new FakeSocket(listener));
            return sockets.getLast();
        }

        @Override public HostStream connect(InetSocketAddress remote, HostStreamListener listener) {
            streams.add(new FakeStream(listener));
            return streams.getLast();
        }

        @Override public HostListener listen(InetSocketAddress local, HostAcceptor acceptor) { throw new AssertionError(); }

        @Override public HostEcho openEcho(InetAddress remote, HostEchoListener listener) { throw new AssertionError(); }

        @Override public void close() { }
    }
}
