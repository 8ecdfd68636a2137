package dev.jslirp.tcp;

import dev.jslirp.wire.Payload;
import io.netty.buffer.ByteBuf;

/// Placeholder: a send buffer made of retained buffers.
public final class QueuedSendBuffer implements SendBuffer {
    /// Appends the readable bytes. **Consumes** `bytes`.
    public void append(ByteBuf bytes) {}

    @Override
    public int available() {
        return 0;
    }

    @Override
    public int gather(int offset, int length, Payload payload) {
        return 0;
    }

    @Override
    public void acknowledged(int count) {}

    @Override
    public void release() {}
}
