package dev.jslirp.time;

import java.util.Arrays;

/// A hierarchical timing wheel over plain arrays: add, arm, re-arm, disarm and remove are O(1) and allocate
/// nothing (but for growth by doubling).
///
/// **Layout.** Eight levels of 64 slots; a level-0 slot spans one tick of 2^20 ns (about 1 ms), a slot of level
/// *n* 64^n ticks. A timer sits in the level of the highest base-64 digit in which its tick differs from the
/// current one, so the lowest non-empty level holds the earliest slot, and a bit set per level finds it
/// in one instruction. When a slot of a higher level comes up, its timers move to lower ones; each moves at most once per
/// level, whatever the clock does.
///
/// **Precision.** Exact deadlines are kept: a timer never fires early, and fires in the first [#poll] at or after its deadline.
/// Timers of different ticks fire in order; the order within one tick is deterministic, but not by deadline.
///
/// **Lazy.** Re-arming to a later time and disarming are stores: the timer stays in its old slot and is put right when
/// that slot comes up. The price is that [#nextDeadlineNs] may still name the old deadline, once.
///
/// Times have any origin and may be negative; they must lie within 2^62 ns (146 years) of the start.
/// Everything may be called from inside [Timed#onDeadline] except [#poll].
public final class TimerWheel {
    private static final int TICK_SHIFT = 20;
    private static final int LEVEL_SHIFT = 6;
    private static final int SLOTS = 1 << LEVEL_SHIFT;
    private static final int LEVELS = 8;
    /// The list of timers found due, which are fired one by one: callbacks may unlink any of them meanwhile.
    private static final int DUE = LEVELS * SLOTS;
    private static final int NONE = -1;
    /// In a higher level, the exact minimum of a slot is looked for only among this many timers.
    private static final int EXACT_SCAN_LIMIT = 64;

    private final long startNs;
    private final int[] heads = new int[DUE + 1];
    private final long[] occupied = new long[LEVELS];

    private Timed[] timers;
    /// The armed deadline, MAX_VALUE when disarmed.
    private long[] deadlinesNs;
    /// The deadline by which a linked timer was placed; never after its armed deadline.
    private long[] placedNs;
    /// The list a timer is linked in, NONE if in none.
    private int[] lists;
    private int[] nexts;
    private int[] prevs;

    /// Ids from here on were never used; freed ids are chained through `nexts`.
    private int used;
    private int free = NONE;
    private int armed;
    private long tick;
    /// Not after any armed deadline; meaningless while nothing is armed.
    private long boundNs;

    /// A wheel with room for `capacity` timers to begin with; it grows with [#add].
    public TimerWheel(int capacity, long startNs) {
        this.startNs = startNs;
        int size = Math.max(1, capacity);
        timers = new Timed[size];
        deadlinesNs = new long[size];
        placedNs = new long[size];
        lists = new int[size];
        nexts = new int[size];
        prevs = new int[size];
        Arrays.fill(heads, NONE);
    }

    /// Reserves a timer, disarmed. @return its id
    public int add(Timed timed) {
        if (timed == null) {
            throw new NullPointerException("timed");
        }
        int id = free;
        if (id != NONE) {
            free = nexts[id];
        } else {
            if (used == timers.length) {
                grow();
            }
            id = used++;
        }
        timers[id] = timed;
        deadlinesNs[id] = Long.MAX_VALUE;
        lists[id] = NONE;
        return id;
    }

    /// Disarms and frees a timer; the id may be handed out again.
    public void remove(int id) {
        check(id);
        disarm(id);
        unlink(id);
        timers[id] = null;
        nexts[id] = free;
        free = id;
    }

    /// Arms or re-arms; [Long#MAX_VALUE] disarms. Deadlines in the past fire at the next poll, or, if
    /// armed from a callback, perhaps in the same one.
    public void arm(int id, long deadlineNs) {
        check(id);
        if (deadlineNs == Long.MAX_VALUE) {
            disarm(id);
            return;
        }
        if (deadlinesNs[id] == Long.MAX_VALUE) {
            armed++;
        }
        deadlinesNs[id] = deadlineNs;
        if (armed == 1 || deadlineNs - boundNs < 0) {
            boundNs = deadlineNs;
        }
        if (lists[id] == NONE) {
            place(id);
        } else if (deadlineNs - placedNs[id] < 0) {
            unlink(id);
            place(id);
        }
    }

    /// Fires at most `limit` timers whose deadline is not after `nowNs`. @return how many fired
    public int poll(long nowNs, int limit) {
        if (armed == 0 || nowNs - boundNs < 0) {
            return 0;
        }
        int fired = fireDue(nowNs, limit);
        long nowTick = tickOf(nowNs);
        while (fired < limit && heads[DUE] == NONE) {
            int slot = earliestSlot();
            if (slot == NONE || slotTick(slot) > nowTick) {
                tick = Math.max(tick, nowTick);
                boundNs = earliestDeadlineNs();
                return fired;
            }
            tick = Math.max(tick, slotTick(slot));
            boolean remains = advance(slot, nowNs);
            fired += fireDue(nowNs, limit - fired);
            if (remains && heads[DUE] == NONE && slot == earliestSlot()) {
                boundNs = earliestDeadlineNs();
                return fired;
            }
        }
        return fired;
    }

    /// A time not after the earliest armed deadline, [Long#MAX_VALUE] when none is armed. It is the exact deadline unless
    /// timers were re-armed to a later time or many share a far slot; then a poll at that time fires nothing and the next answer
    /// is later.
    public long nextDeadlineNs() {
        return armed == 0 ? Long.MAX_VALUE : boundNs;
    }

    /// Empties a slot whose time has come: due timers to the due list, others to their place.
    ///
    /// @return whether timers of this very slot are left, due later within the current tick
    private boolean advance(int slot, long nowNs) {
        boolean remains = false;
        for (int id = heads[slot]; id != NONE; ) {
            int next = nexts[id];
            long deadlineNs = deadlinesNs[id];
            if (deadlineNs == Long.MAX_VALUE) {
                unlink(id);
            } else if (deadlineNs - nowNs <= 0 && slot < SLOTS) {
                unlink(id);
                link(id, DUE);
            } else if (slot < SLOTS && tickOf(deadlineNs) <= tick) {
                remains = true;
            } else {
                unlink(id);
                place(id);
            }
            id = next;
        }
        return remains;
    }

    private int fireDue(long nowNs, int limit) {
        int fired = 0;
        while (fired < limit && heads[DUE] != NONE) {
            int id = heads[DUE];
            unlink(id);
            long deadlineNs = deadlinesNs[id];
            if (deadlineNs == Long.MAX_VALUE) {
                continue;
            }
            if (deadlineNs - nowNs > 0) {
                place(id);
                continue;
            }
            disarm(id);
            fired++;
            timers[id].onDeadline(nowNs);
        }
        return fired;
    }

    /// The earliest armed deadline, or a bound before it; puts right what it finds in the wrong slot.
    private long earliestDeadlineNs() {
        for (int slot = earliestSlot(); slot != NONE; slot = earliestSlot()) {
            long earliestNs = Long.MAX_VALUE;
            int scanned = 0;
            for (int id = heads[slot]; id != NONE; ) {
                if (slot >= SLOTS && ++scanned > EXACT_SCAN_LIMIT) {
                    return startNs + (slotTick(slot) << TICK_SHIFT);
                }
                int next = nexts[id];
                long deadlineNs = deadlinesNs[id];
                if (deadlineNs == Long.MAX_VALUE) {
                    unlink(id);
                } else if (slotOf(deadlineNs) != slot) {
                    unlink(id);
                    place(id);
                } else if (earliestNs == Long.MAX_VALUE || deadlineNs - earliestNs < 0) {
                    earliestNs = deadlineNs;
                }
                id = next;
            }
            if (earliestNs != Long.MAX_VALUE) {
                return earliestNs;
            }
        }
        return Long.MAX_VALUE;
    }

    /// The list index of the slot that comes up first, NONE if all are empty.
    private int earliestSlot() {
        for (int level = 0; level < LEVELS; level++) {
            if (occupied[level] != 0) {
                return level << LEVEL_SHIFT | Long.numberOfTrailingZeros(occupied[level]);
            }
        }
        return NONE;
    }

    /// The first tick of a slot: the current tick's digits above the level, the slot's digit, zeros.
    private long slotTick(int slot) {
        int shift = (slot >>> LEVEL_SHIFT) * LEVEL_SHIFT;
        return tick >> shift + LEVEL_SHIFT << shift + LEVEL_SHIFT | (long) (slot & SLOTS - 1) << shift;
    }

    private int slotOf(long deadlineNs) {
        long at = Math.max(tick, tickOf(deadlineNs));
        int level = (Long.SIZE - 1 - Long.numberOfLeadingZeros(at ^ tick | 1)) / LEVEL_SHIFT;
        return level << LEVEL_SHIFT | (int) (at >> level * LEVEL_SHIFT) & SLOTS - 1;
    }

    private long tickOf(long ns) {
        return ns - startNs >> TICK_SHIFT;
    }

    private void disarm(int id) {
        if (deadlinesNs[id] != Long.MAX_VALUE) {
            deadlinesNs[id] = Long.MAX_VALUE;
            armed--;
        }
    }

    private void place(int id) {
        placedNs[id] = deadlinesNs[id];
        link(id, slotOf(deadlinesNs[id]));
    }

    private void link(int id, int list) {
        int head = heads[list];
        lists[id] = list;
        prevs[id] = NONE;
        nexts[id] = head;
        if (head != NONE) {
            prevs[head] = id;
        }
        heads[list] = id;
        if (list != DUE) {
            occupied[list >>> LEVEL_SHIFT] |= 1L << list;
        }
    }

    private void unlink(int id) {
        int list = lists[id];
        if (list == NONE) {
            return;
        }
        int next = nexts[id];
        int prev = prevs[id];
        if (next != NONE) {
            prevs[next] = prev;
        }
        if (prev != NONE) {
            nexts[prev] = next;
        } else {
            heads[list] = next;
            if (next == NONE && list != DUE) {
                occupied[list >>> LEVEL_SHIFT] &= ~(1L << list);
            }
        }
        lists[id] = NONE;
    }

    private void check(int id) {
        if (timers[id] == null) {
            throw new IllegalStateException("timer " + id + " is not in use");
        }
    }

    private void grow() {
        int size = timers.length * 2;
        timers = Arrays.copyOf(timers, size);
        deadlinesNs = Arrays.copyOf(deadlinesNs, size);
        placedNs = Arrays.copyOf(placedNs, size);
        lists = Arrays.copyOf(lists, size);
        nexts = Arrays.copyOf(nexts, size);
        prevs = Arrays.copyOf(prevs, size);
    }
}
