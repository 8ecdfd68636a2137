package dev.jslirp.net;

import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;

/// The way out that IP and ARP share: the link, and the network's one [OutboundFrame].
///
/// Whoever sends first looks up everything it needs, then fills [#frame], then calls [#transmit]: a look-up in
/// the [NeighborTable] may itself send an ARP request and overwrite the frame.
public final class GuestLink implements AutoCloseable {
    /// The frame being written; [#begin] empties it.
    OutboundFrame frame;
    private final Link link;
    private final Counters counters;
    private boolean closed;

    /// A way out through `link`, which stays the caller's.
    public GuestLink(Link link, Counters counters, ByteBufAllocator allocator) {
        this.link = link;
        this.counters = counters;
        this.frame = new OutboundFrame(allocator.directBuffer(OutboundFrame.HEADER_CAPACITY, OutboundFrame.HEADER_CAPACITY));
    }

    LinkCapabilities capabilities() {
        return link.capabilities();
    }

    /// Empties the frame and gives it `headerLength` header bytes, to be set by the caller.
    OutboundFrame begin(int headerLength) {
        frame.header.setIndex(0, headerLength);
        frame.payload.clear();
        frame.offload = 0;
        return frame;
    }

    /// Sends the frame and lets go of its payload.
    void transmit() {
        if (closed) {
            frame.payload.clear();
            return;
        }
        counters.increment(Counter.FRAMES_TO_GUEST);
        counters.add(Counter.BYTES_TO_GUEST, frame.length());
        link.transmit(frame);
        frame.payload.clear();
    }

    boolean isClosed() {
        return closed;
    }

    /// Releases the frame's header space. Once. Whoever was at work when a callback of the program closed the network may go on to send:
    /// into a frame that goes nowhere.
    @Override
    public void close() {
        closed = true;
        frame.header.release();
        frame = new OutboundFrame(Unpooled.buffer(OutboundFrame.HEADER_CAPACITY, OutboundFrame.HEADER_CAPACITY));
    }
}
