package dev.jslirp.testkit;

import java.util.Arrays;
import java.util.HexFormat;

/// Takes packets apart in network byte order; running off the end is an assertion failure.
public final class WireReader {
    private final byte[] bytes;
    private int at;

    /// Reads from the first byte.
    public WireReader(byte[] bytes) {
        this.bytes = bytes;
    }

    /// The next 8 bits.
    public int u8() {
        if (at >= bytes.length) {
            throw new AssertionError("packet ends after " + bytes.length + " bytes: " + HexFormat.of().formatHex(bytes));
        }
        return bytes[at++] & 0xff;
    }

    /// The next 16 bits.
    public int u16() {
        return u8() << 8 | u8();
    }

    /// The next 32 bits.
    public int u32() {
        return u16() << 16 | u16();
    }

    /// The next MAC address.
    public long mac() {
        return (long) u16() << 32 | u32() & 0xffff_ffffL;
    }

    /// The next `count` bytes.
    public byte[] bytes(int count) {
        if (count < 0 || at + count > bytes.length) {
            throw new AssertionError(count + " bytes wanted at " + at + " of " + bytes.length);
        }
        at += count;
        return Arrays.copyOfRange(bytes, at - count, at);
    }

    /// All that is left.
    public byte[] rest() {
        return bytes(remaining());
    }

    /// Moves to `position`.
    public WireReader seek(int position) {
        at = position;
        return this;
    }

    /// Bytes left.
    public int remaining() {
        return bytes.length - at;
    }
}
