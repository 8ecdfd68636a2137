package dev.jslirp.service;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.DnsMessage;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/// An exchange by UDP: each attempt from a socket of its own, so that the kernel draws the port (RFC 5452 §9.2).
final class UdpDnsExchange extends DnsExchange implements HostDatagramsListener {
    private HostDatagrams socket;
    private IpAddress address;

    UdpDnsExchange(DnsForwarder forwarder, DnsMessage question, ByteBuf query, int index, int length, Asker asker,
            List<InetSocketAddress> upstreams) {
        super(forwarder, question, query, index, length, asker, upstreams);
    }

    @Override
    boolean send(InetSocketAddress upstream) {
        try {
            socket = forwarder.host.openDatagrams(null, upstream.getAddress(), this);
        } catch (IOException e) {
            return false;
        }
        address = IpAddress.of(upstream.getAddress());
        socket.send(query, 0, query.readableBytes(), address.hi(), address.lo(), upstream.getPort());
        socket.flush();
        return true;
    }

    @Override
    void abandon() {
        if (socket != null) {
            socket.close();
            socket = null;
        }
    }

    @Override
    public void onDatagram(ByteBuf datagram, long addressHi, long addressLo, int port) {
        if (socket == null) {
            return;
        }
        if (isFromUpstream(addressHi, addressLo, port)) {
            receive(datagram, datagram.readerIndex(), datagram.readableBytes(), forwarder.batch.begin());
        } else {
            forwarder.counters.increment(Counter.DNS_FORGED_ANSWERS);
        }
    }

    @Override
    public void onError(HostError error, long addressHi, long addressLo, int port) {
        if (socket != null && isFromUpstream(addressHi, addressLo, port)) {
            next(forwarder.batch.begin());
        }
    }

    private boolean isFromUpstream(long addressHi, long addressLo, int port) {
        return addressHi == address.hi() && addressLo == address.lo() && port == upstream().getPort();
    }
}
