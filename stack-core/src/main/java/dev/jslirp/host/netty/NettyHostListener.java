package dev.jslirp.host.netty;

import dev.jslirp.host.HostAcceptor;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostStreamListener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A listening socket on a `ServerSocketChannel`.
final class NettyHostListener extends NioSocket implements HostListener {
    private static final Logger LOG = LoggerFactory.getLogger(NettyHostListener.class);
    private static final int BACKLOG = 4096;
    /// Connections accepted for one readiness event.
    private static final int MAX_ACCEPTS = 64;
    /// How long to leave connections in the backlog when descriptors have run out: they stay ready, and would spin the loop.
    private static final long NO_RESOURCES_PAUSE_MS = 100;

    private final ServerSocketChannel channel;
    private final HostAcceptor acceptor;
    private final InetSocketAddress local;
    private boolean closed;

    private NettyHostListener(NettyHostNetwork network, ServerSocketChannel channel, HostAcceptor acceptor) throws IOException {
        super(network);
        this.channel = channel;
        this.acceptor = acceptor;
        this.local = (InetSocketAddress) channel.getLocalAddress();
    }

    static NettyHostListener open(NettyHostNetwork network, InetSocketAddress local, HostAcceptor acceptor) throws IOException {
        ServerSocketChannel channel = null;
        try {
            InetAddress address = NettyHostNetwork.resolved(local);
            channel = ServerSocketChannel.open(Addresses.family(address));
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.bind(local, BACKLOG);
            NettyHostListener listener = new NettyHostListener(network, channel, acceptor);
            listener.register(channel);
            listener.interest(SelectionKey.OP_ACCEPT);
            return listener;
        } catch (IOException | UnsupportedOperationException e) {
            if (channel != null) {
                channel.close();
            }
            throw new IOException("cannot listen on " + Addresses.text(local) + ": " + e.getMessage(), e);
        }
    }

    @Override
    void onReady(int ops) {
        for (int i = 0; i < MAX_ACCEPTS && !closed; i++) {
            SocketChannel accepted;
            try {
                accepted = channel.accept();
            } catch (IOException e) {
                onAcceptFailed(e);
                return;
            }
            if (accepted == null) {
                return;
            }
            handOver(accepted);
        }
    }

    private void handOver(SocketChannel accepted) {
        NettyHostStream stream;
        try {
            stream = new NettyHostStream(network, accepted);
        } catch (IOException e) {
            LOG.debug("a connection to {} was gone before it was served", local, e);
            closeQuietly(accepted);
            return;
        }
        HostStreamListener user = null;
        try {
            user = acceptor.onAccepted(stream);
        } finally {
            if (user == null) {
                stream.reset();
            } else {
                stream.listener(user);
            }
        }
    }

    /// Package-private for the test: running out of descriptors would hurt the rest of the process.
    void onAcceptFailed(IOException e) {
        if (HostErrors.classify(e) == HostError.NO_RESOURCES) {
            LOG.warn("cannot accept on {} for now: {}", local, e.getMessage());
            interest(0);
            network.loop().schedule(this::acceptAgain, NO_RESOURCES_PAUSE_MS, TimeUnit.MILLISECONDS);
        } else {
            // One connection failed before it was accepted (accept(2), "Error handling"); the next readiness event goes on.
            LOG.debug("accepting on {}", local, e);
        }
    }

    private void acceptAgain() {
        if (!closed) {
            interest(SelectionKey.OP_ACCEPT);
        }
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing {}", channel, e);
        }
    }

    @Override
    public InetSocketAddress localAddress() {
        return local;
    }

    @Override
    public void close() {
        abandon();
    }

    @Override
    void abandon() {
        closed = true;
        closeChannel();
    }
}
