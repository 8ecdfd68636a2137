package dev.jslirp.tcp;

import dev.jslirp.wire.Payload;

/// The bytes a connection has to send, from the first unacknowledged one on. Offset 0 is `SND.UNA`
/// (SYN and FIN not counted).
///
/// The seam behind which the bytes may be a queue of retained buffers ([QueuedSendBuffer]) or may still
/// lie in the kernel's receive queue of the host socket.
public interface SendBuffer {
    /// Bytes that can be asked for, acknowledged ones not included.
    int available();

    /// Adds the bytes `[offset, offset + length)` to `payload`, or fewer when the gather list is full.
    /// The parts are borrowed until the next call on this buffer.
    ///
    /// @return bytes added; at least 1 when `length >= 1` and `offset < available()`
    int gather(int offset, int length, Payload payload);

    /// The first `count` bytes will never be asked for again.
    void acknowledged(int count);

    /// Frees everything; idempotent. The connection is done with the bytes: what comes later is nobody's.
    void release();
}
