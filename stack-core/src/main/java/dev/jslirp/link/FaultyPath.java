package dev.jslirp.link;

import dev.jslirp.wire.Checksum;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.random.RandomGenerator;

/// One direction of a [FaultLink]: the frames held back, and damage. Owns the copies it makes.
final class FaultyPath {
    /// Where frames go on.
    interface Exit {
        /// A copied frame at index 0 of `bytes`; **borrowed**.
        void pass(ByteBuf bytes, int headerLength, long offload);
    }

    /// Frames that may overtake one held back.
    private static final int OVERTAKERS_MAX = 8;
    /// Frames held at once; then the oldest goes on.
    private static final int HELD_MAX = 64;
    private static final int UDP_CHECKSUM_OFFSET = 6;

    private static final class Held {
        final ByteBuf bytes;
        final int headerLength;
        final long offload;
        int overtakers;

        Held(ByteBuf bytes, int headerLength, long offload, int overtakers) {
            this.bytes = bytes;
            this.headerLength = headerLength;
            this.offload = offload;
            this.overtakers = overtakers;
        }
    }

    private final ByteBufAllocator allocator;
    private final Exit exit;
    private final ArrayDeque<Held> held = new ArrayDeque<>();

    FaultyPath(ByteBufAllocator allocator, Exit exit) {
        this.allocator = allocator;
        this.exit = exit;
    }

    /// A copy, **returned owned**. **Borrows** `frame`.
    ByteBuf copy(ByteBuf frame) {
        return allocator.directBuffer(frame.readableBytes()).writeBytes(frame, frame.readerIndex(), frame.readableBytes());
    }

    /// A copy, **returned owned**. **Borrows** `frame`.
    ByteBuf copy(OutboundFrame frame) {
        ByteBuf copy = allocator.directBuffer(frame.length());
        frame.copyTo(copy);
        return copy;
    }

    /// Holds a frame back until 1 to [#OVERTAKERS_MAX] others have [#passed]. **Consumes** `copy`.
    void hold(ByteBuf copy, int headerLength, long offload, RandomGenerator random) {
        held.add(new Held(copy, headerLength, offload, 1 + random.nextInt(OVERTAKERS_MAX)));
        if (held.size() > HELD_MAX) {
            // Last: whoever gets the frame may close the link, which releases what is held.
            pass(held.remove());
        }
    }

    /// Passes a frame on with one bit flipped, or loses it. **Consumes** `copy`.
    void passDamaged(ByteBuf copy, int headerLength, long offload, RandomGenerator random) {
        try {
            if (damageWouldShow(copy, offload)) {
                completeChecksum(copy, offload);
                int at = EthernetHeader.LENGTH + random.nextInt(copy.writerIndex() - EthernetHeader.LENGTH);
                copy.setByte(at, copy.getByte(at) ^ 1 << random.nextInt(8));
                exit.pass(copy, headerLength, Offload.NONE);
            }
        } finally {
            copy.release();
        }
    }

    private static boolean damageWouldShow(ByteBuf frame, long offload) {
        return Offload.gsoType(offload) == Offload.GSO_NONE && frame.writerIndex() > EthernetHeader.LENGTH
                && frame.getUnsignedShort(EthernetHeader.LENGTH - 2) == EthernetHeader.TYPE_IPV4;
    }

    /// What the hardware at the sender's end would do; see [Offload#NEEDS_CSUM]. The field holds the pseudo-header's sum already.
    private static void completeChecksum(ByteBuf frame, long offload) {
        int from = Offload.csumStart(offload);
        int field = from + Offload.csumOffset(offload);
        if ((Offload.flags(offload) & Offload.NEEDS_CSUM) == 0 || field + 2 > frame.writerIndex()) {
            return;
        }
        int sum = Checksum.of(frame, from, frame.writerIndex() - from);
        // RFC 768: a sum of 0 is sent as all ones, for 0 means "no checksum".
        frame.setShort(field, sum == 0 && Offload.csumOffset(offload) == UDP_CHECKSUM_OFFSET ? 0xffff : sum);
    }

    /// Another frame has gone its way: those it was the last to overtake follow.
    void passed() {
        // Each is taken out before it is looked at: passing a frame on may lead to more frames here.
        for (int left = held.size(); left > 0 && !held.isEmpty(); left--) {
            Held frame = held.remove();
            if (--frame.overtakers == 0) {
                pass(frame);
            } else {
                held.add(frame);
            }
        }
    }

    /// Passes everything held.
    void passAll() {
        while (!held.isEmpty()) {
            pass(held.remove());
        }
    }

    private void pass(Held frame) {
        try {
            exit.pass(frame.bytes, frame.headerLength, frame.offload);
        } finally {
            frame.bytes.release();
        }
    }

    /// Frees everything held.
    void discard() {
        held.forEach(frame -> frame.bytes.release());
        held.clear();
    }
}
