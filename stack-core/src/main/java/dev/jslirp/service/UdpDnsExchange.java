package dev.jslirp.service;

import dev.jslirp.wire.DnsMessage;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.util.List;

/// An exchange by UDP: each attempt from a socket drawn anew.
final class UdpDnsExchange extends DnsExchange {
    /// The next one in a bucket of the socket this one waits at.
    UdpDnsExchange nextAtSocket;
    private DnsSocket socket;

    UdpDnsExchange(DnsForwarder forwarder, DnsMessage question, ByteBuf query, int index, int length, Asker asker,
            List<InetSocketAddress> upstreams) {
        super(forwarder, question, query, index, length, asker, upstreams);
    }

    @Override
    boolean send(InetSocketAddress upstream, long nowNs) {
        DnsSocket drawn = forwarder.sockets.draw(upstream, nowNs);
        if (drawn == null) {
            return false;
        }
        socket = drawn;
        drawn.send(this, nowNs);
        return true;
    }

    @Override
    void abandon() {
        if (socket != null) {
            DnsSocket old = socket;
            socket = null;
            old.remove(this);
        }
    }
}
