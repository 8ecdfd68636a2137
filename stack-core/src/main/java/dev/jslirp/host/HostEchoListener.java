package dev.jslirp.host;

import io.netty.buffer.ByteBuf;

/// What happens on a [HostEcho].
public interface HostEchoListener {
    /// An echo reply with data at the readable bytes of `data`. **Borrows** `data`.
    void onReply(int sequence, int ttl, ByteBuf data);

    /// An ICMP error came back for request `sequence`, from `offenderHi:offenderLo`.
    ///
    /// @param type, code of the ICMP message
    void onError(int sequence, int type, int code, long offenderHi, long offenderLo);
}
