package dev.jslirp.link;

import dev.jslirp.time.Reactor;
import io.netty.buffer.ByteBufAllocator;

/// A link whose guest speaks to other loops, too, which hand over what is not theirs: its frames come from the link it decorates and
/// from every [#entrance], all on the owning thread. Frames to the guest go to the decorated link.
public final class HandOverLink extends ForwardingLink {
    private final HandOverRing ring;

    /// Joins the frames of `link` and those of other loops.
    ///
    /// @param reactor   the one of the network this link is for
    /// @param framesMax how many may wait, a power of two, all entrances together
    public HandOverLink(Link link, Reactor reactor, ByteBufAllocator allocator, int framesMax) {
        super(link);
        ring = new HandOverRing(link.capabilities(), reactor, allocator, framesMax);
    }

    /// A way in for one other loop. Any thread.
    ///
    /// @param copies that loop's allocator
    public HandOver entrance(ByteBufAllocator copies) {
        return ring.entrance(copies);
    }

    @Override
    public void start(FrameReceiver receiver) {
        ring.start(receiver);
        link.start(receiver);
    }

    @Override
    public void close() {
        link.close();
        ring.close();
    }
}
