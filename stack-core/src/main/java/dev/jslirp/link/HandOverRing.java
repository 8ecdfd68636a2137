package dev.jslirp.link;

import dev.jslirp.time.Reactor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// Frames on their way from other loops to the one that owns this: bounded, as copies, without a lock.
public final class HandOverRing implements AutoCloseable {
    private final EmbeddedLink ring;

    /// An empty ring.
    ///
    /// @param reactor   of the owning loop
    /// @param framesMax how many may wait, a power of two, all entrances together
    public HandOverRing(LinkCapabilities capabilities, Reactor reactor, ByteBufAllocator allocator, int framesMax) {
        ring = new EmbeddedLink(capabilities, _ -> false, reactor, allocator, new EmbeddedLink.Limits(framesMax, 0, 0));
    }

    /// A way in for one other loop. Any thread.
    ///
    /// @param copies that loop's allocator
    public HandOver entrance(ByteBufAllocator copies) {
        return new Entrance(copies);
    }

    /// Delivers what was handed over to `receiver` from now on. In-loop.
    public void start(FrameReceiver receiver) {
        ring.start(receiver);
    }

    /// Gives back what waits; what comes later is given back at once. In-loop, idempotent.
    @Override
    public void close() {
        ring.close();
    }

    private final class Entrance implements HandOver {
        private final ByteBufAllocator copies;
        private boolean offered;

        Entrance(ByteBufAllocator copies) {
            this.copies = copies;
        }

        @Override
        public boolean offer(ByteBuf frame, long offload) {
            int length = frame.readableBytes();
            ByteBuf copy = copies.directBuffer(length, length).writeBytes(frame, frame.readerIndex(), length);
            offered = true;
            boolean taken = ring.offer(copy, offload);
            if (!taken) {
                copy.release();
            }
            return taken;
        }

        @Override
        public void submit() {
            if (offered) {
                offered = false;
                ring.submit();
            }
        }
    }
}
