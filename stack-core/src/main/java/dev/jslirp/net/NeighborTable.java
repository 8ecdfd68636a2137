package dev.jslirp.net;

import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.time.Timed;
import dev.jslirp.time.TimerWheel;
import dev.jslirp.wire.ArpHeader;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBufAllocator;

/// IP address → MAC address of guests, bounded, aged.
///
/// ```
///            hold                     heard
///  (none) ────────► RESOLVING ─────────────────► REACHABLE ◄───┐
///    ▲                  │                          │  too old  │ heard
///    │   5 requests     │                     find ▼           │
///    └──── unanswered ──┴──────────────────────  PROBING ──────┘
/// ```
/// A neighbour too old to be believed goes on being used while it is asked by unicast (RFC 1122 §2.3.2.1 (2)), so
/// a quiet guest loses no packet. All entries share one timer, armed only while one of them is being asked: a table at
/// rest causes no wake-ups.
public final class NeighborTable implements Timed, AutoCloseable {
    /// Requests before a neighbour is given up; the pause after each doubles.
    static final int REQUESTS_MAX = 5;
    /// Requests of [NeighborEntry.State#PROBING] that go to the known MAC address; the others ask everybody.
    static final int UNICAST_REQUESTS = 3;
    // DEVIATION: RFC 1122 §2.3.2.1 asks for one request per second and destination at most. A guest answers within
    // microseconds or, while it boots, not at all; starting at 100 ms spares the first connection a second's wait.
    static final long FIRST_PAUSE_NS = 100_000_000L;

    private final GuestLink link;
    private final AddressPlan plan;
    private final NetConfig config;
    private final TimerWheel wheel;
    private final Counters counters;
    private final ByteBufAllocator allocator;
    private final int timer;
    private final NeighborEntry[] buckets;
    /// Sentinel of the ring in order of being heard: `newer` of it is the least recently heard entry, `older` the most recent.
    private final NeighborEntry ring = new NeighborEntry(0, 0);
    /// The entry found or heard last; the sentinel, which has no address, when there is none.
    private NeighborEntry last = ring;
    private int size;
    private int asking;
    private int pending;
    private int pendingBytes;

    /// An empty table. The timer is taken from `wheel`; `allocator` gives the memory of held packets.
    public NeighborTable(GuestLink link, AddressPlan plan, NetConfig config, TimerWheel wheel, Counters counters,
            ByteBufAllocator allocator) {
        this.link = link;
        this.plan = plan;
        this.config = config;
        this.wheel = wheel;
        this.counters = counters;
        this.allocator = allocator;
        this.timer = wheel.add(this);
        this.buckets = new NeighborEntry[Integer.highestOneBit(config.neighborsMax()) * 2];
        ring.newer = ring;
        ring.older = ring;
    }

    /// The MAC address of a guest, or -1 when unknown. May send an ARP request, and so overwrite the outbound frame.
    public long find(long hi, long lo, long nowNs) {
        NeighborEntry entry = last.is(hi, lo) ? last : lookUp(hi, lo);
        if (entry == null) {
            return -1;
        }
        last = entry;
        if (entry.state == NeighborEntry.State.REACHABLE && nowNs - entry.heardNs > config.neighborAgeNs()) {
            startAsking(entry, NeighborEntry.State.PROBING, nowNs);
        }
        return entry.mac;
    }

    /// Learns that `mac` speaks for a guest's address. The caller has checked that a guest may have it.
    void heard(long hi, long lo, long mac, long nowNs) {
        NeighborEntry entry = last.is(hi, lo) ? last : lookUp(hi, lo);
        if (entry == null) {
            entry = insert(hi, lo);
        }
        last = entry;
        entry.heardNs = nowNs;
        if (ring.older != entry) {
            entry.unlink();
            ring.append(entry);
        }
        if (entry.mac != mac) {
            entry.mac = mac;
            counters.increment(Counter.ARP_LEARNED);
        }
        if (entry.state != NeighborEntry.State.REACHABLE) {
            entry.state = NeighborEntry.State.REACHABLE;
            asking--;
            arm();
            sendHeld(entry);
        }
    }

    /// Keeps a copy of the outbound frame, whose next hop [#find] did not know, until that resolves or is given up.
    /// **Borrows** the frame, and overwrites it when it sends an ARP request.
    void hold(long hi, long lo, OutboundFrame frame, long nowNs) {
        NeighborEntry entry = lookUp(hi, lo);
        boolean full = pending == config.neighborPendingMax() || frame.length() > config.neighborPendingBytesMax() - pendingBytes;
        if (full) {
            counters.increment(Counter.NEIGHBOR_PENDING_LIMIT);
        }
        if (full || link.isClosed() || !plan.isGuest(hi, lo)) {
            counters.drop(DropReason.NEIGHBOR_UNRESOLVED);
            return;
        }
        boolean fresh = entry == null;
        if (fresh) {
            entry = insert(hi, lo);
        }
        pendingBytes += entry.hold(frame, allocator);
        pending++;
        if (fresh) {
            startAsking(entry, NeighborEntry.State.RESOLVING, nowNs);
        }
    }

    /// Repeats requests that were not answered, gives up neighbours that were asked often enough.
    @Override
    public void onDeadline(long nowNs) {
        NeighborEntry next;
        for (NeighborEntry entry = ring.newer; entry != ring; entry = next) {
            next = entry.newer;
            if (entry.state == NeighborEntry.State.REACHABLE || entry.askAgainNs - nowNs > 0) {
                continue;
            }
            if (entry.requests == REQUESTS_MAX) {
                remove(entry);
            } else {
                ask(entry, nowNs);
            }
        }
        arm();
    }

    /// Entries in the table.
    int size() {
        return size;
    }

    /// Packets held.
    int pending() {
        return pending;
    }

    /// Memory held in them.
    int pendingBytes() {
        return pendingBytes;
    }

    /// Releases the held packets and the timer. Once.
    @Override
    public void close() {
        while (ring.newer != ring) {
            remove(ring.newer);
        }
        wheel.remove(timer);
    }

    private void startAsking(NeighborEntry entry, NeighborEntry.State state, long nowNs) {
        entry.state = state;
        entry.requests = 0;
        asking++;
        ask(entry, nowNs);
        arm();
    }

    private void ask(NeighborEntry entry, long nowNs) {
        boolean unicast = entry.state == NeighborEntry.State.PROBING && entry.requests < UNICAST_REQUESTS;
        entry.askAgainNs = nowNs + (FIRST_PAUSE_NS << entry.requests);
        entry.requests++;
        counters.increment(Counter.ARP_REQUESTS_SENT);
        long ours = plan.gatewayMac().bits();
        OutboundFrame frame = link.begin(EthernetHeader.LENGTH + ArpHeader.LENGTH);
        EthernetHeader.write(frame.header, 0, unicast ? entry.mac : MacAddress.BROADCAST, ours, EthernetHeader.TYPE_ARP);
        ArpHeader.write(frame.header, EthernetHeader.LENGTH, ArpHeader.REQUEST, ours, plan.gateway().v4Bits(), 0, (int) entry.lo);
        link.transmit();
    }

    private void arm() {
        if (asking == 0) {
            wheel.arm(timer, Long.MAX_VALUE);
            return;
        }
        NeighborEntry first = null;
        for (NeighborEntry entry = ring.newer; entry != ring; entry = entry.newer) {
            if (entry.state != NeighborEntry.State.REACHABLE && (first == null || entry.askAgainNs - first.askAgainNs < 0)) {
                first = entry;
            }
        }
        wheel.arm(timer, first.askAgainNs);
    }

    private void sendHeld(NeighborEntry entry) {
        HeldFrame held;
        while ((held = entry.takeHeld()) != null) {
            pending--;
            pendingBytes -= held.heldBytes();
            held.sendTo(entry.mac, link);
        }
    }

    private NeighborEntry insert(long hi, long lo) {
        if (size == config.neighborsMax()) {
            counters.increment(Counter.NEIGHBOR_LIMIT);
            remove(ring.newer);
            arm();
        }
        NeighborEntry entry = new NeighborEntry(hi, lo);
        int bucket = bucket(hi, lo);
        entry.nextInBucket = buckets[bucket];
        buckets[bucket] = entry;
        ring.append(entry);
        size++;
        return entry;
    }

    private void remove(NeighborEntry entry) {
        HeldFrame held;
        while ((held = entry.takeHeld()) != null) {
            pending--;
            pendingBytes -= held.heldBytes();
            held.release();
            counters.drop(DropReason.NEIGHBOR_UNRESOLVED);
        }
        if (entry.state != NeighborEntry.State.REACHABLE) {
            asking--;
        }
        if (last == entry) {
            last = ring;
        }
        entry.unlink();
        int bucket = bucket(entry.hi, entry.lo);
        if (buckets[bucket] == entry) {
            buckets[bucket] = entry.nextInBucket;
        } else {
            NeighborEntry before = buckets[bucket];
            while (before.nextInBucket != entry) {
                before = before.nextInBucket;
            }
            before.nextInBucket = entry.nextInBucket;
        }
        size--;
    }

    private NeighborEntry lookUp(long hi, long lo) {
        NeighborEntry entry = buckets[bucket(hi, lo)];
        while (entry != null && !entry.is(hi, lo)) {
            entry = entry.nextInBucket;
        }
        return entry;
    }

    /// Neighbours share their prefix, so the low bits alone spread them.
    private int bucket(long hi, long lo) {
        return (int) (hi ^ lo) & buckets.length - 1;
    }
}
