package dev.jslirp.nat;

/// How many flows each guest has: a hash table with linear probing, since a list's flows come and go with their packets, which must not
/// allocate.
final class GuestCounts {
    private static final int SLOTS_INITIAL = 8;
    /// 2⁶⁴ divided by the golden ratio.
    private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

    private long[] his = new long[SLOTS_INITIAL];
    private long[] los = new long[SLOTS_INITIAL];
    /// 0 in a free slot.
    private int[] counts = new int[SLOTS_INITIAL];
    private int guests;

    /// Flows of this guest.
    int of(long hi, long lo) {
        return counts[slotOf(hi, lo)];
    }

    /// Guests that have flows.
    int guests() {
        return guests;
    }

    void add(long hi, long lo) {
        int slot = slotOf(hi, lo);
        if (counts[slot]++ > 0) {
            return;
        }
        his[slot] = hi;
        los[slot] = lo;
        if (++guests > counts.length / 2) {
            grow();
        }
    }

    void remove(long hi, long lo) {
        int slot = slotOf(hi, lo);
        if (--counts[slot] == 0) {
            guests--;
            closeGap(slot);
        }
    }

    /// Where this guest is, or the free slot where it belongs.
    private int slotOf(long hi, long lo) {
        int slot = home(hi, lo);
        while (counts[slot] > 0 && (his[slot] != hi || los[slot] != lo)) {
            slot = slot + 1 & counts.length - 1;
        }
        return slot;
    }

    private int home(long hi, long lo) {
        return (int) ((hi * 31 + lo) * SPREAD >>> 32) & counts.length - 1;
    }

    /// Moves back what was displaced beyond the slot that became free, so that a search ends at the first free one.
    private void closeGap(int free) {
        int gap = free;
        int mask = counts.length - 1;
        for (int slot = gap + 1 & mask; counts[slot] > 0; slot = slot + 1 & mask) {
            int displacement = slot - home(his[slot], los[slot]) & mask;
            if (displacement >= (slot - gap & mask)) {
                his[gap] = his[slot];
                los[gap] = los[slot];
                counts[gap] = counts[slot];
                counts[slot] = 0;
                gap = slot;
            }
        }
    }

    private void grow() {
        long[] oldHis = his;
        long[] oldLos = los;
        int[] oldCounts = counts;
        his = new long[2 * oldCounts.length];
        los = new long[2 * oldCounts.length];
        counts = new int[2 * oldCounts.length];
        for (int i = 0; i < oldCounts.length; i++) {
            if (oldCounts[i] > 0) {
                int slot = slotOf(oldHis[i], oldLos[i]);
                his[slot] = oldHis[i];
                los[slot] = oldLos[i];
                counts[slot] = oldCounts[i];
            }
        }
    }
}
