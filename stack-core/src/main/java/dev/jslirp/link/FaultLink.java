package dev.jslirp.link;

import dev.jslirp.time.Reactor;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.random.RandomGenerator;

/// A bad cable: loses, duplicates, reorders and damages frames of both directions.
///
/// A frame meets one [Fault] at most, so probabilities add up. A reordered frame is copied and held back until 1 to 8 later
/// frames of its direction have passed, but not beyond the end of the reactor's round, so none is stuck on an idle link.
/// Damage is one flipped bit behind the Ethernet header of an IPv4 frame, in a copy whose checksum has been completed first,
/// so the receiver can tell. What cannot be damaged so that it shows is lost instead, and counted as damaged: super-frames,
/// whose checksums nobody checks, and frames without any, such as ARP.
public final class FaultLink extends ForwardingLink {
    private final FaultConfig config;
    private final RandomGenerator random;
    private final Reactor reactor;
    private final FaultyPath fromGuest;
    private final FaultyPath toGuest;
    private final Runnable releaseHeld = this::releaseHeld;
    private final OutboundFrame outbound;
    private final long[] counts = new long[Fault.values().length];
    private FrameReceiver receiver;
    private boolean releaseAsked;
    private boolean closed;

    /// What may happen to a frame.
    public enum Fault {
        /// Nothing.
        NONE,
        /// It disappeared.
        LOST,
        /// It was sent twice.
        DUPLICATED,
        /// It was held back.
        REORDERED,
        /// A bit was flipped, or it was lost for want of a checksum.
        CORRUPTED
    }

    /// Faults on `link`.
    ///
    /// @param random    decides; a seeded one makes a run repeatable
    /// @param reactor   the network's; held frames are released in tasks of it
    /// @param allocator of the copies of frames
    public FaultLink(Link link, FaultConfig config, RandomGenerator random, Reactor reactor, ByteBufAllocator allocator) {
        super(link);
        this.config = config;
        this.random = random;
        this.reactor = reactor;
        fromGuest = new FaultyPath(allocator, (bytes, _, offload) -> receiver.onFrame(bytes, offload));
        toGuest = new FaultyPath(allocator, this::transmitCopy);
        outbound = new OutboundFrame(allocator.directBuffer(OutboundFrame.HEADER_CAPACITY, OutboundFrame.HEADER_CAPACITY));
    }

    /// Frames that met `fault`, of both directions.
    public long count(Fault fault) {
        return counts[fault.ordinal()];
    }

    @Override
    public void start(FrameReceiver frameReceiver) {
        receiver = frameReceiver;
        link.start(this::onFrame);
    }

    private void onFrame(ByteBuf frame, long offload) {
        if (closed) {
            return;
        }
        switch (draw()) {
            case NONE -> receiver.onFrame(frame, offload);
            case DUPLICATED -> {
                receiver.onFrame(frame, offload);
                receiver.onFrame(frame, offload);
            }
            case CORRUPTED -> fromGuest.passDamaged(fromGuest.copy(frame), 0, offload, random);
            case REORDERED -> {
                fromGuest.hold(fromGuest.copy(frame), 0, offload, random);
                askForRelease();
                return;
            }
            case LOST -> {
                return;
            }
        }
        fromGuest.passed();
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (closed) {
            return;
        }
        int headerLength = frame.header.readableBytes();
        switch (draw()) {
            case NONE -> link.transmit(frame);
            case DUPLICATED -> {
                link.transmit(frame);
                link.transmit(frame);
            }
            case CORRUPTED -> toGuest.passDamaged(toGuest.copy(frame), headerLength, frame.offload, random);
            case REORDERED -> {
                toGuest.hold(toGuest.copy(frame), headerLength, frame.offload, random);
                askForRelease();
                return;
            }
            case LOST -> {
                return;
            }
        }
        toGuest.passed();
    }

    private Fault draw() {
        double drawn = random.nextDouble();
        Fault fault = Fault.NONE;
        if ((drawn -= config.loss()) < 0) {
            fault = Fault.LOST;
        } else if ((drawn -= config.duplicate()) < 0) {
            fault = Fault.DUPLICATED;
        } else if ((drawn -= config.reorder()) < 0) {
            fault = Fault.REORDERED;
        } else if (drawn - config.corrupt() < 0) {
            fault = Fault.CORRUPTED;
        }
        counts[fault.ordinal()]++;
        return fault;
    }

    private void transmitCopy(ByteBuf bytes, int headerLength, long offload) {
        outbound.header.clear().writeBytes(bytes, 0, headerLength);
        outbound.payload.add(bytes, headerLength, bytes.writerIndex() - headerLength);
        outbound.offload = offload;
        link.transmit(outbound);
        outbound.payload.clear();
    }

    private void askForRelease() {
        if (!releaseAsked) {
            releaseAsked = true;
            reactor.execute(releaseHeld);
        }
    }

    private void releaseHeld() {
        releaseAsked = false;
        if (!closed) {
            fromGuest.passAll();
            toGuest.passAll();
            link.flush();
        }
    }

    @Override
    public void close() {
        link.close();
        if (!closed) {
            closed = true;
            fromGuest.discard();
            toGuest.discard();
            outbound.header.release();
        }
    }
}
