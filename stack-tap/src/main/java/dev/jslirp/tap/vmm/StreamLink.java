package dev.jslirp.tap.vmm;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.FdWatch;
import dev.jslirp.tap.linux.GatherList;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBufAllocator;

/// A guest on a byte stream: a connection, or a pair of pipes. See the package for the format.
public final class StreamLink implements Link {
    /// Bytes read per readiness; then the loop's other work has its turn.
    private static final int READ_BUDGET_BYTES = 256 * 1024;
    private static final int GATHER_RANGES = 128;
    private static final int FAILED = EpollLoop.ERR | EpollLoop.HUP;

    private final EpollLoop loop;
    private final int inFd;
    private final int outFd;
    private final FdWatch inWatch;
    /// The same as [#inWatch] for a connection.
    private final FdWatch outWatch;
    private final LinkCapabilities capabilities;
    private final GuestOwner owner;
    private final FrameSplitter splitter;
    private final FrameQueue queue;
    private final GatherList gather = new GatherList(GATHER_RANGES);
    private FrameReceiver receiver;
    private boolean writable = true;
    private boolean gone;
    private boolean closed;
    private long dropped;

    /// A guest on these non-blocking descriptors, which may be one and are the link's from now on.
    ///
    /// @throws TapException if they cannot be watched; they are closed then
    StreamLink(EpollLoop loop, int inFd, int outFd, VmmConfig config, ByteBufAllocator allocator, GuestOwner owner) throws TapException {
        this.loop = loop;
        this.inFd = inFd;
        this.outFd = outFd;
        this.owner = owner;
        capabilities = LinkCapabilities.plain(config.mtuBytes());
        splitter = new FrameSplitter(allocator);
        queue = new FrameQueue(allocator, true, config.queueBytesMax());
        FdWatch in = null;
        try {
            in = loop.watch(inFd, 0, this::onInput);
            outWatch = outFd == inFd ? in : loop.watch(outFd, 0, this::onOutput);
            inWatch = in;
        } catch (TapException e) {
            if (in != null) {
                in.cancel();
            }
            closeDescriptors();
            gather.close();
            throw e;
        }
    }

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver frameReceiver) {
        receiver = frameReceiver;
        inWatch.interest(EpollLoop.IN);
    }

    private void onInput(int events) {
        if (inWatch == outWatch && (events & EpollLoop.OUT) != 0) {
            writable = true;
            flush();
        }
        if ((events & ~EpollLoop.OUT) != 0) {
            read();
        }
    }

    /// Of a pipe only.
    private void onOutput(int events) {
        if ((events & FAILED) != 0) {
            end("it does not read any more", false);
        } else {
            writable = true;
            flush();
        }
    }

    private void read() {
        int budget = READ_BUDGET_BYTES;
        while (budget > 0 && !gone) {
            int room = splitter.room();
            long length = Sockets.read(inFd, splitter.buffer().memoryAddress() + splitter.index(), room);
            if (length <= 0) {
                onNothingRead(length);
                break;
            }
            budget -= (int) length;
            long impossible = splitter.received((int) length, receiver);
            if (impossible != FrameSplitter.FINE) {
                end("a frame of " + impossible + " bytes (" + FrameSplitter.FRAME_BYTES_MIN + " to " + FrameSplitter.FRAME_BYTES_MAX
                        + " are possible)", true);
            }
            if (length < room) {
                break;
            }
        }
        splitter.rest();
    }

    private void onNothingRead(long result) {
        if (result == 0) {
            boolean whole = splitter.isBetweenFrames();
            end(whole ? "it has closed the connection" : "the connection ended inside a frame", !whole);
        } else if (result != -Errno.EAGAIN.number() && result != -Errno.EINTR.number()) {
            end(Errno.text((int) -result), false);
        }
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (gone || !queue.add(frame)) {
            dropped++;
        }
    }

    @Override
    public void flush() {
        while (writable && !gone && queue.bytes() > 0) {
            long offered = gather();
            long written = Sockets.write(outFd, gather);
            writable = written == offered;
            if (written >= 0) {
                queue.consume(written);
            } else if (written == -Errno.EINTR.number()) {
                writable = true;
            } else if (written != -Errno.EAGAIN.number()) {
                end(Errno.text((int) -written), false);
            }
        }
        if (!gone) {
            int wanted = queue.bytes() > 0 ? EpollLoop.OUT : 0;
            outWatch.interest(outWatch == inWatch ? wanted | EpollLoop.IN : wanted);
        }
    }

    private long gather() {
        gather.clear();
        long offered = 0;
        int count = Math.min(queue.ranges(), GATHER_RANGES);
        for (int i = 0; i < count; i++) {
            gather.add(queue.address(i), queue.length(i));
            offered += queue.length(i);
        }
        return offered;
    }

    /// Nothing is read or written any more. The owner is told later: this may be in the middle of the network's batch.
    private void end(String reason, boolean violation) {
        if (gone || closed) {
            return;
        }
        gone = true;
        stopWatching();
        queue.release();
        loop.execute(() -> {
            if (!closed) {
                owner.onGone(this, reason, violation);
            }
        });
    }

    private void stopWatching() {
        inWatch.cancel();
        outWatch.cancel();
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
        stopWatching();
        closeDescriptors();
        splitter.release();
        queue.release();
        gather.close();
    }

    private void closeDescriptors() {
        Sockets.close(inFd);
        if (outFd != inFd) {
            Sockets.close(outFd);
        }
    }
}
