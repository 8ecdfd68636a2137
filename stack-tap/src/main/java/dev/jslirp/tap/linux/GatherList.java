package dev.jslirp.tap.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A reused `struct iovec` array: address ranges for one gathering write. One thread only.
public final class GatherList implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment entries;
    private final int capacity;
    private int count;

    /// An empty list for up to `capacity` ranges.
    public GatherList(int capacity) {
        this.capacity = capacity;
        entries = arena.allocate(Structs.IOVEC, capacity);
    }

    /// Forgets all ranges.
    public void clear() {
        count = 0;
    }

    /// Appends a range.
    ///
    /// @throws IndexOutOfBoundsException if the list is full
    public void add(long address, int length) {
        entries.setAtIndex(ValueLayout.JAVA_LONG, 2L * count, address);
        entries.setAtIndex(ValueLayout.JAVA_LONG, 2L * count + 1, length);
        count++;
    }

    /// Where the array begins.
    public long address() {
        return entries.address();
    }

    /// Ranges in use.
    public int count() {
        return count;
    }

    /// How many ranges fit.
    public int capacity() {
        return capacity;
    }

    /// Frees the array; idempotent.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
