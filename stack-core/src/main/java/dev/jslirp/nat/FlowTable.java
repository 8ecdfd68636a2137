package dev.jslirp.nat;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// All flows of one network by their key: open addressing with linear probing.
///
/// The hashes lie beside the flows in an `int[]`, so a probe that misses costs no pointer chase, and
/// growing needs no rehashing. Deletion shifts the rest of the cluster back, hence there are no tombstones
/// and a table that has seen a million flows is as fast as a new one. The hash is keyed with random
/// numbers, so a guest cannot choose ports that collide.
final class FlowTable {
    private static final int CAPACITY_INITIAL = 64;

    private final long key0;
    private final long key1;
    private final long key2;
    /// The hash of the flow in each slot, 0 where the slot is free.
    private int[] hashes = new int[CAPACITY_INITIAL];
    private Flow[] flows = new Flow[CAPACITY_INITIAL];
    private int size;
    private final GuestCounts guests = new GuestCounts();
    /// The last flow found: bulk transfers come in runs of one flow.
    private Flow lastHit;
    private boolean shut;

    FlowTable(RandomGenerator random) {
        key0 = random.nextLong();
        key1 = random.nextLong();
        key2 = random.nextLong();
    }

    int size() {
        return size;
    }

    /// Flows of one guest.
    int sizeOf(long guestHi, long guestLo) {
        return guests.of(guestHi, guestLo);
    }

    /// The flow with this key, or null.
    Flow find(long guestHi, long guestLo, long farHi, long farLo, int ports, int protocol) {
        Flow last = lastHit;
        if (last != null && last.matches(guestHi, guestLo, farHi, farLo, ports, protocol)) {
            return last;
        }
        int hash = hash(guestHi, guestLo, farHi, farLo, ports, protocol);
        int mask = hashes.length - 1;
        for (int slot = hash & mask; hashes[slot] != 0; slot = slot + 1 & mask) {
            if (hashes[slot] == hash && flows[slot].matches(guestHi, guestLo, farHi, farLo, ports, protocol)) {
                lastHit = flows[slot];
                return lastHit;
            }
        }
        return null;
    }

    /// No flow may be added from now on.
    void shut() {
        shut = true;
    }

    boolean isShut() {
        return shut;
    }

    /// Adds a flow whose key is not in the table.
    void add(Flow flow) {
        if (size >= hashes.length / 2) {
            grow();
        }
        insert(flow, hash(flow));
        size++;
        guests.add(flow.guestHi, flow.guestLo);
    }

    /// Takes out `flow`; nothing happens when it is not in the table.
    void remove(Flow flow) {
        int mask = hashes.length - 1;
        int slot = hash(flow) & mask;
        while (flows[slot] != flow) {
            if (hashes[slot] == 0) {
                return;
            }
            slot = slot + 1 & mask;
        }
        if (lastHit == flow) {
            lastHit = null;
        }
        size--;
        guests.remove(flow.guestHi, flow.guestLo);
        closeGap(slot, mask);
    }

    /// Moves back every flow of the cluster behind `gap` that may stand nearer to its home slot.
    private void closeGap(int gap, int mask) {
        for (int slot = gap + 1 & mask; hashes[slot] != 0; slot = slot + 1 & mask) {
            int distanceFromHome = slot - hashes[slot] & mask;
            if (distanceFromHome >= (slot - gap & mask)) {
                hashes[gap] = hashes[slot];
                flows[gap] = flows[slot];
                gap = slot;
            }
        }
        hashes[gap] = 0;
        flows[gap] = null;
    }

    /// The flows of this moment, in no order; allocates, for the control plane.
    List<Flow> snapshot() {
        List<Flow> all = new ArrayList<>(size);
        for (Flow flow : flows) {
            if (flow != null) {
                all.add(flow);
            }
        }
        return all;
    }

    private void grow() {
        int[] oldHashes = hashes;
        Flow[] oldFlows = flows;
        hashes = new int[2 * oldHashes.length];
        flows = new Flow[2 * oldHashes.length];
        for (int i = 0; i < oldHashes.length; i++) {
            if (oldHashes[i] != 0) {
                insert(oldFlows[i], oldHashes[i]);
            }
        }
    }

    private void insert(Flow flow, int hash) {
        int mask = hashes.length - 1;
        int slot = hash & mask;
        while (hashes[slot] != 0) {
            slot = slot + 1 & mask;
        }
        hashes[slot] = hash;
        flows[slot] = flow;
    }

    private int hash(Flow flow) {
        return hash(flow.guestHi, flow.guestLo, flow.farHi, flow.farLo, flow.ports, flow.protocol);
    }

    /// Never 0.
    private int hash(long guestHi, long guestLo, long farHi, long farLo, int ports, int protocol) {
        long h = mix(guestLo ^ key0, farLo ^ key1);
        h = mix(h ^ guestHi ^ key2, farHi ^ ((long) protocol << 32 | ports & 0xffff_ffffL) ^ key0);
        return (int) (h ^ h >>> 32) | 1 << 31;
    }

    /// Both halves of the 128-bit product, folded.
    private static long mix(long a, long b) {
        return a * b ^ Math.unsignedMultiplyHigh(a, b);
    }
}
