package dev.jslirp.testkit;

import java.io.ByteArrayOutputStream;

/// Builds packets in network byte order.
public final class WireWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /// Appends 8 bits.
    public WireWriter u8(int value) {
        out.write(value);
        return this;
    }

    /// Appends 16 bits.
    public WireWriter u16(int value) {
        return u8(value >>> 8).u8(value);
    }

    /// Appends 32 bits.
    public WireWriter u32(int value) {
        return u16(value >>> 16).u16(value);
    }

    /// Appends a MAC address.
    public WireWriter mac(long value) {
        return u16((int) (value >>> 32)).u32((int) value);
    }

    /// Appends bytes.
    public WireWriter bytes(byte[] value) {
        out.writeBytes(value);
        return this;
    }

    /// Appends zeros up to `length` bytes in all.
    public WireWriter padTo(int length) {
        while (out.size() < length) {
            out.write(0);
        }
        return this;
    }

    /// What was written.
    public byte[] toByteArray() {
        return out.toByteArray();
    }
}
