package dev.jslirp.service;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.wire.DnsMessage;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.util.List;

/// An exchange by TCP (RFC 7766): each attempt on a connection of its own, which carries one query and one answer.
final class TcpDnsExchange extends DnsExchange {
    private static final int PREFIX = 2;

    private Connection connection;

    TcpDnsExchange(DnsForwarder forwarder, DnsMessage question, ByteBuf query, int index, int length, Asker asker,
            List<InetSocketAddress> upstreams) {
        super(forwarder, question, query, index, length, asker, upstreams);
    }

    @Override
    boolean send(InetSocketAddress upstream, long nowNs) {
        attempt(forwarder.random.nextInt() & 0xffff);
        connection = new Connection();
        connection.stream = forwarder.host.connect(upstream, connection);
        return true;
    }

    @Override
    void abandon() {
        if (connection != null) {
            Connection old = connection;
            connection = null;
            old.stream.reset();
            old.received.release();
        }
    }

    /// One attempt. Late events of an abandoned one find that it is no longer `connection`.
    private final class Connection implements HostStreamListener {
        private final ByteBuf received = forwarder.allocator.buffer();
        private HostStream stream;

        @Override
        public void onConnected() {
            if (connection != this) {
                return;
            }
            ByteBuf prefixed = forwarder.allocator.buffer(PREFIX + query.readableBytes());
            prefixed.writeShort(query.readableBytes()).writeBytes(query, 0, query.readableBytes());
            stream.write(prefixed, 0, prefixed.readableBytes());
            prefixed.release();
            stream.flush();
            stream.resumeReads();
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            try {
                if (connection != this) {
                    return;
                }
                // At most one message is held, however much the resolver sends.
                int wanted = PREFIX + 0xffff - received.readableBytes();
                received.writeBytes(bytes, Math.min(wanted, bytes.readableBytes()));
            } finally {
                bytes.release();
            }
            if (received.readableBytes() < PREFIX || received.readableBytes() < PREFIX + received.getUnsignedShort(0)) {
                return;
            }
            ByteBuf message = received.retainedSlice(PREFIX, received.getUnsignedShort(0));
            try {
                long nowNs = forwarder.batch.begin();
                receive(message, 0, message.readableBytes(), nowNs);
                if (connection == this) {
                    next(nowNs); // it sent something else
                }
            } finally {
                message.release();
            }
        }

        @Override
        public void onEof() {
            fail();
        }

        @Override
        public void onConnectFailed(HostError error) {
            fail();
        }

        @Override
        public void onReset(HostError error) {
            fail();
        }

        @Override
        public void onDrained() {}

        private void fail() {
            if (connection == this) {
                next(forwarder.batch.begin());
            }
        }
    }
}
