package dev.jslirp.tap.host;

import dev.jslirp.host.HostAcceptor;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.tap.linux.AcceptPause;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.IpAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A listening TCP socket.
final class LinuxListener extends HostSocket implements HostListener {
    private static final Logger LOG = LoggerFactory.getLogger(LinuxListener.class);
    private static final int BACKLOG = 4096;
    /// Connections accepted for one readiness event.
    private static final int MAX_ACCEPTS = 64;

    private final HostAcceptor acceptor;
    private AcceptPause pause;
    private InetSocketAddress local;

    private LinuxListener(LinuxHostNetwork network, HostAcceptor acceptor) {
        super(network);
        this.acceptor = acceptor;
    }

    static LinuxListener open(LinuxHostNetwork network, InetSocketAddress local, HostAcceptor acceptor) throws IOException {
        if (local.isUnresolved()) {
            throw new IOException("cannot listen on " + text(local) + ": unknown host");
        }
        IpAddress address = IpAddress.of(local.getAddress());
        Sockets calls = network.calls();
        int fd = calls.openStream(address.hi(), address.lo());
        int result = fd < 0 ? fd : calls.listen(fd, address.hi(), address.lo(), local.getPort(), BACKLOG);
        if (result < 0) {
            if (fd >= 0) {
                Sockets.close(fd);
            }
            throw new IOException("cannot listen on " + text(local) + ": " + Errno.text(-result));
        }
        LinuxListener listener = new LinuxListener(network, acceptor);
        listener.open(fd, EpollLoop.IN);
        listener.pause = new AcceptPause(network.loop(), listener.watch());
        listener.local = listener.lookUpLocalAddress();
        return listener;
    }

    @Override
    public void onEvents(int events) {
        for (int i = 0; i < MAX_ACCEPTS && isOpen(); i++) {
            int accepted = network.calls().accept(fd());
            if (accepted < 0) {
                onAcceptFailed(accepted);
                return;
            }
            handOver(accepted);
        }
    }

    private void handOver(int accepted) {
        LinuxStream stream;
        try {
            stream = new LinuxStream(network, network.lastAddress(), accepted);
        } catch (TapException e) {
            LOG.warn("a connection to {} could not be served: {}", local, e.getMessage());
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
    void onAcceptFailed(int result) {
        if (pause.begins(result)) {
            LOG.warn("cannot accept on {} for now: {}", local, Errno.describe(-result));
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
        closeDescriptor();
    }
}
