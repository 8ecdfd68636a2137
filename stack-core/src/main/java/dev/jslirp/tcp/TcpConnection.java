package dev.jslirp.tcp;

import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// Placeholder for the engine: the API its users rely on.
public final class TcpConnection {
    private TcpConnection() {}

    /// A connection opened by the guest's SYN (in `syn`), in SYN_RECEIVED. The SYN-ACK is held back until
    /// [#accept]; until then retransmitted SYNs are absorbed in silence and only RST is acted on.
    public static TcpConnection passive(TcpShared shared, SegmentOutput output, StreamUser user, SendBuffer sendBuffer,
            PacketView syn, int iss, long nowNs) {
        return new TcpConnection();
    }

    /// A connection that the host side opens towards the guest: SYN_SENT; the SYN goes out at [#onBatchEnd].
    public static TcpConnection active(TcpShared shared, SegmentOutput output, StreamUser user, SendBuffer sendBuffer,
            int iss, long nowNs) {
        return new TcpConnection();
    }

    /// Answers the SYN of a passive connection with SYN-ACK.
    public void accept(long nowNs) {}

    /// RFC 9293 §3.10.7 for a segment whose addresses and ports are this connection's. **Borrows** `frame`.
    public void onSegment(PacketView segment, ByteBuf frame, long nowNs) {}

    /// The deadline of [#nextDeadlineNs] has passed.
    public void onDeadline(long nowNs) {}

    /// When [#onDeadline] wants to be called; [Long#MAX_VALUE] when no timer runs.
    public long nextDeadlineNs() {
        return Long.MAX_VALUE;
    }

    /// End of a batch: sends what may be sent (data, FIN, window update, the one coalesced ACK).
    public void onBatchEnd(long nowNs) {}

    /// Sends FIN after the bytes of the send buffer (RFC 9293 §3.10.4). Idempotent.
    public void close(long nowNs) {}

    /// Sends RST if the state calls for one, and closes at once (RFC 9293 §3.10.5). Idempotent.
    public void abort(long nowNs) {}

    /// The connection's state.
    public TcpState state() {
        return TcpState.CLOSED;
    }

    /// Whether a new SYN may replace this connection (RFC 9293 §3.10.7.4 TIME_WAIT; RFC 6191).
    public boolean mayBeReusedBy(PacketView syn) {
        return false;
    }
}
