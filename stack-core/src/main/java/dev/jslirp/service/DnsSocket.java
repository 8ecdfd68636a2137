package dev.jslirp.service;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import dev.jslirp.stats.Counter;
import dev.jslirp.time.Batch;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetSocketAddress;

/// One UDP socket towards one resolver, at a port the kernel drew (RFC 5452 §9.2), and the queries that wait at it.
///
/// OPEN: queries may be added. RETIRED: none may, and the last to end closes it.
final class DnsSocket implements HostDatagramsListener, Batch.Participant {
    private static final int ID_OFFSET = 0, ID_LENGTH = 2, BUCKETS = 32;

    private final DnsForwarder forwarder;
    private final IpAddress address;
    private final int port;
    private final HostDatagrams socket;
    private final long openedNs;
    /// By the low bits of their random ids, chained through `nextAtSocket`.
    private final UdpDnsExchange[] waiting = new UdpDnsExchange[BUCKETS];
    private int waitingCount;
    private int queriesSent;
    private long usedNs;
    private boolean joined;
    private boolean retired;
    private boolean closed;

    /// @throws IOException if the host gives no socket
    DnsSocket(DnsForwarder forwarder, InetSocketAddress upstream, long nowNs) throws IOException {
        this.forwarder = forwarder;
        this.address = IpAddress.of(upstream.getAddress());
        this.port = upstream.getPort();
        this.openedNs = nowNs;
        this.usedNs = nowNs;
        this.socket = forwarder.host.openDatagrams(null, upstream.getAddress(), this);
    }

    /// Sends the query of `exchange`, under an id no other query here waits under, and lets it wait for the answer.
    void send(UdpDnsExchange exchange, long nowNs) {
        int id = forwarder.random.nextInt() & 0xffff;
        while (find(id) != null) {
            id = forwarder.random.nextInt() & 0xffff; // ends soon: `pendingMax` is far below 2^16
        }
        exchange.attempt(id);
        exchange.nextAtSocket = waiting[id % BUCKETS];
        waiting[id % BUCKETS] = exchange;
        waitingCount++;
        usedNs = nowNs;
        retired = ++queriesSent >= forwarder.config.socketQueriesMax();
        socket.send(exchange.query, 0, exchange.query.readableBytes(), address.hi(), address.lo(), port);
        if (!joined) {
            joined = true;
            forwarder.batch.join(this);
        }
    }

    /// Sends the queries of this batch together.
    @Override
    public void onBatchEnd(long nowNs) {
        joined = false;
        forwarder.sockets.onBatchEnd();
        if (!closed) {
            socket.flush();
        }
    }

    /// The exchange no longer waits here.
    void remove(UdpDnsExchange exchange) {
        int bucket = exchange.attemptId() % BUCKETS;
        UdpDnsExchange before = null;
        UdpDnsExchange at = waiting[bucket];
        while (at != exchange) {
            before = at;
            at = at.nextAtSocket;
        }
        if (before == null) {
            waiting[bucket] = exchange.nextAtSocket;
        } else {
            before.nextAtSocket = exchange.nextAtSocket;
        }
        exchange.nextAtSocket = null;
        waitingCount--;
        closeIfDone();
    }

    /// Takes no more queries.
    void retire() {
        retired = true;
        closeIfDone();
    }

    boolean isRetired() {
        return retired;
    }

    /// Whether its port has been used enough (RFC 5452 §9.2 wants it unpredictable), or it has failed.
    boolean isWornOut(long nowNs) {
        return retired || nowNs - openedNs >= forwarder.config.socketAgeNs();
    }

    /// Whether nothing waits and nothing was sent lately.
    boolean isIdle(long nowNs) {
        return waitingCount == 0 && nowNs - usedNs >= forwarder.config.socketIdleNs();
    }

    @Override
    public void onDatagram(ByteBuf datagram, long addressHi, long addressLo, int fromPort) {
        if (closed) {
            return;
        }
        UdpDnsExchange exchange = isResolver(addressHi, addressLo, fromPort) && datagram.readableBytes() >= ID_LENGTH
                ? find(datagram.getUnsignedShort(datagram.readerIndex() + ID_OFFSET)) : null;
        if (exchange != null) {
            exchange.receive(datagram, datagram.readerIndex(), datagram.readableBytes(), forwarder.batch.begin());
        } else {
            forwarder.counters.increment(Counter.DNS_FORGED_ANSWERS);
        }
    }

    /// Every query that waits here goes to the next resolver; the sockets beside this one are not touched.
    @Override
    public void onError(HostError error, long addressHi, long addressLo, int fromPort) {
        if (!isResolver(addressHi, addressLo, fromPort)) {
            return;
        }
        long nowNs = forwarder.batch.begin();
        retired = true; // first, so that none of them comes back
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            while (waiting[bucket] != null) {
                waiting[bucket].next(nowNs);
            }
        }
        closeIfDone();
    }

    private UdpDnsExchange find(int id) {
        UdpDnsExchange at = waiting[id % BUCKETS];
        while (at != null && at.attemptId() != id) {
            at = at.nextAtSocket;
        }
        return at;
    }

    private boolean isResolver(long addressHi, long addressLo, int fromPort) {
        return addressHi == address.hi() && addressLo == address.lo() && fromPort == port;
    }

    private void closeIfDone() {
        if (retired && waitingCount == 0 && !closed) {
            closed = true;
            socket.close();
        }
    }
}
