package dev.jslirp.fuzz;

import java.util.Arrays;

/// Reads an input from front to back, so that changing a byte leaves the meaning of those before it alone. Past the end there are zeros.
final class FuzzInput {
    private final byte[] bytes;
    private int at;

    FuzzInput(byte[] bytes) {
        this.bytes = bytes;
    }

    boolean hasMore() {
        return at < bytes.length;
    }

    int u8() {
        return at < bytes.length ? bytes[at++] & 0xff : 0;
    }

    int u16() {
        return u8() << 8 | u8();
    }

    int s16() {
        return (short) u16();
    }

    int u32() {
        return u16() << 16 | u16();
    }

    /// At most `count` bytes: what is left of them.
    byte[] bytes(int count) {
        byte[] taken = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + count));
        at += taken.length;
        return taken;
    }
}
