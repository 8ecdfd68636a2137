package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// A gather list: up to [#MAX_PARTS] ranges of other buffers that together are the payload of one packet.
///
/// The list **borrows** the buffers: it holds no reference count and is valid only during the call it
/// is passed to. Who needs the bytes later copies them or retains the parts. One instance is reused
/// for every packet, so it allocates nothing.
public final class Payload {
    /// Ranges one packet may have. A producer that would need more sends a shorter packet.
    public static final int MAX_PARTS = 64;

    private final ByteBuf[] buffers = new ByteBuf[MAX_PARTS];
    private final int[] indexes = new int[MAX_PARTS];
    private final int[] lengths = new int[MAX_PARTS];
    private int parts;
    private int length;

    /// Forgets all parts.
    public void clear() {
        for (int i = 0; i < parts; i++) {
            buffers[i] = null;
        }
        parts = 0;
        length = 0;
    }

    /// Appends `count` bytes of `buffer` at absolute `index`; **borrows** `buffer`.
    ///
    /// @return false, and nothing is added, when the list is full
    public boolean add(ByteBuf buffer, int index, int count) {
        if (parts == MAX_PARTS) {
            return false;
        }
        buffers[parts] = buffer;
        indexes[parts] = index;
        lengths[parts] = count;
        parts++;
        length += count;
        return true;
    }

    /// Number of parts.
    public int parts() {
        return parts;
    }

    /// Bytes in all parts together.
    public int length() {
        return length;
    }

    /// The buffer of part `part`; borrowed.
    public ByteBuf buffer(int part) {
        return buffers[part];
    }

    /// Absolute index of part `part` in its buffer.
    public int index(int part) {
        return indexes[part];
    }

    /// Bytes of part `part`.
    public int length(int part) {
        return lengths[part];
    }

    /// Copies everything to `target` at its writer index; **borrows** `target`.
    public void copyTo(ByteBuf target) {
        for (int i = 0; i < parts; i++) {
            target.writeBytes(buffers[i], indexes[i], lengths[i]);
        }
    }
}
