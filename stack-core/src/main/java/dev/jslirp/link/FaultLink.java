package dev.jslirp.link;

import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.random.RandomGenerator;

/// Makes a link bad on purpose, in both directions: loses, duplicates, reorders and corrupts frames.
///
/// A reordered frame is held back (as a copy) until the next [#HELD_FRAMES] frames of its direction have passed, or until the next but
/// one [#flush], so that it always gets through. One frame per direction is held at a time. Corruption flips one bit behind the
/// Ethernet header and takes away the trust in the frame's checksum, so a receiver that checks must notice; frames whose checksum is
/// left to the link's offload are not corrupted, since nobody could.
public final class FaultLink extends ForwardingLink {
    /// Frames that overtake a reordered one.
    public static final int HELD_FRAMES = 3;
    private static final int ETHERNET_HEADER = 14;

    private final FaultConfig config;
    private final RandomGenerator random;
    private final ByteBufAllocator allocator;
    private final OutboundFrame copy;
    private final Held toGuest = new Held();
    private final Held fromGuest = new Held();
    private FrameReceiver receiver;
    private boolean closed;

    /// One frame that others overtake.
    private static final class Held {
        private ByteBuf frame;
        private long offload;
        private int overtakers;
        private int flushes;
    }

    /// Injects faults into `link` as `config` says.
    public FaultLink(Link link, FaultConfig config, RandomGenerator random, ByteBufAllocator allocator) {
        super(link);
        this.config = config;
        this.random = random;
        this.allocator = allocator;
        copy = new OutboundFrame(allocator.directBuffer(OutboundFrame.HEADER_CAPACITY, OutboundFrame.HEADER_CAPACITY));
    }

    private boolean happens(double probability) {
        return probability > 0 && random.nextDouble() < probability;
    }

    @Override
    public void start(FrameReceiver receiver) {
        this.receiver = receiver;
        link.start(this::onFrame);
    }

    // ---- from the guest

    private void onFrame(ByteBuf frame, long offload) {
        if (happens(config.loss())) {
            return;
        }
        if (fromGuest.frame == null && happens(config.reorder())) {
            hold(fromGuest, frame.copy(), offload);
            return;
        }
        if (happens(config.corrupt()) && Offload.flags(offload) == 0) {
            ByteBuf bad = corrupted(frame.copy());
            receiver.onFrame(bad, offload);
            bad.release();
        } else {
            receiver.onFrame(frame, offload);
        }
        if (happens(config.duplicate())) {
            receiver.onFrame(frame, offload);
        }
        if (overtaken(fromGuest)) {
            deliverHeld();
        }
    }

    private void deliverHeld() {
        ByteBuf frame = fromGuest.frame;
        fromGuest.frame = null;
        receiver.onFrame(frame, fromGuest.offload);
        frame.release();
    }

    // ---- to the guest

    @Override
    public void transmit(OutboundFrame frame) {
        if (happens(config.loss())) {
            return;
        }
        if (toGuest.frame == null && happens(config.reorder())) {
            hold(toGuest, copyOf(frame), frame.offload);
            return;
        }
        if (happens(config.corrupt()) && frame.offload == Offload.NONE) {
            ByteBuf bad = corrupted(copyOf(frame));
            send(bad, frame.offload);
            bad.release();
        } else {
            link.transmit(frame);
        }
        if (happens(config.duplicate())) {
            link.transmit(frame);
        }
        if (overtaken(toGuest)) {
            transmitHeld();
        }
    }

    private ByteBuf copyOf(OutboundFrame frame) {
        ByteBuf bytes = allocator.directBuffer(frame.length(), frame.length());
        frame.copyTo(bytes);
        return bytes;
    }

    private void transmitHeld() {
        ByteBuf frame = toGuest.frame;
        toGuest.frame = null;
        send(frame, toGuest.offload);
        frame.release();
    }

    private void send(ByteBuf bytes, long offload) {
        int header = Math.min(ETHERNET_HEADER, bytes.readableBytes());
        copy.header.clear().writeBytes(bytes, bytes.readerIndex(), header);
        copy.payload.clear();
        copy.payload.add(bytes, bytes.readerIndex() + header, bytes.readableBytes() - header);
        copy.offload = offload;
        link.transmit(copy);
        copy.payload.clear();
    }

    // ---- both

    private static void hold(Held held, ByteBuf owned, long offload) {
        held.frame = owned;
        held.offload = offload;
        held.overtakers = 0;
        held.flushes = 0;
    }

    private static boolean overtaken(Held held) {
        return held.frame != null && ++held.overtakers >= HELD_FRAMES;
    }

    private static boolean waitedLong(Held held) {
        return held.frame != null && ++held.flushes >= 2;
    }

    private ByteBuf corrupted(ByteBuf owned) {
        int length = owned.readableBytes();
        if (length > ETHERNET_HEADER) {
            int at = owned.readerIndex() + random.nextInt(ETHERNET_HEADER, length);
            owned.setByte(at, owned.getByte(at) ^ 1 << random.nextInt(8));
        }
        return owned;
    }

    @Override
    public void flush() {
        if (waitedLong(toGuest)) {
            transmitHeld();
        }
        link.flush();
        if (waitedLong(fromGuest)) {
            deliverHeld();
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        release(toGuest);
        release(fromGuest);
        copy.header.release();
        link.close();
    }

    private static void release(Held held) {
        if (held.frame != null) {
            held.frame.release();
            held.frame = null;
        }
    }
}
