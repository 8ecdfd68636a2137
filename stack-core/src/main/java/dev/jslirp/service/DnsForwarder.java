package dev.jslirp.service;

import dev.jslirp.host.HostNetwork;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.host.StreamConnector;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.net.GatewayService;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.time.Batch;
import dev.jslirp.time.TimerWheel;
import dev.jslirp.wire.DnsMessage;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/// The DNS forwarder: a service at UDP port 53, and the connector for TCP port 53, of the DNS address.
public final class DnsForwarder implements GatewayService, StreamConnector, AutoCloseable {
    final DnsConfig config;
    final HostNetwork host;
    final Batch batch;
    final TimerWheel wheel;
    /// Draws the ids of queries; must be unpredictable outside tests (RFC 5452 §9.2).
    final RandomGenerator random;
    final Counters counters;
    final ByteBufAllocator allocator;
    final DnsUpstreams upstreams;
    final DnsSockets sockets;
    /// All exchanges, oldest first.
    final Set<DnsExchange> pending = new LinkedHashSet<>();
    /// Guests' TCP connections, the one quiet for longest first.
    final Set<GuestDnsStream> streams = new LinkedHashSet<>();

    private final DatagramOutput output;
    /// The exchanges of UDP queries by who asked what.
    private final Map<UdpAsker, DnsExchange> udpExchanges = new HashMap<>();
    private final LocalNames local;

    /// @param dhcp   knows the names guests gave themselves
    /// @param output how answers reach guests
    /// @param random unpredictable, but in tests
    public DnsForwarder(DnsConfig config, AddressPlan plan, DhcpServer dhcp, HostNetwork host, DatagramOutput output, Batch batch,
            TimerWheel wheel, RandomGenerator random, Counters counters, ByteBufAllocator allocator) {
        this.config = config;
        this.host = host;
        this.output = output;
        this.batch = batch;
        this.wheel = wheel;
        this.random = random;
        this.counters = counters;
        this.allocator = allocator;
        this.upstreams = new DnsUpstreams(config.upstreams(), config.refreshNs());
        this.sockets = new DnsSockets(this);
        this.local = new LocalNames(config, plan, dhcp.guestNames(), allocator);
    }

    @Override
    public void onDatagram(PacketView packet, ByteBuf frame, long nowNs) {
        if (!config.enabled()) {
            return;
        }
        DnsMessage query = DnsMessage.parse(frame, packet.payloadOffset, packet.payloadLength);
        if (query == null || query.isResponse()) {
            counters.drop(DropReason.DNS_MALFORMED);
            return;
        }
        UdpAsker asker = new UdpAsker(packet.srcHi, packet.srcLo, packet.srcPort, packet.dstHi, packet.dstLo, query);
        if (udpExchanges.containsKey(asker)) {
            return; // a retransmission; the answer is on its way
        }
        counters.increment(Counter.DNS_QUERIES);
        ByteBuf answer = answerLocally(query, frame, packet.payloadOffset, nowNs);
        if (answer != null) {
            sendAnswer(asker, answer, 0, answer.readableBytes(), frame, packet.payloadOffset);
            answer.release();
            return;
        }
        forward(new UdpDnsExchange(this, query, frame, packet.payloadOffset, packet.payloadLength, new UdpReply(asker),
                upstreams.inOrder(nowNs)), asker, nowNs);
    }

    /// Opens a guest's TCP connection to the forwarder.
    @Override
    public HostStream connect(InetSocketAddress remote, HostStreamListener listener) {
        boolean refused = !config.enabled() || !admitStream();
        GuestDnsStream stream = new GuestDnsStream(this, remote, listener, refused);
        if (!refused) {
            streams.add(stream);
        }
        return stream;
    }

    /// Makes room for one more stream by ending the one quiet for longest of those for which nothing is being asked.
    private boolean admitStream() {
        if (streams.size() < config.tcpStreamsMax()) {
            return true;
        }
        counters.increment(Counter.DNS_STREAM_LIMIT);
        for (GuestDnsStream stream : streams) {
            if (stream.isIdle()) {
                stream.giveWay();
                return true;
            }
        }
        return false;
    }

    /// A stream brought a query or got an answer: keeps `streams` in order of that.
    void active(GuestDnsStream stream) {
        if (streams.remove(stream)) {
            streams.add(stream);
        }
    }

    /// Drops what is pending; idempotent.
    @Override
    public void close() {
        List.copyOf(streams).forEach(GuestDnsStream::dispose);
        List.copyOf(pending).forEach(DnsExchange::cancel);
        sockets.close();
    }

    /// One query of a guest's stream. **Borrows** `bytes`.
    void onStreamQuery(GuestDnsStream stream, ByteBuf bytes, int index, int length) {
        DnsMessage query = DnsMessage.parse(bytes, index, length);
        if (query == null || query.isResponse()) {
            counters.drop(DropReason.DNS_MALFORMED);
            return;
        }
        counters.increment(Counter.DNS_QUERIES);
        long nowNs = batch.begin();
        ByteBuf answer = answerLocally(query, bytes, index, nowNs);
        if (answer != null) {
            stream.answer(answer, 0, answer.readableBytes());
            answer.release();
            return;
        }
        DnsExchange exchange = new TcpDnsExchange(this, query, bytes, index, length, stream, upstreams.inOrder(nowNs));
        stream.add(exchange);
        forward(exchange, null, nowNs);
    }

    private void forward(DnsExchange exchange, UdpAsker asker, long nowNs) {
        if (pending.size() >= config.pendingMax()) {
            counters.increment(Counter.DNS_PENDING_LIMIT);
            pending.iterator().next().cancel();
        }
        pending.add(exchange);
        if (asker != null) {
            udpExchanges.put(asker, exchange);
        }
        counters.increment(Counter.DNS_FORWARDED);
        exchange.next(nowNs);
    }

    /// The answer to what needs no resolver, owned by the caller; null when one must be asked.
    private ByteBuf answerLocally(DnsMessage query, ByteBuf bytes, int index, long nowNs) {
        if (query.opcode() != 0) {
            ByteBuf answer = allocator.buffer();
            query.writeEmpty(answer, bytes, index, DnsMessage.NOTIMP, 0);
            return answer;
        }
        if (query.name() == null) {
            counters.drop(DropReason.DNS_MALFORMED);
            ByteBuf answer = allocator.buffer();
            query.writeEmpty(answer, bytes, index, DnsMessage.FORMERR, 0);
            return answer;
        }
        ByteBuf answer = local.answer(query, bytes, index, nowNs);
        if (answer != null) {
            counters.increment(Counter.DNS_ANSWERED_LOCALLY);
        }
        return answer;
    }

    /// Sends an answer by UDP, or, if the guest takes no datagram of that length, an empty one with TC (RFC 2181 §9).
    private void sendAnswer(UdpAsker asker, ByteBuf answer, int index, int length, ByteBuf query, int queryIndex) {
        if (length <= asker.query.answerLengthMax()) {
            asker.send(output, answer, index, length, batch.begin());
            return;
        }
        ByteBuf truncated = allocator.buffer(DnsMessage.UDP_PAYLOAD_MIN);
        asker.query.writeEmpty(truncated, query, queryIndex, answer.getShort(index + 2) & DnsMessage.RCODE, DnsMessage.TC);
        asker.send(output, truncated, 0, truncated.readableBytes(), batch.begin());
        truncated.release();
    }

    /// Who asked by UDP, and what: a retransmission is equal.
    private record UdpAsker(long srcHi, long srcLo, int srcPort, long dstHi, long dstLo, DnsMessage query) {
        private static final int DNS_PORT = 53;

        void send(DatagramOutput output, ByteBuf answer, int index, int length, long nowNs) {
            output.udp(dstHi, dstLo, DNS_PORT, srcHi, srcLo, srcPort, answer, index, length, nowNs);
        }
    }

    private final class UdpReply implements DnsExchange.Asker {
        private final UdpAsker asker;

        UdpReply(UdpAsker asker) {
            this.asker = asker;
        }

        @Override
        public void onAnswer(DnsExchange exchange, ByteBuf answer, int index, int length) {
            udpExchanges.remove(asker);
            // Question and length of the question are those of the query, so the answer serves as its source.
            sendAnswer(asker, answer, index, length, answer, index);
        }

        @Override
        public void onDropped(DnsExchange exchange) {
            udpExchanges.remove(asker);
        }
    }
}
