package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// What a retained buffer costs: a slice keeps the whole buffer it was cut from.
public final class PinnedMemory {
    private PinnedMemory() {}

    /// Bytes of memory that `bytes` keeps from being used again.
    public static int bytes(ByteBuf bytes) {
        ByteBuf root = bytes;
        while (root.unwrap() != null) {
            root = root.unwrap();
        }
        return root.capacity();
    }
}
