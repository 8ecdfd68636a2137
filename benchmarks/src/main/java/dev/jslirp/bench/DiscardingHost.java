package dev.jslirp.bench;

import dev.jslirp.host.HostAcceptor;
import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostEcho;
import dev.jslirp.host.HostEchoListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostException;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostNetwork;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// A host whose sockets take every byte and keep none. Events are made by the benchmark, through the last listener registered.
final class DiscardingHost implements HostNetwork {
    HostStreamListener stream;
    HostDatagramsListener datagrams;
    long bytesTaken;

    @Override
    public HostStream connect(InetSocketAddress remote, HostStreamListener listener) {
        stream = listener;
        return new Stream(remote);
    }

    @Override
    public HostDatagrams openDatagrams(InetSocketAddress local, InetAddress family, HostDatagramsListener listener) {
        datagrams = listener;
        return new Datagrams();
    }

    @Override
    public HostListener listen(InetSocketAddress local, HostAcceptor acceptor) throws IOException {
        throw new IOException("this host accepts nothing");
    }

    @Override
    public HostEcho openEcho(InetAddress remote, HostEchoListener listener) throws HostException {
        throw new HostException(HostError.UNSUPPORTED, "this host has no echo sockets");
    }

    @Override
    public void close() {}

    private final class Stream implements HostStream {
        private final InetSocketAddress remote;

        Stream(InetSocketAddress remote) {
            this.remote = remote;
        }

        @Override
        public void write(ByteBuf bytes, int index, int length) {
            bytesTaken += length;
        }

        @Override
        public void flush() {}

        @Override
        public int unsentBytes() {
            return 0;
        }

        @Override
        public void shutdownOutput() {}

        @Override
        public void reset() {}

        @Override
        public void close() {}

        @Override
        public void pauseReads() {}

        @Override
        public void resumeReads() {}

        @Override
        public InetSocketAddress localAddress() {
            return null;
        }

        @Override
        public InetSocketAddress remoteAddress() {
            return remote;
        }
    }

    private final class Datagrams implements HostDatagrams {
        @Override
        public void send(ByteBuf bytes, int index, int length, long addressHi, long addressLo, int port) {
            bytesTaken += length;
        }

        @Override
        public void flush() {}

        @Override
        public InetSocketAddress localAddress() {
            return null;
        }

        @Override
        public void close() {}
    }
}
