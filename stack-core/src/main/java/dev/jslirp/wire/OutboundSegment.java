package dev.jslirp.wire;

/// The one TCP segment being sent: the fields a connection decides, before addresses and checksums.
/// A register file like [PacketView]: one instance per `GuestNetwork`, overwritten by every segment.
public final class OutboundSegment {
    /// Sequence number of the first byte (or of SYN/FIN).
    public int seq;
    /// Acknowledgement number; written only with [TcpHeader#ACK].
    public int ack;
    /// `TcpHeader.FIN` … `TcpHeader.CWR`.
    public int flags;
    /// The 16-bit window field, already scaled.
    public int window;
    /// MSS option value, 0 = no option (RFC 9293 §3.7.1).
    public int mss;
    /// Window scale option, -1 = no option (RFC 7323 §2).
    public int windowScale;
    /// SACK-permitted option (RFC 2018 §2).
    public boolean sackPermitted;
    /// Whether the timestamp option is present (RFC 7323 §3).
    public boolean timestamps;
    /// TSval, TSecr.
    public int tsVal, tsEcr;
    /// SACK blocks in use; left edges at even indexes of [#sack], right edges at odd ones.
    public int sackBlocks;
    /// Up to 4 blocks; beside timestamps 3, as options have 40 bytes (RFC 2018 §3).
    public final int[] sack = new int[8];
    /// Payload bytes of each segment when this one is to be cut by the link (TSO); 0 = one ordinary segment.
    public int gsoSize;
    /// The payload; borrowed.
    public final Payload payload = new Payload();

    /// Back to an empty segment without options.
    public void clear() {
        seq = 0;
        ack = 0;
        flags = 0;
        window = 0;
        mss = 0;
        windowScale = -1;
        sackPermitted = false;
        timestamps = false;
        tsVal = 0;
        tsEcr = 0;
        sackBlocks = 0;
        gsoSize = 0;
        payload.clear();
    }
}
