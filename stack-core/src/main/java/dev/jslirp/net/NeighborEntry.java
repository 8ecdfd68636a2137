package dev.jslirp.net;

import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;

/// One neighbour of the [NeighborTable], which changes it: an element of a hash bucket and of the ring in order of being heard.
final class NeighborEntry {
    /// What is known of a neighbour.
    enum State {
        /// No MAC address yet; packets wait.
        RESOLVING,
        /// Heard not long ago, or not needed since.
        REACHABLE,
        /// Needed, but not heard for long: used while it is asked.
        PROBING
    }

    final long hi;
    final long lo;
    State state = State.REACHABLE;
    /// 48 bits, or -1 while unknown.
    long mac = -1;
    long heardNs;
    long askAgainNs;
    int requests;
    NeighborEntry nextInBucket;
    NeighborEntry older;
    NeighborEntry newer;
    private ArrayDeque<HeldFrame> held;

    NeighborEntry(long hi, long lo) {
        this.hi = hi;
        this.lo = lo;
    }

    boolean is(long otherHi, long otherLo) {
        return lo == otherLo && hi == otherHi;
    }

    /// On the ring's sentinel: adds the most recently heard entry.
    void append(NeighborEntry entry) {
        entry.older = older;
        entry.newer = this;
        older.newer = entry;
        older = entry;
    }

    void unlink() {
        older.newer = newer;
        newer.older = older;
    }

    /// Keeps a copy of `frame`. @return memory held in it
    int hold(OutboundFrame frame, ByteBufAllocator allocator) {
        if (held == null) {
            held = new ArrayDeque<>();
        }
        HeldFrame copy = new HeldFrame(frame, allocator);
        held.add(copy);
        return copy.heldBytes();
    }

    /// The oldest copy, now the caller's; null when there is none.
    HeldFrame takeHeld() {
        return held == null ? null : held.poll();
    }
}
