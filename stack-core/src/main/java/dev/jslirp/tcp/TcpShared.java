package dev.jslirp.tcp;

import dev.jslirp.stats.Counters;
import dev.jslirp.wire.OutboundSegment;
import io.netty.buffer.ByteBufAllocator;

/// What the connections of one network share, so that each of them stays small.
///
/// @param config    limits and times
/// @param counters  counters of the network
/// @param allocator for bytes that are copied to be kept
/// @param segment   the register file every outgoing segment is written to
/// @param mss       largest segment payload of the link either way: MTU − 40 (IPv4)
/// @param maxSegmentBytes largest payload one emitted segment may carry; above `mss` only on a link with TSO
/// @param tsOffset  random offset of the timestamp clock (RFC 7323 §7.1)
public record TcpShared(TcpConfig config, Counters counters, ByteBufAllocator allocator, OutboundSegment segment,
        int mss, int maxSegmentBytes, int tsOffset) {
    private static final long MS = 1_000_000L;

    /// TSval for `nowNs`: the timestamp clock ticks once a millisecond (RFC 7323 §5.4).
    int timestamp(long nowNs) {
        return (int) (nowNs / MS) + tsOffset;
    }
}
