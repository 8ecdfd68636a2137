package dev.jslirp.tap.vhost;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.tap.linux.AcceptPause;
import dev.jslirp.tap.linux.DescriptorSocket;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.FdWatch;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.tap.linux.UnixListener;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBufAllocator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A virtual machine's virtio-net device as the guest's link; see the package for how it works.
///
/// It serves one front end at a time and waits for the next when that one is gone; what the network knows of the guest, flows
/// included, outlives the connection. Without a front end every frame is dropped.
///
/// It offers checksum and TCP segmentation offload whatever the guest's driver takes, and does itself what that leaves.
public final class VhostUserLink implements Link {
    private static final Logger LOG = LoggerFactory.getLogger(VhostUserLink.class);

    private final EpollLoop loop;
    private final UnixListener listener;
    private final VhostUserConfig config;
    private final ByteBufAllocator allocator;
    private final LinkCapabilities capabilities;
    private FrameReceiver receiver;
    private FdWatch watch;
    private AcceptPause pause;
    private FrontEndSession session;
    private boolean closed;
    /// Of front ends that are gone, or while there was none.
    private long droppedBefore;
    private long refusedBefore;

    /// A link whose front ends connect to `listener`, which it owns.
    public VhostUserLink(EpollLoop loop, UnixListener listener, VhostUserConfig config, ByteBufAllocator allocator) {
        this.loop = loop;
        this.listener = listener;
        this.config = config;
        this.allocator = allocator;
        capabilities = LinkCapabilities.offloading(config.mtuBytes(), false);
    }

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver frameReceiver) {
        receiver = frameReceiver;
        try {
            watch = loop.watch(listener.fd(), EpollLoop.IN, _ -> accept());
            pause = new AcceptPause(loop, watch);
        } catch (TapException e) {
            throw new IllegalStateException("a listening socket can always be watched", e);
        }
    }

    private void accept() {
        int accepted = listener.accept();
        if (accepted < 0) {
            if (pause.begins(accepted)) {
                LOG.warn("no front end can be taken in for now: {}", Errno.describe(-accepted));
            }
            return;
        }
        DescriptorSocket connection = new DescriptorSocket(accepted);
        if (session != null) {
            LOG.warn("a second front end was turned away");
            connection.close();
            return;
        }
        FrontEndSession begun = new FrontEndSession(loop, new MessageChannel(connection), config, allocator, receiver, this::forget);
        session = begun;
        try {
            begun.start();
        } catch (TapException e) {
            LOG.warn("a front end was turned away: {}", e.getMessage());
            begun.close();
        }
    }

    private void forget() {
        droppedBefore += session.dropped();
        refusedBefore += session.refused();
        session = null;
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (session == null) {
            droppedBefore++;
        } else {
            session.transmit(frame);
        }
    }

    @Override
    public void flush() {
        if (session != null) {
            session.flush();
        }
    }

    /// Frames the guest had no room for, or that came while there was no front end.
    @Override
    public long dropped() {
        return session == null ? droppedBefore : droppedBefore + session.dropped();
    }

    /// Frames of the guest that were too long or too short, or asked for an offload that was not negotiated.
    public long refused() {
        return session == null ? refusedBefore : refusedBefore + session.refused();
    }

    /// Disconnects the front end and stops listening. Idempotent.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (watch != null) {
            watch.cancel();
        }
        listener.close();
        if (session != null) {
            session.close();
        }
    }
}
