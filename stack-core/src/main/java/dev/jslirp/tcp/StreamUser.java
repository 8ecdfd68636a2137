package dev.jslirp.tcp;

import io.netty.buffer.ByteBuf;

/// Who uses a connection: the NAT flow, or a service of the gateway. Called from inside the
/// connection's event methods; it may call [TcpConnection] back, except that it must not destroy state the
/// current event still needs (the connection guards itself).
public interface StreamUser {
    /// The handshake is complete.
    void onEstablished(long nowNs);

    /// In-order bytes from the guest. **Borrows** `frame`.
    void onBytes(ByteBuf frame, int index, int length, long nowNs);

    /// The guest's FIN was reached; no more bytes follow.
    void onFin(long nowNs);

    /// The guest acknowledged `bytes` bytes, which have been dropped from the send buffer.
    void onAcknowledged(int bytes, long nowNs);

    /// The connection died: reset by the guest, given up after retransmissions, or keep-alive unanswered.
    /// No segment will be sent; [#onClosed] follows.
    void onReset(ResetCause cause, long nowNs);

    /// The connection is [TcpState#CLOSED]; last call.
    void onClosed(long nowNs);

    /// Bytes the user can take beyond those already given to it: the receive window before scaling.
    int receiveRoom();

    /// Why a connection died.
    enum ResetCause {
        /// The guest sent RST.
        RESET_BY_GUEST,
        /// Retransmissions or window probes were never acknowledged (R2, RFC 9293 §3.8.3).
        TIMED_OUT,
        /// Keep-alive probes were never answered (RFC 9293 §3.8.4).
        KEEPALIVE
    }
}
