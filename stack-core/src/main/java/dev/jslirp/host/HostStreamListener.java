package dev.jslirp.host;

import io.netty.buffer.ByteBuf;

/// What happens on a [HostStream].
public interface HostStreamListener {
    /// The connection is open.
    void onConnected();

    /// It could not be opened. Terminal.
    void onConnectFailed(HostError error);

    /// Bytes from the peer, at the readable bytes of `bytes`. **Consumes** `bytes`.
    void onBytes(ByteBuf bytes);

    /// The peer sent FIN; no more bytes follow. Writing is still possible. Not every implementation hears of a reset from here on before it
    /// writes.
    void onEof();

    /// The connection failed. Terminal.
    void onReset(HostError error);

    /// The kernel took queued bytes after a [HostStream#flush] had to leave some.
    void onDrained();
}
