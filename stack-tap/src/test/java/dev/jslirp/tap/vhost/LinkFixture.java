package dev.jslirp.tap.vhost;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.InLoop;
import dev.jslirp.tap.linux.UnixListener;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/// A [VhostUserLink] on a loop of its own that keeps what the guest sends.
final class LinkFixture implements AutoCloseable {
    final EpollLoop loop;
    /// One arena and no caches, so that what is not released can be counted.
    final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true, 0, 1, 8_192, 9, 0, 0, false);
    final VhostUserLink link;
    final Path path;
    private final List<Delivered> delivered = new ArrayList<>();

    /// One frame from the guest.
    record Delivered(byte[] bytes, long offload) {}

    LinkFixture(Path path, VhostUserConfig config) throws IOException {
        this.path = path;
        loop = new EpollLoop("vhost-test", 50_000);
        link = new VhostUserLink(loop, UnixListener.open(UnixListener.Kind.STREAM, path, 1), config, allocator);
    }

    /// Begins, and keeps what is delivered.
    LinkFixture recording() {
        return startedWith((frame, offload) -> delivered.add(new Delivered(ByteBufUtil.getBytes(frame), offload)));
    }

    LinkFixture startedWith(FrameReceiver receiver) {
        inLoop(() -> {
            link.start(receiver);
            return null;
        });
        return this;
    }

    /// Runs `task` in the loop and waits for it.
    <T> T inLoop(Callable<T> task) {
        try {
            return InLoop.call(loop, task);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /// Lets the loop look at its descriptors, and carry on with what it left for later, a few times.
    void rounds() {
        // A task of another thread may run in a round that began before; the next one runs in a later round.
        for (int i = 0; i < 6; i++) {
            inLoop(() -> null);
        }
    }

    /// Removes and returns what the guest sent.
    List<Delivered> delivered() {
        return inLoop(() -> {
            List<Delivered> taken = List.copyOf(delivered);
            delivered.clear();
            return taken;
        });
    }

    /// Sends one frame to the guest: header bytes, then each array as a part of its payload.
    void transmit(long offload, byte[] header, byte[]... parts) {
        inLoop(() -> {
            ByteBuf headerBuffer = allocator.directBuffer(OutboundFrame.HEADER_CAPACITY).writeBytes(header);
            OutboundFrame frame = new OutboundFrame(headerBuffer);
            frame.offload = offload;
            for (int i = 0; i < parts.length; i++) {
                // Every other one on the heap.
                ByteBuf part = i % 2 == 0 ? allocator.directBuffer(parts[i].length + 1).writeByte(0).writeBytes(parts[i])
                        : Unpooled.buffer().writeByte(0).writeBytes(parts[i]);
                frame.payload.add(part, 1, parts[i].length);
            }
            link.transmit(frame);
            for (int i = 0; i < parts.length; i++) {
                frame.payload.buffer(i).release();
            }
            headerBuffer.release();
            return null;
        });
    }

    void flush() {
        inLoop(() -> {
            link.flush();
            return null;
        });
    }

    long dropped() {
        return inLoop(link::dropped);
    }

    long refused() {
        return inLoop(link::refused);
    }

    @Override
    public void close() {
        inLoop(() -> {
            link.close();
            link.close();
            return null;
        });
        loop.close();
        long live = allocator.metric().directArenas().getFirst().numActiveAllocations();
        if (live != 0) {
            throw new AssertionError(live + " buffers were not released");
        }
    }
}
