package dev.jslirp.tap.vmm;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.FdWatch;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.tap.linux.UnixDatagramSender;
import dev.jslirp.tap.linux.UnixPeer;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;

/// A guest that sends its frames as datagrams from one address to a [DatagramEndpoint], which receives them for it.
public final class DatagramLink implements Link {
    /// What a guest answered from the endpoint's socket is sent without having been heard, when that socket is crowded.
    private static final int CREDIT_BYTES = 64 * 1024;

    private final DatagramEndpoint endpoint;
    private final UnixPeer peer;
    private final LinkCapabilities capabilities;
    private final FrameQueue queue;
    /// A socket of our own, connected to the guest, and its watch; or the endpoint's, and null.
    private final int fd;
    private final FdWatch watch;
    private FrameReceiver receiver;
    private boolean writable = true;
    private boolean gone;
    private boolean closed;
    private long dropped;
    private long bytesSinceHeard;

    /// The guest at `peer`.
    ///
    /// @throws TapException if there are no descriptors left
    DatagramLink(DatagramEndpoint endpoint, UnixPeer peer, VmmConfig config) throws TapException {
        this.endpoint = endpoint;
        this.peer = peer;
        capabilities = LinkCapabilities.plain(config.mtuBytes());
        queue = new FrameQueue(endpoint.allocator(), false, config.queueBytesMax());
        int own = UnixDatagramSender.open(peer);
        if (own < 0) {
            fd = endpoint.fd();
            watch = null;
        } else {
            fd = own;
            watch = watch(own);
        }
    }

    private FdWatch watch(int own) throws TapException {
        try {
            return endpoint.loop().watch(own, 0, _ -> retry());
        } catch (TapException e) {
            Sockets.close(own);
            throw e;
        }
    }

    /// The guest's address.
    UnixPeer peer() {
        return peer;
    }

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver frameReceiver) {
        receiver = frameReceiver;
    }

    /// The guest is alive.
    void heard() {
        bytesSinceHeard = 0;
    }

    /// A datagram has come, at the readable bytes; **borrows** `frame`.
    void receive(ByteBuf frame) {
        if (gone) {
            return;
        }
        if (frame.readableBytes() < FrameSplitter.FRAME_BYTES_MIN) {
            dropped++;
        } else {
            receiver.onFrame(frame, Offload.NONE);
        }
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (gone || !queue.add(frame)) {
            dropped++;
        }
    }

    /// There may be room again.
    void retry() {
        writable = true;
        flush();
    }

    @Override
    public void flush() {
        // Nothing tells of room at the endpoint's socket, so each batch tries.
        writable |= watch == null;
        while (writable && !gone && queue.bytes() > 0 && !mustWait()) {
            int before = queue.bytes();
            UnixDatagramSender sender = gather();
            int sent = sender.send(fd, watch == null ? peer : null);
            writable = sent == sender.count();
            if (sent >= 0) {
                queue.consumeFrames(sent);
                bytesSinceHeard += before - queue.bytes();
            } else {
                onRefused(-sent);
            }
        }
        waitForRoom();
    }

    /// What the guest does not read fills the endpoint's buffer, which others share.
    private boolean mustWait() {
        return watch == null && bytesSinceHeard >= CREDIT_BYTES && endpoint.isCrowded();
    }

    private UnixDatagramSender gather() {
        UnixDatagramSender sender = endpoint.sender();
        sender.clear();
        int range = 0;
        int bytes = 0;
        while (range < queue.ranges() && (watch != null || bytes < CREDIT_BYTES)) {
            int end = range;
            while (!queue.isEnd(end)) {
                end++;
            }
            if (!sender.hasRoom(end - range + 1)) {
                break;
            }
            for (; range <= end; range++) {
                sender.add(queue.address(range), queue.length(range));
                bytes += queue.length(range);
            }
            sender.end();
        }
        return sender;
    }

    private void onRefused(int errno) {
        switch (Errno.of(errno)) {
            case EAGAIN, ENOBUFS, ENOMEM -> { }
            case EINTR -> writable = true;
            case EMSGSIZE -> {
                // Longer than the socket's buffer will ever take.
                queue.consumeFrames(1);
                dropped++;
                writable = true;
            }
            case ECONNREFUSED, ENOENT, ECONNRESET, ENOTCONN, EPIPE -> end("nobody listens at its address any more");
            default -> end(Errno.text(errno));
        }
    }

    private void waitForRoom() {
        if (gone) {
            return;
        }
        if (watch != null) {
            watch.interest(queue.bytes() > 0 ? EpollLoop.OUT : 0);
        } else if (queue.bytes() > 0) {
            endpoint.retryLater();
        }
    }

    /// Whether frames wait for room of which nothing tells.
    boolean isWaiting() {
        return watch == null && queue.bytes() > 0;
    }

    private void end(String reason) {
        if (gone || closed) {
            return;
        }
        gone = true;
        stop();
        endpoint.loop().execute(() -> {
            if (!closed) {
                endpoint.onGone(this, reason, false);
            }
        });
    }

    private void stop() {
        queue.release();
        if (watch != null) {
            watch.cancel();
        }
    }

    @Override
    public long dropped() {
        return dropped;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        gone = true;
        stop();
        if (watch != null) {
            Sockets.close(fd);
        }
    }
}
