package dev.jslirp.link;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/// A bounded queue of frames from many threads to one: each slot carries the turn it is ready for (D. Vyukov's bounded queue), so
/// neither side locks, and handing over a frame allocates nothing.
///
/// A slot whose turn equals the producer's position is free, one more than the consumer's position means filled.
final class FrameRing {
    private final ByteBuf[] frames;
    private final long[] offloads;
    private final AtomicLongArray turns;
    private final int mask;
    private final AtomicLong tail = new AtomicLong();
    private long head;

    /// An empty ring.
    ///
    /// @param slots a power of two
    FrameRing(int slots) {
        frames = new ByteBuf[slots];
        offloads = new long[slots];
        turns = new AtomicLongArray(slots);
        mask = slots - 1;
        for (int i = 0; i < slots; i++) {
            turns.setPlain(i, i);
        }
    }

    /// Any thread. **Consumes** `frame` if it returns true.
    ///
    /// @return false when the ring is full
    boolean offer(ByteBuf frame, long offload) {
        long position = tail.get();
        while (true) {
            int slot = (int) position & mask;
            long ahead = turns.getAcquire(slot) - position;
            if (ahead < 0) {
                return false;
            }
            if (ahead == 0 && tail.compareAndSet(position, position + 1)) {
                frames[slot] = frame;
                offloads[slot] = offload;
                turns.setRelease(slot, position + 1);
                return true;
            }
            position = tail.get();
        }
    }

    /// Consumer only. Whether no frame is ready.
    boolean isEmpty() {
        return turns.getAcquire((int) head & mask) != head + 1;
    }

    /// Consumer only. What was said with the frame that [#poll] returns next; there must be one.
    long offload() {
        return offloads[(int) head & mask];
    }

    /// Consumer only. Takes the oldest frame, now the caller's; null when there is none.
    ByteBuf poll() {
        if (isEmpty()) {
            return null;
        }
        int slot = (int) head & mask;
        ByteBuf frame = frames[slot];
        frames[slot] = null;
        turns.setRelease(slot, head + frames.length);
        head++;
        return frame;
    }
}
