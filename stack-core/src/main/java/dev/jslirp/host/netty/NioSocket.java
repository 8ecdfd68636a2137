package dev.jslirp.host.netty;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoEvent;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoOps;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A channel registered with the loop: what streams, listeners and datagram sockets have in common.
/// Also a node of the network's list of open sockets.
abstract class NioSocket {
    private static final Logger LOG = LoggerFactory.getLogger(NioSocket.class);
    private static final NioIoOps[] OPS = new NioIoOps[32];

    static {
        for (int bits = 0; bits < OPS.length; bits++) {
            OPS[bits] = NioIoOps.valueOf(bits);
        }
    }

    final NettyHostNetwork network;
    private SelectableChannel channel;
    private IoRegistration registration;
    private int interest;
    private NioSocket previous;
    private NioSocket next;

    NioSocket(NettyHostNetwork network) {
        this.network = network;
    }

    /// The socket is ready for these operations ([SelectionKey]'s bits).
    abstract void onReady(int ops);

    /// The loop or the network goes away: close without another event.
    abstract void abandon();

    /// Makes `channel` this socket's, and registers it without interest; closes it if that fails.
    final void register(SelectableChannel channel) throws IOException {
        this.channel = channel;
        network.add(this);
        try {
            channel.configureBlocking(false);
            Future<IoRegistration> registered = network.loop().register(new Handle());
            if (!registered.isSuccess()) {
                throw new IOException("the event loop takes no socket", registered.cause());
            }
            registration = registered.getNow();
        } catch (IOException e) {
            closeChannel();
            throw e;
        }
    }

    /// Sets the operations to be told of ([SelectionKey]'s bits).
    final void interest(int ops) {
        if (ops != interest && registration != null) {
            interest = ops;
            registration.submit(OPS[ops]);
        }
    }

    /// Deregisters and closes the channel. The selector lets go of the descriptor in its next round.
    final void closeChannel() {
        if (channel == null) {
            return;
        }
        network.remove(this);
        if (registration != null) {
            registration.cancel();
        }
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing {}", channel, e);
        }
        channel = null;
    }

    final void linkBefore(NioSocket head) {
        next = head;
        if (head != null) {
            head.previous = this;
        }
    }

    /// Leaves the list that begins with `head`. @return its new head
    final NioSocket unlink(NioSocket head) {
        NioSocket rest = head == this ? next : head;
        if (previous != null) {
            previous.next = next;
        }
        if (next != null) {
            next.previous = previous;
        }
        previous = null;
        next = null;
        return rest;
    }

    /// The loop's view of the socket; apart from it because its `close` means another thing than a stream's.
    private final class Handle implements NioIoHandle {
        private final SelectableChannel selectable = channel;

        @Override
        public SelectableChannel selectableChannel() {
            return selectable;
        }

        @Override
        public void handle(IoRegistration registration, IoEvent event) {
            if (channel == null) {
                return;
            }
            try {
                onReady(((NioIoEvent) event).ops().value());
            } catch (RuntimeException | AssertionError e) {
                // The loop would stop for a second; one broken listener must not stall the others.
                LOG.warn("{} failed; this is a bug", NioSocket.this, e);
            }
        }

        @Override
        public void close() {
            abandon();
        }
    }
}
