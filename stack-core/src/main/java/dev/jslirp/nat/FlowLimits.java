package dev.jslirp.nat;

import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;

/// Bytes that all flows of one network hold together, and the room that is left. The numbers of flows
/// need no bookkeeping: they are the sizes of the table and of the lists.
///
/// Both limits are soft by `flowFloorBytes` per flow: a flow that holds less than that may always go
/// on, so a few stuck flows that use up the total slow the others down and never stop them, and no flow ever waits
/// for another one's progress.
final class FlowLimits {
    /// Every flow may read once, whatever the total: a smaller one cannot be kept.
    private static final int READS_BYTES = 1 << 20;

    private final NatConfig config;
    private final Counters counters;
    private long hostBytes;
    private long guestBytes;

    FlowLimits(NatConfig config, Counters counters) {
        this.config = config;
        this.counters = counters;
    }

    /// Bytes queued towards host sockets, all flows together.
    long hostBytes() {
        return hostBytes;
    }

    /// Bytes queued towards guests, all flows together.
    long guestBytes() {
        return guestBytes;
    }

    void addHostBytes(int delta) {
        hostBytes += delta;
    }

    void addGuestBytes(int delta) {
        guestBytes += delta;
    }

    /// Bytes a flow that has `queued` bytes queued towards its host socket may take, at most `windowMax` in all.
    int hostRoom(int queued, int windowMax) {
        long wanted = Math.max(0, windowMax - queued);
        long left = Math.max(config.hostBufferBytesMax() - hostBytes, config.flowFloorBytes() - queued);
        if (left < wanted) {
            counters.increment(Counter.HOST_BUFFER_LIMIT);
        }
        return (int) Math.max(0, Math.min(wanted, left));
    }

    /// How many of the `length` bytes that a guest sent a flow may take that holds `held` already. A window once promised is kept
    /// as long as there is memory; beyond that bytes count as lost, and the guest sends them again.
    int acceptable(int held, int length) {
        long left = Math.max(config.hostBufferBytesMax() - hostBytes, config.flowFloorBytes() - held);
        if (left >= length) {
            return length;
        }
        counters.increment(Counter.HOST_BUFFER_LIMIT);
        return (int) Math.max(0, left);
    }

    /// Whether so much is queued towards guests that a flow must be given up.
    boolean guestsHoldTooMuch() {
        return guestBytes - config.guestBufferBytesMax() > Math.max(config.guestBufferBytesMax(), READS_BYTES);
    }

    /// Whether a flow that has `queued` bytes queued towards its guest must stop reading from the host.
    boolean guestIsFull(int queued, int sendBufferMax) {
        if (queued >= sendBufferMax) {
            return true;
        }
        boolean full = guestBytes >= config.guestBufferBytesMax() && queued >= config.flowFloorBytes();
        if (full) {
            counters.increment(Counter.GUEST_BUFFER_LIMIT);
        }
        return full;
    }

    /// Whether a flow that stopped reading may go on: half its buffer is free, so reads come in large pieces.
    boolean guestHasRoom(int queued, int sendBufferMax) {
        return queued <= sendBufferMax / 2 && (guestBytes < config.guestBufferBytesMax() || queued < config.flowFloorBytes());
    }
}
