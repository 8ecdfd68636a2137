package dev.jslirp.link;

import dev.jslirp.time.Reactor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// A link whose guest speaks to other loops, too, which hand over what is not theirs: its frames come from the link it decorates and
/// from every [#entrance], all on the owning thread. Frames to the guest go to the decorated link.
public final class HandOverLink extends ForwardingLink {
    private final EmbeddedLink entered;

    /// Joins the frames of `link` and those of other loops.
    ///
    /// @param reactor   the one of the network this link is for
    /// @param framesMax how many may wait, a power of two, all entrances together
    public HandOverLink(Link link, Reactor reactor, ByteBufAllocator allocator, int framesMax) {
        super(link);
        entered = new EmbeddedLink(link.capabilities(), _ -> false, reactor, allocator, new EmbeddedLink.Limits(framesMax, 0, 0));
    }

    /// A way in for one other loop. Any thread.
    ///
    /// @param copies that loop's allocator
    public HandOver entrance(ByteBufAllocator copies) {
        return new Entrance(copies);
    }

    @Override
    public void start(FrameReceiver receiver) {
        entered.start(receiver);
        link.start(receiver);
    }

    @Override
    public void close() {
        link.close();
        entered.close();
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
            boolean taken = entered.offer(copy, offload);
            if (!taken) {
                copy.release();
            }
            return taken;
        }

        @Override
        public void submit() {
            if (offered) {
                offered = false;
                entered.submit();
            }
        }
    }
}
