package dev.jslirp.tap.linux;

import java.lang.foreign.MemorySegment;

/// The memory of this process by address: for copies between mapped memory and buffers, whose addresses and lengths are known good.
public final class NativeMemory {
    /// From address 0 on; an offset is an address, and nothing is checked.
    @SuppressWarnings("restricted")
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private NativeMemory() {}
}
