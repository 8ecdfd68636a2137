package dev.jslirp.tap.vhost;

import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.Payload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.function.Consumer;

/// Frames on their way to the guest: into the buffers of a receive queue, or into that queue's backlog while it has none.
///
/// A queue with an empty backlog needs no kicks, for the next frame will look at it. Once a frame waits, the guest is asked to kick when it
/// offers more buffers; frames that come in between go behind it, so that they stay in order.
final class ReceivePath implements AutoCloseable {
    /// Frames taken from a backlog before the loop's other work has its turn.
    static final int FRAMES_PER_TURN = 64;
    private static final Payload NOTHING = new Payload();
    /// Source address, destination address and ports of an IPv4 packet without options.
    private static final int FLOW = EthernetHeader.LENGTH + 12;
    private static final int FLOW_END = FLOW + 12;

    private final EpollLoop loop;
    private final Ring[] rings;
    private final Backlog[] backlogs;
    private final Consumer<Ring> onBroken;
    private final ReceiveQueue queue;
    private final OffloadFallback fallback;
    private long features;
    private long dropped;

    /// The path to every other one of `rings`, from the first on.
    ///
    /// @param onBroken called for a ring that has just broken
    ReceivePath(EpollLoop loop, Ring[] rings, VhostUserConfig config, ByteBufAllocator allocator, Consumer<Ring> onBroken) {
        this.loop = loop;
        this.rings = rings;
        this.onBroken = onBroken;
        backlogs = new Backlog[config.queuePairs()];
        for (int i = 0; i < backlogs.length; i++) {
            backlogs[i] = new Backlog(allocator, config.backlogBytesMax());
        }
        queue = new ReceiveQueue(allocator);
        fallback = new OffloadFallback(allocator, this::write);
    }

    /// Frames the guest did not get.
    long dropped() {
        return dropped;
    }

    /// What the guest's driver takes. What waits was made for another one.
    void features(long agreed) {
        if (features != agreed) {
            features = agreed;
            abandonAll();
        }
    }

    /// Puts `frame` into the guest's buffers or the backlog, or drops it. **Borrows** it.
    void transmit(OutboundFrame frame) {
        fallback.pass(frame, features);
    }

    private void write(ByteBuf header, Payload payload, long offload) {
        Ring ring = choose(header);
        if (!ring.active()) {
            dropped++;
            return;
        }
        Backlog backlog = backlogOf(ring);
        boolean waited = !backlog.isEmpty();
        ReceiveQueue.Result result = waited ? ReceiveQueue.Result.NO_ROOM : queue.write(ring.queue, features, header, payload, offload);
        switch (result) {
            case WRITTEN -> { }
            case IMPOSSIBLE -> drop(ring);
            case NO_ROOM -> {
                if (!backlog.add(header, payload, offload)) {
                    dropped++;
                } else if (!waited) {
                    await(ring);
                }
            }
        }
    }

    /// Frames of one flow go to one queue, so that they stay in order.
    private Ring choose(ByteBuf header) {
        int pairs = 1;
        while (2 * pairs < rings.length && rings[2 * pairs].active()) {
            pairs++;
        }
        if (pairs == 1 || header.readableBytes() < FLOW_END) {
            return rings[0];
        }
        int at = header.readerIndex() + FLOW;
        int flow = header.getInt(at) ^ header.getInt(at + 4) ^ header.getInt(at + 8);
        return rings[2 * Math.floorMod(flow * 0x9e37_79b9 >>> 16, pairs)];
    }

    private Backlog backlogOf(Ring ring) {
        return backlogs[ring.index / 2];
    }

    /// Asks for a kick, and for a turn if buffers have come meanwhile: not a loop here, which the guest could keep going.
    private void await(Ring ring) {
        if (ring.queue.kicksOn()) {
            ring.askForTurn(loop);
        }
    }

    private void drop(Ring ring) {
        dropped++;
        if (ring.queue.fault() != null) {
            abandon(ring);
            onBroken.accept(ring);
        }
    }

    /// The guest may have offered buffers: what waits for them is sent.
    void turn(Ring ring) {
        Backlog backlog = backlogOf(ring);
        if (!ring.active() || backlog.isEmpty()) {
            return;
        }
        ReceiveQueue.Result result = ReceiveQueue.Result.WRITTEN;
        for (int i = 0; i < FRAMES_PER_TURN && !backlog.isEmpty() && result != ReceiveQueue.Result.NO_ROOM; i++) {
            result = queue.write(ring.queue, features, backlog.first(), NOTHING, backlog.firstOffload());
            switch (result) {
                case WRITTEN -> backlog.removeFirst();
                case IMPOSSIBLE -> {
                    backlog.removeFirst();
                    drop(ring);
                }
                case NO_ROOM -> await(ring);
            }
        }
        if (!backlog.isEmpty() && result != ReceiveQueue.Result.NO_ROOM) {
            ring.askForTurn(loop);
        }
        ring.tell();
    }

    /// Shows the guest what was put into its buffers.
    void flush() {
        for (int i = 0; i < rings.length; i += 2) {
            if (rings[i].queue.usable()) {
                rings[i].tell();
            }
        }
    }

    /// Drops what waits for a ring that nobody fills any more.
    void abandon(Ring ring) {
        if (!ring.isTransmit()) {
            dropped += backlogOf(ring).clear();
        }
    }

    /// Lets go of the guest's memory, which is about to be unmapped.
    void forget() {
        queue.forget();
    }

    /// Drops what waits, and releases the header space.
    @Override
    public void close() {
        abandonAll();
        queue.forget();
        fallback.close();
    }

    private void abandonAll() {
        for (Ring ring : rings) {
            abandon(ring);
        }
    }
}
