package dev.jslirp.simulation;

import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.WireReader;
import dev.jslirp.wire.SeqNum;

/// One TCP flow as seen on the wire at the stack's end of the link, and what must hold there. It knows what each end has sent and what
/// has reached it, nothing about its state.
final class WatchedFlow {
    /// Bytes of a stream by position, for checking payload.
    interface Content {
        byte at(boolean up, long position);
    }

    final String name;
    final End guest = new End("guest");
    final End stack = new End("stack");
    private final Content content;
    private final int mss;
    private boolean reset;
    /// A duplicate of an old SYN opened the flow again: numbers of two connections mix, so checks end.
    private boolean reincarnated;

    /// What one end has sent and seen.
    static final class End {
        final String who;
        int iss;
        private boolean begun;
        /// Whether anything came from the other end, and whether an ACK did.
        private boolean heard;
        private boolean ackKnown;
        private int sndMax;
        private int edgeSeen;
        private int ackSeen;
        private int arrivedMax;
        private boolean acked;
        private int lastAck;
        private int lastEdge;
        private boolean scaleOffered;
        private int scale;
        private boolean finSent;
        private int finSeq;

        End(String who) {
            this.who = who;
        }
    }

    /// @param mss the most payload a segment may have
    WatchedFlow(String name, Content content, int mss) {
        this.name = name;
        this.content = content;
        this.mss = mss;
    }

    /// Sequence numbers the stack has sent and the guest has not acknowledged, as far as the stack knows.
    int stackOutstanding() {
        return reset || reincarnated || !stack.begun || !stack.ackKnown ? 0 : stack.sndMax - stack.ackSeen;
    }

    /// The same of the guest.
    int guestOutstanding() {
        return reset || reincarnated || !guest.begun || !guest.ackKnown ? 0 : guest.sndMax - guest.ackSeen;
    }

    /// Stream bytes of the stack that the guest has acknowledged, as far as the stack knows; FIN not counted.
    int stackAcknowledged() {
        return stack.ackKnown ? stack.ackSeen - stack.iss - 1 - (stack.finSent && stack.ackSeen == stack.finSeq + 1 ? 1 : 0) : 0;
    }

    /// Whether checks still make sense.
    boolean isAlive() {
        return !reset && !reincarnated;
    }

    /// The stack sends, or the guest.
    ///
    /// @param gsoSize 0 or the segment size of a super-frame
    void sent(boolean byGuest, TcpSegment segment, int gsoSize) {
        End from = byGuest ? guest : stack;
        End to = byGuest ? stack : guest;
        if (segment.has(TcpSegment.RST)) {
            reset |= from.begun;
            return;
        }
        if (segment.has(TcpSegment.SYN)) {
            sentSyn(from, segment);
        }
        if (!from.begun || reincarnated || reset) {
            return;
        }
        checkSequence(from, segment, gsoSize);
        if (segment.has(TcpSegment.ACK)) {
            checkAck(from, to, segment);
        }
        checkPayload(byGuest, from, segment);
    }

    private void sentSyn(End from, TcpSegment segment) {
        if (from.begun && from.iss != segment.seq()) {
            reincarnated = true;
        }
        from.iss = segment.seq();
        from.sndMax = from.begun ? SeqNum.max(from.sndMax, segment.seq() + 1) : segment.seq() + 1;
        from.begun = true;
        from.scaleOffered = false;
        for (TcpSegment.Option option : segment.options()) {
            if (option.kind() == TcpSegment.WINDOW_SCALE) {
                from.scaleOffered = true;
                from.scale = Math.min(14, option.data()[0] & 0xff);
            }
        }
    }

    private void checkSequence(End from, TcpSegment segment, int gsoSize) {
        int length = segment.payload().length;
        int unit = gsoSize == 0 ? length : gsoSize;
        if (unit > mss) {
            throw broken(from, "sends a segment of " + unit + " bytes, MSS " + mss);
        }
        int fin = segment.flags() & TcpSegment.FIN;
        int end = segment.seq() + length + fin;
        if (!segment.has(TcpSegment.SYN)) {
            int beyond = end - from.edgeSeen;
            // RFC 9293 §3.8.6.1: a zero window is probed with one byte.
            boolean probe = length + fin == 1 && beyond == 1;
            if (length + fin > 0 && from.ackKnown && beyond > 0 && !probe) {
                throw broken(from, "sends " + beyond + " bytes beyond the window");
            }
            if (SeqNum.gt(segment.seq(), from.sndMax)) {
                throw broken(from, "leaves a gap of " + (segment.seq() - from.sndMax));
            }
            from.sndMax = SeqNum.max(from.sndMax, end);
        }
        if (fin != 0) {
            if (from.finSent && from.finSeq != end - 1) {
                throw broken(from, "moves its FIN");
            }
            from.finSent = true;
            from.finSeq = end - 1;
        } else if (from.finSent && SeqNum.gt(end, from.finSeq + (length == 0 ? 1 : 0))) {
            throw broken(from, "sends beyond its FIN");
        }
    }

    private void checkAck(End from, End to, TcpSegment segment) {
        if (!from.heard || SeqNum.gt(segment.ack(), from.arrivedMax)) {
            throw broken(from, "acknowledges " + (segment.ack() - to.iss) + ", but only " + (from.arrivedMax - to.iss) + " arrived");
        }
        int shift = segment.has(TcpSegment.SYN) ? 0 : shift(from, to);
        int edge = segment.ack() + (segment.window() << shift);
        if (from.acked) {
            if (SeqNum.lt(segment.ack(), from.lastAck)) {
                throw broken(from, "takes back its ACK by " + (from.lastAck - segment.ack()));
            }
            // A window rounded to the unit of the field may seem to shrink by less than the unit.
            if (edge - from.lastEdge <= -(1 << shift)) {
                throw broken(from, "takes back its window by " + (from.lastEdge - edge));
            }
        }
        from.lastEdge = from.acked ? SeqNum.max(from.lastEdge, edge) : edge;
        from.acked = true;
        from.lastAck = segment.ack();
        checkSack(from, segment);
    }

    private int shift(End from, End to) {
        return from.scaleOffered && to.scaleOffered ? from.scale : 0;
    }

    private void checkSack(End from, TcpSegment segment) {
        for (TcpSegment.Option option : segment.options()) {
            if (option.kind() != TcpSegment.SACK) {
                continue;
            }
            WireReader in = new WireReader(option.data());
            boolean first = true;
            while (in.remaining() > 0) {
                int left = in.u32();
                int right = in.u32();
                boolean sane = SeqNum.lt(left, right) && SeqNum.leq(right, from.arrivedMax);
                // RFC 2883: only the first block may report bytes below the acknowledgement.
                if (!sane || !first && SeqNum.leq(left, segment.ack()) && SeqNum.lt(segment.ack(), right)) {
                    throw broken(from, "has a SACK block of " + (right - left) + " bytes at ACK + " + (left - segment.ack()));
                }
                first = false;
            }
        }
    }

    private void checkPayload(boolean byGuest, End from, TcpSegment segment) {
        byte[] payload = segment.payload();
        long position = segment.seq() - from.iss - 1 & 0xffff_ffffL;
        for (int i = 0; i < payload.length; i++) {
            if (payload[i] != content.at(byGuest, position + i)) {
                throw broken(from, "sends a byte that is not the stream's at " + (position + i));
            }
        }
    }

    /// A segment of the guest has reached the stack, or the other way.
    void arrived(boolean fromGuest, TcpSegment segment) {
        End from = fromGuest ? guest : stack;
        End at = fromGuest ? stack : guest;
        if (segment.has(TcpSegment.RST) || reincarnated || reset || !from.begun) {
            return;
        }
        int end = segment.seq() + segment.payload().length + (segment.flags() & TcpSegment.FIN) + (segment.flags() & TcpSegment.SYN) / 2;
        at.arrivedMax = at.heard ? SeqNum.max(at.arrivedMax, end) : end;
        if (!segment.has(TcpSegment.ACK)) {
            // A bare SYN promises a window too, counted from a number of ours that is not chosen yet.
            at.heard = true;
            return;
        }
        int edge = segment.ack() + (segment.window() << (segment.has(TcpSegment.SYN) ? 0 : shift(from, at)));
        at.edgeSeen = at.ackKnown ? SeqNum.max(at.edgeSeen, edge) : edge;
        at.ackSeen = at.ackKnown ? SeqNum.max(at.ackSeen, segment.ack()) : segment.ack();
        at.ackKnown = true;
        at.heard = true;
        if (SeqNum.gt(at.ackSeen, at.sndMax)) {
            throw broken(at, "is acknowledged " + (at.ackSeen - at.sndMax) + " bytes it has not sent");
        }
    }

    private AssertionError broken(End end, String what) {
        return new AssertionError("flow " + name + ": the " + end.who + " " + what);
    }
}
