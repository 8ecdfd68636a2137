package dev.jslirp.tcp;

import dev.jslirp.stats.Counter;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.SeqNum;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;

/// SEGMENT ARRIVES (RFC 9293 §3.10.7): the steps a segment of the guest walks through, in the order of the RFC.
///
/// Each step looks at what the steps before let pass, so none repeats a check. After every call of the user the
/// connection may be closed; whoever goes on asks for the state first.
final class SegmentArrival {
    /// MSS assumed without the option (RFC 9293 §3.7.1), and the least that still makes progress beside options.
    private static final int MSS_DEFAULT = 536, MSS_MIN = 48;
    private static final int WINDOW_SHIFT_MAX = 14;
    private static final long MS = 1_000_000L;

    private final TcpConnection tcp;
    private final TcpShared shared;
    private final StreamUser user;
    private final SendSide snd;
    private final ReceiveSide rcv;
    private final TcpTimers timers;
    private final SegmentComposer out;
    /// Whether the segment in hand reached beyond the window.
    private boolean cut;

    SegmentArrival(TcpConnection tcp, TcpShared shared, StreamUser user, SendSide snd, ReceiveSide rcv, TcpTimers timers,
            SegmentComposer out) {
        this.tcp = tcp;
        this.shared = shared;
        this.user = user;
        this.snd = snd;
        this.rcv = rcv;
        this.timers = timers;
        this.out = out;
    }

    // RFC 9293 §3.10.7.3

    void inSynSent(PacketView segment, long nowNs) {
        boolean ack = segment.hasFlags(TcpHeader.ACK);
        if (ack && (!tcp.synSent || segment.ack != snd.iss + 1)) {
            if (!segment.hasFlags(TcpHeader.RST)) {
                out.reset(segment.ack, 0, TcpHeader.RST, nowNs);
            }
            return;
        }
        if (segment.hasFlags(TcpHeader.RST)) {
            if (ack) {
                tcp.resetByGuest(nowNs);
            }
            return;
        }
        if (!segment.hasFlags(TcpHeader.SYN)) {
            return;
        }
        takeSyn(segment, nowNs);
        if (ack) {
            tcp.establish(segment, segment.window, nowNs);
            rcv.ackNow = true;
        } else {
            // Simultaneous open (RFC 9293 figure 7).
            tcp.state = TcpState.SYN_RECEIVED;
            tcp.sendSyn(nowNs);
        }
    }

    /// The host is still being connected: only a reset counts.
    void beforeAccept(PacketView segment, long nowNs) {
        if (segment.hasFlags(TcpHeader.RST) && segment.seq == rcv.rcvNxt) {
            tcp.resetByGuest(nowNs);
        }
    }

    void takeSyn(PacketView syn, long nowNs) {
        rcv.synchronize(syn.seq);
        rcv.sackPermitted = syn.options.sackPermitted;
        rcv.timestamps = syn.options.timestamps;
        if (rcv.timestamps) {
            rcv.rememberTimestamp(syn.seq, syn.options.tsVal, nowNs);
        }
        int guestMss = syn.options.mss == 0 ? MSS_DEFAULT : syn.options.mss;
        snd.mss = Math.min(shared.mss(), Math.max(guestMss, MSS_MIN)) - (rcv.timestamps ? SegmentComposer.TIMESTAMP_BYTES : 0);
        snd.congestion = CongestionControl.of(shared.config().congestionControl(), snd.mss);
        rcv.scaling = syn.options.windowScale >= 0;
        if (rcv.scaling) {
            snd.windowShift = Math.min(syn.options.windowScale, WINDOW_SHIFT_MAX);
            rcv.windowShift = ReceiveSide.shiftFor(shared.config().receiveWindowMax());
        }
    }

    // RFC 9293 §3.10.7.4

    void inOtherStates(PacketView segment, ByteBuf frame, long nowNs) {
        if (tcp.state == TcpState.SYN_RECEIVED && (segment.flags & (TcpHeader.SYN | TcpHeader.RST)) == TcpHeader.SYN
                && segment.seq == rcv.irs && !afterOwnSyn(segment, nowNs)) {
            return;
        }
        if (!checkTimestamp(segment, nowNs) || !checkSequence(segment, nowNs) || !checkReset(segment, nowNs)
                || !checkSyn(segment, nowNs) || !checkAck(segment, nowNs)) {
            return;
        }
        if (tcp.state.receives() && segment.hasFlags(TcpHeader.FIN) && !rcv.finKnown) {
            rcv.finKnown = true;
            rcv.finSeq = segment.seq + segment.payloadLength;
            // RFC 5681 §4.2: a FIN beyond a gap is out of order too.
            rcv.ackNow |= segment.seq != rcv.rcvNxt;
        }
        if (tcp.state.receives() && cut) {
            rcv.overrun();
            rcv.ackNow = true;
        }
        if (tcp.state.receives() && segment.payloadLength > 0) {
            takePayload(segment, frame, nowNs);
        }
        if (tcp.state.receives() && rcv.finKnown && rcv.finSeq == rcv.rcvNxt) {
            takeFin(nowNs);
        }
    }

    /// The SYN again: our SYN-ACK was lost, or, with ACK, it is the answer in a simultaneous open.
    private boolean afterOwnSyn(PacketView segment, long nowNs) {
        if (!segment.hasFlags(TcpHeader.ACK)) {
            // DEVIATION: RFC 9293 §3.10.7.4 answers by an ACK, which a guest in SYN_SENT throws away; it needs the SYN-ACK again. The timer
            // runs on, or a guest could keep a half-open connection alive.
            snd.sentSyn(nowNs);
            out.syn(true, nowNs);
            return false;
        }
        segment.flags &= ~TcpHeader.SYN;
        segment.seq++;
        rcv.ackNow = true;
        return true;
    }

    private boolean checkTimestamp(PacketView segment, long nowNs) {
        // DEVIATION: RFC 7323 §3.2 says that a segment without the option SHOULD be dropped. Stacks exist that leave it off keep-alives,
        // probes and FINs, Linux takes such segments, and a connection that drops them stalls for good. PAWS does without them.
        if (!rcv.timestamps || !segment.options.timestamps || segment.hasFlags(TcpHeader.RST)) {
            return true;
        }
        if (rcv.isOldTimestamp(segment.options.tsVal, nowNs)) {
            count(Counter.TCP_PAWS_REJECTED);
            out.challengeAck(nowNs);
            return false;
        }
        return true;
    }

    /// First step: acceptability; cuts the segment down to the window.
    private boolean checkSequence(PacketView segment, long nowNs) {
        int length = segment.seqLength();
        cut = false;
        if (!rcv.isAcceptable(segment.seq, length)) {
            rejectSequence(segment, length, nowNs);
            return false;
        }
        if ((segment.flags & (TcpHeader.SYN | TcpHeader.RST)) != 0) {
            // Judged by where they begin (RFC 5961 §3.2, §4.2): payload that reaches into the window must not carry them there.
            return true;
        }
        if (segment.options.timestamps && rcv.timestamps) {
            rcv.rememberTimestamp(segment.seq, segment.options.tsVal, nowNs);
        }
        int old = rcv.rcvNxt - segment.seq;
        if (old > 0) {
            noteDsack(segment.seq, rcv.rcvNxt);
            segment.seq = rcv.rcvNxt;
            segment.payloadOffset += old;
            segment.payloadLength -= old;
        }
        int excess = segment.seq + segment.payloadLength - (rcv.rcvNxt + rcv.window());
        if (excess > 0) {
            count(Counter.TCP_OUT_OF_WINDOW);
            segment.payloadLength -= excess;
            segment.flags &= ~TcpHeader.FIN;
            cut = true;
        }
        return true;
    }

    private void rejectSequence(PacketView segment, int length, long nowNs) {
        if (segment.hasFlags(TcpHeader.RST)) {
            return;
        }
        rcv.overrun();
        if (length == 0 || segment.hasFlags(TcpHeader.SYN)) {
            out.challengeAck(nowNs);
            return;
        }
        if (SeqNum.leq(segment.seq + length, rcv.rcvNxt)) {
            count(Counter.TCP_DUPLICATES);
            noteDsack(segment.seq, segment.seq + length);
            if (tcp.state == TcpState.TIME_WAIT && segment.hasFlags(TcpHeader.FIN)) {
                timers.lifeAtNs = nowNs + shared.config().timeWaitNs();
            }
        } else {
            count(Counter.TCP_OUT_OF_WINDOW);
        }
        out.ack(nowNs);
    }

    private void noteDsack(int left, int right) {
        rcv.ackNow = true;
        if (rcv.sackPermitted) {
            rcv.dsack = true;
            rcv.dsackLeft = left;
            rcv.dsackRight = right;
        }
    }

    /// Second step, RFC 5961 §3.2.
    private boolean checkReset(PacketView segment, long nowNs) {
        if (!segment.hasFlags(TcpHeader.RST)) {
            return true;
        }
        if (segment.seq == rcv.rcvNxt) {
            tcp.resetByGuest(nowNs);
        } else {
            out.challengeAck(nowNs);
        }
        return false;
    }

    /// Fourth step, RFC 5961 §4.2.
    private boolean checkSyn(PacketView segment, long nowNs) {
        if (segment.hasFlags(TcpHeader.SYN)) {
            out.challengeAck(nowNs);
            return false;
        }
        return true;
    }

    /// Fifth step. @return whether payload and FIN are to be looked at
    private boolean checkAck(PacketView segment, long nowNs) {
        if (!segment.hasFlags(TcpHeader.ACK)) {
            return false;
        }
        if (tcp.state == TcpState.SYN_RECEIVED) {
            if (segment.ack != snd.iss + 1) {
                out.reset(segment.ack, 0, TcpHeader.RST, nowNs);
                return false;
            }
            tcp.establish(segment, segment.window << snd.windowShift, nowNs);
            return tcp.state != TcpState.CLOSED;
        }
        // RFC 5961 §5.2.
        if (SeqNum.gt(segment.ack, snd.sndMax) || SeqNum.lt(segment.ack, snd.sndUna - snd.maxSndWnd)) {
            out.challengeAck(nowNs);
            return false;
        }
        boolean news = rcv.sackPermitted && snd.sacked(segment.options.sack, segment.options.sackBlocks, segment.ack);
        int window = segment.window << snd.windowShift;
        boolean advances = SeqNum.gt(segment.ack, snd.sndUna);
        if (advances) {
            acknowledged(segment, nowNs);
        }
        boolean duplicate = segment.ack == snd.sndUna && snd.inFlight() && segment.payloadLength == 0
                && !segment.hasFlags(TcpHeader.FIN) && window == snd.sndWnd;
        if (tcp.state != TcpState.CLOSED && (news || duplicate && !rcv.sackPermitted) && snd.inFlight() && snd.duplicateAck(nowNs)) {
            count(Counter.TCP_FAST_RETRANSMITS);
        }
        if (SeqNum.geq(segment.ack, snd.sndUna)) {
            snd.updateWindow(segment.seq, segment.ack, window, advances);
            if (timers.persisting) {
                snd.retries = 0;
            }
        }
        return tcp.state != TcpState.CLOSED;
    }

    private void acknowledged(PacketView segment, long nowNs) {
        long tsRttNs = rcv.timestamps && segment.options.timestamps && segment.options.tsEcr != 0
                ? (shared.timestamp(nowNs) - segment.options.tsEcr) * MS : -1;
        int bytes = snd.acknowledged(segment.ack, tsRttNs, nowNs);
        timers.persisting = false;
        timers.retransmitAtNs = snd.inFlight() ? nowNs + snd.rtt.rtoNs() : TcpTimers.OFF;
        if (snd.finAcked) {
            finAcknowledged(nowNs);
        }
        if (bytes > 0 && tcp.state != TcpState.CLOSED) {
            user.onAcknowledged(bytes, nowNs);
        }
    }

    private void finAcknowledged(long nowNs) {
        switch (tcp.state) {
            case FIN_WAIT_1 -> tcp.state = TcpState.FIN_WAIT_2;
            case CLOSING -> tcp.enterTimeWait(nowNs);
            case LAST_ACK -> tcp.finish(nowNs);
            case SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_2, CLOSE_WAIT, TIME_WAIT, CLOSED -> {
                // Our FIN is not outstanding in these.
            }
        }
    }

    /// Seventh step. Urgent data is ordinary data.
    private void takePayload(PacketView segment, ByteBuf frame, long nowNs) {
        if (segment.seq != rcv.rcvNxt) {
            takeOutOfOrder(segment, frame, nowNs);
            return;
        }
        int length = usable(segment.seq, segment.payloadLength);
        rcv.rcvNxt += length;
        rcv.advanced(segment.payloadLength);
        if (length > 0) {
            user.onBytes(frame, segment.payloadOffset, length, nowNs);
        }
        if (rcv.reassembler != null && !rcv.reassembler.isEmpty()) {
            rcv.ackNow = true;
            deliverReassembled(nowNs);
        }
    }

    /// Bytes of a segment that lie before the guest's FIN; a guest that sends more contradicts itself.
    private int usable(int seq, int length) {
        return rcv.finKnown ? Math.max(0, Math.min(length, rcv.finSeq - seq)) : length;
    }

    private void takeOutOfOrder(PacketView segment, ByteBuf frame, long nowNs) {
        count(Counter.TCP_OUT_OF_ORDER);
        if (rcv.reassembler == null) {
            rcv.reassembler = new Reassembler(shared.allocator(), shared.config().reassemblyBytesMax());
        }
        switch (rcv.reassembler.add(segment.seq, frame, segment.payloadOffset, segment.payloadLength)) {
            case STORED -> { }
            case DUPLICATE -> {
                count(Counter.TCP_DUPLICATES);
                noteDsack(segment.seq, segment.seq + segment.payloadLength);
            }
            case LIMIT -> count(Counter.TCP_REASSEMBLY_LIMIT);
        }
        // RFC 5681 §4.2: at once and one per segment, the guest counts them.
        out.ack(nowNs);
    }

    private void deliverReassembled(long nowNs) {
        Reassembler reassembler = rcv.reassembler;
        for (ByteBuf bytes = reassembler.poll(rcv.rcvNxt); bytes != null; bytes = reassembler.poll(rcv.rcvNxt)) {
            try {
                int length = usable(rcv.rcvNxt, bytes.readableBytes());
                rcv.rcvNxt += length;
                if (length == 0) {
                    return;
                }
                user.onBytes(bytes, bytes.readerIndex(), length, nowNs);
            } finally {
                bytes.release();
            }
            if (!tcp.state.receives()) {
                // The user aborted during its callback, which released what waits behind.
                return;
            }
        }
        if (reassembler.isEmpty()) {
            rcv.reassembler = null;
        }
    }

    /// Eighth step: everything up to the FIN has arrived.
    private void takeFin(long nowNs) {
        rcv.rcvNxt++;
        rcv.ackNow = true;
        rcv.releaseReassembler();
        switch (tcp.state) {
            case ESTABLISHED -> tcp.state = TcpState.CLOSE_WAIT;
            case FIN_WAIT_1 -> tcp.state = TcpState.CLOSING;
            case FIN_WAIT_2 -> tcp.enterTimeWait(nowNs);
            case SYN_SENT, SYN_RECEIVED, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT, CLOSED ->
                throw new IllegalStateException("FIN taken in " + tcp.state);
        }
        user.onFin(nowNs);
    }

    private void count(Counter counter) {
        shared.counters().increment(counter);
    }
}
