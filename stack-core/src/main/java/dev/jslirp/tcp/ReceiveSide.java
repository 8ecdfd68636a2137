package dev.jslirp.tcp;

import dev.jslirp.wire.SeqNum;

/// The receive sequence space of RFC 9293 §3.3.1: what is expected, what was promised, when to acknowledge, PAWS.
final class ReceiveSide {
    /// Segments acknowledged at once after the handshake, while the guest's window grows; but small ones do not make it grow, and are
    /// often requests, whose answer can carry the ACK.
    private static final int QUICK_ACKS = 16;
    private static final int QUICK_ACK_FROM_BYTES = 512;
    /// However small the room stays, the window is not reopened unasked by less than this, bytes.
    private static final int SMALLEST_STEP = 512;
    /// RFC 7323 §5.5: a timestamp this old says nothing.
    private static final long TS_STALE_NS = 24L * 86_400 * 1_000_000_000;

    int irs;
    int rcvNxt;
    int windowShift;
    /// What the guest's SYN offered and ours took up.
    boolean timestamps, sackPermitted, scaling;
    int tsRecent;
    /// The ACK to send at the end of the batch.
    boolean ackNow;
    /// What is owed is small and early in the connection: its ACK waits for the answer, but not for long.
    boolean ackSoon;
    boolean finKnown;
    int finSeq;
    boolean dsack;
    int dsackLeft;
    int dsackRight;
    Reassembler reassembler;

    private final int windowMax;
    private final int mss;
    /// Right edge promised; only grows.
    private int edge;
    /// Highest right edge a segment told the guest: `edge` rounded up to the unit of the window field.
    private int edgeTold;
    private int ackedNxt;
    private int largestSegment;
    private int largestRoom;
    private boolean probed;
    private int quickAcks = QUICK_ACKS;
    private long tsRecentAtNs;

    ReceiveSide(int windowMax, int mss) {
        this.windowMax = windowMax;
        this.mss = mss;
    }

    /// The guest's SYN.
    void synchronize(int seq) {
        irs = seq;
        rcvNxt = seq + 1;
        edge = rcvNxt;
        edgeTold = rcvNxt;
        ackedNxt = rcvNxt;
    }

    /// The shift that fits `windowMax` into 16 bits (RFC 7323 §2.3).
    static int shiftFor(int windowMax) {
        int shift = 0;
        while (windowMax >> shift > 0xffff) {
            shift++;
        }
        return shift;
    }

    /// RCV.WND: what the guest may still send.
    int window() {
        return Math.max(0, edgeTold - rcvNxt);
    }

    /// First test of RFC 9293 §3.10.7.4.
    boolean isAcceptable(int seq, int length) {
        int window = window();
        if (window == 0) {
            // A probe that starts at RCV.NXT still carries a valid ACK; its data is trimmed away.
            return seq == rcvNxt;
        }
        // DEVIATION: a segment without data may lie at the right edge, as RCV.NXT may while the window is 0: the bare ACKs of a guest that
        // has filled the window lie there, and when bytes before them are lost the ACKs would be lost too.
        return SeqNum.inWindow(seq, rcvNxt, length == 0 ? window + 1 : window)
                || length > 0 && SeqNum.inWindow(seq + length - 1, rcvNxt, window);
    }

    /// RFC 7323 §5.3 R1.
    boolean isOldTimestamp(int tsVal, long nowNs) {
        return tsVal - tsRecent < 0 && nowNs - tsRecentAtNs < TS_STALE_NS;
    }

    /// RFC 7323 §4.3 (2).
    void rememberTimestamp(int seq, int tsVal, long nowNs) {
        if (SeqNum.leq(seq, ackedNxt)) {
            tsRecent = tsVal;
            tsRecentAtNs = nowNs;
        }
    }

    /// In-order bytes were taken; `ackNow` at every second full segment (RFC 9293 §3.8.6.3).
    void advanced(int segmentLength) {
        largestSegment = Math.max(largestSegment, Math.min(segmentLength, mss));
        if (quickAcks > 0) {
            quickAcks--;
            ackNow |= segmentLength >= QUICK_ACK_FROM_BYTES;
            ackSoon = true;
        }
        ackNow |= rcvNxt - ackedNxt >= 2 * largestSegment;
    }

    /// Bytes were taken that no ACK has covered.
    boolean owesAck() {
        return rcvNxt != ackedNxt;
    }

    /// The window field for a segment being sent now; raises the promise where that is worth it.
    int windowField(int room) {
        int candidate = candidate(room);
        if (isWorth(candidate)) {
            edge = candidate;
        } else if (probed && candidate != edge) {
            // A probe is told of any room, as the sender's override time-out sends into any window (RFC 9293 §3.8.6.2.1 (4)): the window
            // lives on even if it never grows by enough. If the room stays so small, it is all there will be, and a few probes later it
            // is worth offering unasked.
            edge = candidate;
            largestRoom = Math.max(largestRoom / 2, 2 * SMALLEST_STEP);
        }
        int unit = 1 << windowShift;
        int field = Math.min(0xffff, Math.max(0, edge - rcvNxt) + unit - 1 >>> windowShift);
        edgeTold = SeqNum.max(edgeTold, rcvNxt + (field << windowShift));
        return field;
    }

    /// The window field of SYN and SYN-ACK, never scaled (RFC 7323 §2.2). Sent again it promises no less than before.
    int synWindowField(int room) {
        int field = Math.clamp(room, 0, Math.min(windowMax, 0xffff));
        largestRoom = Math.max(largestRoom, field);
        edge = SeqNum.max(edge, rcvNxt + field);
        edgeTold = SeqNum.max(edgeTold, edge);
        return edge - rcvNxt;
    }

    /// Whether the window has opened enough to tell the guest unasked (RFC 9293 §3.8.6.2.2). Before its first byte it can wait:
    /// the ACK of that byte tells it.
    boolean owesWindowUpdate(int room) {
        int candidate = candidate(room);
        return rcvNxt != irs + 1 && isWorth(candidate) && edge - rcvNxt < (candidate - rcvNxt) / 2;
    }

    private int candidate(int room) {
        int want = Math.clamp(room, 0, Math.min(windowMax, 0xffff << windowShift));
        largestRoom = Math.max(largestRoom, want);
        // A room below one unit of the window field is offered as one, or a user whose room stays that small would never get a byte. What
        // this promises too much is less than a unit, and the user takes it.
        return rcvNxt + (want == 0 ? 0 : Math.max(want >>> windowShift, 1) << windowShift);
    }

    private boolean isWorth(int candidate) {
        return candidate - edge >= Math.max(1, Math.min(mss, largestRoom / 2));
    }

    /// The guest sent what does not fit; where the window is closed this is a probe.
    void overrun() {
        probed = window() == 0;
    }

    /// A segment with the current acknowledgement number has been sent.
    void acknowledgedAll() {
        ackedNxt = rcvNxt;
        ackNow = false;
        ackSoon = false;
        probed = false;
    }

    /// Frees what was kept out of order.
    void releaseReassembler() {
        if (reassembler != null) {
            reassembler.release();
            reassembler = null;
        }
    }
}
