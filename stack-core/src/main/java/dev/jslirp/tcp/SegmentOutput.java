package dev.jslirp.tcp;

import dev.jslirp.wire.OutboundSegment;

/// Where a connection's segments go.
public interface SegmentOutput {
    /// Sends `segment` to the connection's guest. **Borrows** `segment` and its payload parts.
    void send(TcpConnection connection, OutboundSegment segment);
}
