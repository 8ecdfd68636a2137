package dev.jslirp.tcp;

import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.StreamUser.ResetCause;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.SeqNum;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;

/// One TCP connection with a guest (RFC 9293). See the package documentation for the order of events.
///
/// Events arrive through [#onSegment], [#onDeadline] and the user's calls; data, FIN and coalesced ACKs leave at
/// [#onBatchEnd]. Owning thread only. The user may call back from every callback; after each the connection
/// checks whether it was closed meanwhile.
public final class TcpConnection {
    /// MSS assumed without the option (RFC 9293 §3.7.1), and the least that still makes progress beside options.
    private static final int MSS_DEFAULT = 536, MSS_MIN = 48;
    private static final int TIMESTAMP_BYTES = 12;
    /// Segments of data sent in a row; others get their turn in between.
    private static final int SEGMENTS_IN_A_ROW = 16;
    private static final int WINDOW_SHIFT_MAX = 14;
    private static final long MS = 1_000_000L, SECOND = 1_000 * MS;

    private final TcpShared shared;
    private final SegmentOutput output;
    private final StreamUser user;
    private final SendBuffer buffer;
    private final SendSide snd;
    private final ReceiveSide rcv;
    private final TcpTimers timers = new TcpTimers();
    private TcpState state;
    private boolean accepted;
    private boolean synSent;
    private boolean detached;
    private boolean sackPermitted;
    private boolean turnUsedUp;
    /// The guest's window scale, -1 when scaling is off.
    private int guestShift = -1;
    private int guestMss = MSS_DEFAULT;
    private int keepAliveProbes;
    private long heardAtNs;
    private long challengeSecondNs;
    private int challengeAcks;

    private TcpConnection(TcpShared shared, SegmentOutput output, StreamUser user, SendBuffer buffer, int iss, boolean opener,
            long nowNs) {
        this.shared = shared;
        this.output = output;
        this.user = user;
        this.buffer = buffer;
        snd = new SendSide(shared.config(), buffer, iss, shared.maxSegmentBytes() > shared.mss() ? shared.maxSegmentBytes() : 0);
        rcv = new ReceiveSide(shared.config().receiveWindowMax(), shared.mss());
        state = opener ? TcpState.SYN_SENT : TcpState.SYN_RECEIVED;
        accepted = opener;
        heardAtNs = nowNs;
        challengeSecondNs = nowNs;
    }

    /// A connection opened by the guest's SYN (in `syn`), in SYN_RECEIVED. The SYN-ACK is held back until
    /// [#accept]; until then retransmitted SYNs are absorbed in silence and only RST is acted on.
    public static TcpConnection passive(TcpShared shared, SegmentOutput output, StreamUser user, SendBuffer sendBuffer,
            PacketView syn, int iss, long nowNs) {
        TcpConnection connection = new TcpConnection(shared, output, user, sendBuffer, iss, false, nowNs);
        connection.takeSyn(syn, nowNs);
        return connection;
    }

    /// A connection that the host side opens towards the guest: SYN_SENT; the SYN goes out at [#onBatchEnd].
    public static TcpConnection active(TcpShared shared, SegmentOutput output, StreamUser user, SendBuffer sendBuffer,
            int iss, long nowNs) {
        return new TcpConnection(shared, output, user, sendBuffer, iss, true, nowNs);
    }

    /// Answers the SYN of a passive connection with SYN-ACK. Idempotent.
    public void accept(long nowNs) {
        if (state == TcpState.SYN_RECEIVED && !accepted) {
            accepted = true;
            sendSyn(nowNs);
        }
    }

    /// RFC 9293 §3.10.7 for a segment whose addresses and ports are this connection's. **Borrows** `frame`. What
    /// lies outside the receive window is cut off in `segment` itself.
    public void onSegment(PacketView segment, ByteBuf frame, long nowNs) {
        if (state == TcpState.CLOSED) {
            return;
        }
        count(Counter.TCP_SEGMENTS_IN);
        heardAtNs = nowNs;
        keepAliveProbes = 0;
        if (state == TcpState.SYN_SENT) {
            segmentInSynSent(segment, nowNs);
        } else if (!accepted) {
            segmentBeforeAccept(segment, nowNs);
        } else {
            segmentOtherwise(segment, frame, nowNs);
        }
    }

    // RFC 9293 §3.10.7.3

    private void segmentInSynSent(PacketView segment, long nowNs) {
        boolean ack = segment.hasFlags(TcpHeader.ACK);
        if (ack && (!synSent || segment.ack != snd.iss + 1)) {
            if (!segment.hasFlags(TcpHeader.RST)) {
                sendReset(segment.ack, 0, TcpHeader.RST);
            }
            return;
        }
        if (segment.hasFlags(TcpHeader.RST)) {
            if (ack) {
                resetByGuest(nowNs);
            }
            return;
        }
        if (!segment.hasFlags(TcpHeader.SYN)) {
            return;
        }
        takeSyn(segment, nowNs);
        if (ack) {
            establish(segment, segment.window, nowNs);
            rcv.ackNow = true;
        } else {
            // Simultaneous open (RFC 9293 figure 7).
            state = TcpState.SYN_RECEIVED;
            sendSyn(nowNs);
        }
    }

    /// The host is still being connected: only a reset counts.
    private void segmentBeforeAccept(PacketView segment, long nowNs) {
        if (segment.hasFlags(TcpHeader.RST) && (segment.seq == rcv.rcvNxt || segment.seq == rcv.irs)) {
            resetByGuest(nowNs);
        }
    }

    private void takeSyn(PacketView syn, long nowNs) {
        rcv.synchronize(syn.seq);
        guestMss = syn.options.mss == 0 ? MSS_DEFAULT : syn.options.mss;
        guestShift = syn.options.windowScale < 0 ? -1 : Math.min(syn.options.windowScale, WINDOW_SHIFT_MAX);
        sackPermitted = syn.options.sackPermitted;
        rcv.timestamps = syn.options.timestamps;
        if (rcv.timestamps) {
            rcv.rememberTimestamp(syn.seq, syn.options.tsVal, nowNs);
        }
        snd.mss = Math.min(shared.mss(), Math.max(guestMss, MSS_MIN)) - (rcv.timestamps ? TIMESTAMP_BYTES : 0);
        snd.congestion = CongestionControl.of(shared.config().congestionControl(), snd.mss);
        if (guestShift >= 0) {
            snd.windowShift = guestShift;
            rcv.windowShift = ReceiveSide.shiftFor(shared.config().receiveWindowMax());
        }
    }

    private void establish(PacketView segment, int windowBytes, long nowNs) {
        if (snd.retries == 0 && timers.retransmitAtNs != TcpTimers.OFF) {
            snd.rtt.sample(nowNs - (timers.retransmitAtNs - shared.config().rtoInitialNs()));
        }
        snd.established(segment.seq, segment.ack, windowBytes);
        state = TcpState.ESTABLISHED;
        timers.retransmitAtNs = TcpTimers.OFF;
        long idleNs = shared.config().keepAliveIdleNs();
        timers.keepAliveAtNs = idleNs == 0 ? TcpTimers.OFF : nowNs + idleNs;
        user.onEstablished(nowNs);
    }

    // RFC 9293 §3.10.7.4

    private void segmentOtherwise(PacketView segment, ByteBuf frame, long nowNs) {
        if (state == TcpState.SYN_RECEIVED && segment.hasFlags(TcpHeader.SYN) && segment.seq == rcv.irs && !afterOwnSyn(segment, nowNs)) {
            return;
        }
        if (!checkTimestamp(segment, nowNs) || !checkSequence(segment, nowNs) || !checkReset(segment, nowNs)
                || !checkSyn(segment, nowNs) || !checkAck(segment, nowNs)) {
            return;
        }
        if (state.receives() && segment.hasFlags(TcpHeader.FIN)) {
            rcv.finKnown = true;
            rcv.finSeq = segment.seq + segment.payloadLength;
            // RFC 5681 §4.2: a FIN beyond a gap is out of order too.
            rcv.ackNow |= segment.seq != rcv.rcvNxt;
        }
        if (state.receives() && segment.payloadLength > 0) {
            takePayload(segment, frame, nowNs);
        }
        if (state.receives() && rcv.finKnown && rcv.finSeq == rcv.rcvNxt) {
            takeFin(nowNs);
        }
    }

    /// The SYN again: our SYN-ACK was lost, or, with ACK, it is the answer in a simultaneous open.
    private boolean afterOwnSyn(PacketView segment, long nowNs) {
        if (!segment.hasFlags(TcpHeader.ACK)) {
            sendSyn(nowNs);
            return false;
        }
        segment.flags &= ~TcpHeader.SYN;
        segment.seq++;
        rcv.ackNow = true;
        return true;
    }

    private boolean checkTimestamp(PacketView segment, long nowNs) {
        // DEVIATION: RFC 7323 §3.2 would drop a segment without the option; guests' keep-alives lack it at times.
        if (!rcv.timestamps || !segment.options.timestamps || segment.hasFlags(TcpHeader.RST)) {
            return true;
        }
        if (rcv.isOldTimestamp(segment.options.tsVal, nowNs)) {
            count(Counter.TCP_PAWS_REJECTED);
            challengeAck(nowNs);
            return false;
        }
        return true;
    }

    /// First step: acceptability; cuts the segment down to the window.
    private boolean checkSequence(PacketView segment, long nowNs) {
        int length = segment.seqLength();
        if (!rcv.isAcceptable(segment.seq, length)) {
            rejectSequence(segment, length, nowNs);
            return false;
        }
        if (segment.options.timestamps && rcv.timestamps && !segment.hasFlags(TcpHeader.RST)) {
            rcv.rememberTimestamp(segment.seq, segment.options.tsVal, nowNs);
        }
        int old = rcv.rcvNxt - segment.seq;
        if (old > 0) {
            noteDsack(segment.seq, rcv.rcvNxt);
            // A SYN before the window is the first thing trimmed.
            int bytes = old - (segment.hasFlags(TcpHeader.SYN) ? 1 : 0);
            segment.flags &= ~TcpHeader.SYN;
            segment.seq = rcv.rcvNxt;
            segment.payloadOffset += bytes;
            segment.payloadLength -= bytes;
        }
        int excess = segment.seq + segment.payloadLength - (rcv.rcvNxt + rcv.window());
        if (excess > 0) {
            count(Counter.TCP_OUT_OF_WINDOW);
            segment.payloadLength -= excess;
            segment.flags &= ~TcpHeader.FIN;
            rcv.ackNow = true;
        }
        return true;
    }

    private void rejectSequence(PacketView segment, int length, long nowNs) {
        if (segment.hasFlags(TcpHeader.RST)) {
            return;
        }
        if (length == 0 || segment.hasFlags(TcpHeader.SYN)) {
            challengeAck(nowNs);
            return;
        }
        if (SeqNum.leq(segment.seq + length, rcv.rcvNxt)) {
            count(Counter.TCP_DUPLICATES);
            noteDsack(segment.seq, segment.seq + length);
            if (state == TcpState.TIME_WAIT && segment.hasFlags(TcpHeader.FIN)) {
                timers.lifeAtNs = nowNs + shared.config().timeWaitNs();
            }
        } else {
            count(Counter.TCP_OUT_OF_WINDOW);
        }
        sendAck(nowNs);
    }

    private void noteDsack(int left, int right) {
        rcv.ackNow = true;
        if (sackPermitted) {
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
            resetByGuest(nowNs);
        } else {
            challengeAck(nowNs);
        }
        return false;
    }

    /// Fourth step, RFC 5961 §4.2.
    private boolean checkSyn(PacketView segment, long nowNs) {
        if (segment.hasFlags(TcpHeader.SYN)) {
            challengeAck(nowNs);
            return false;
        }
        return true;
    }

    /// Fifth step. @return whether payload and FIN are to be looked at
    private boolean checkAck(PacketView segment, long nowNs) {
        if (!segment.hasFlags(TcpHeader.ACK)) {
            return false;
        }
        if (state == TcpState.SYN_RECEIVED) {
            if (segment.ack != snd.iss + 1) {
                sendReset(segment.ack, 0, TcpHeader.RST);
                return false;
            }
            establish(segment, segment.window << snd.windowShift, nowNs);
            return state != TcpState.CLOSED;
        }
        // RFC 5961 §5.2.
        if (SeqNum.gt(segment.ack, snd.sndMax) || SeqNum.lt(segment.ack, snd.sndUna - snd.maxSndWnd)) {
            challengeAck(nowNs);
            return false;
        }
        boolean news = sackPermitted && snd.sacked(segment.options.sack, segment.options.sackBlocks, segment.ack);
        int window = segment.window << snd.windowShift;
        boolean advances = SeqNum.gt(segment.ack, snd.sndUna);
        if (advances) {
            acknowledged(segment, nowNs);
        }
        boolean duplicate = segment.ack == snd.sndUna && snd.inFlight() && segment.payloadLength == 0
                && !segment.hasFlags(TcpHeader.FIN) && window == snd.sndWnd;
        if (state != TcpState.CLOSED && (news || duplicate && !sackPermitted) && snd.inFlight() && snd.duplicateAck(nowNs)) {
            count(Counter.TCP_FAST_RETRANSMITS);
        }
        if (SeqNum.geq(segment.ack, snd.sndUna)) {
            snd.updateWindow(segment.seq, segment.ack, window, advances);
            if (timers.persisting) {
                snd.retries = 0;
            }
        }
        return state != TcpState.CLOSED;
    }

    private void acknowledged(PacketView segment, long nowNs) {
        long tsRttNs = rcv.timestamps && segment.options.timestamps && segment.options.tsEcr != 0
                ? (tsNow(nowNs) - segment.options.tsEcr) * MS : -1;
        int bytes = snd.acknowledged(segment.ack, tsRttNs, nowNs);
        timers.persisting = false;
        timers.retransmitAtNs = snd.inFlight() ? nowNs + snd.rtt.rtoNs() : TcpTimers.OFF;
        if (snd.finAcked) {
            finAcknowledged(nowNs);
        }
        if (bytes > 0 && state != TcpState.CLOSED && !detached) {
            user.onAcknowledged(bytes, nowNs);
        }
    }

    private void finAcknowledged(long nowNs) {
        switch (state) {
            case FIN_WAIT_1 -> {
                state = TcpState.FIN_WAIT_2;
                limitFinWait2(nowNs);
            }
            case CLOSING -> enterTimeWait(nowNs);
            case LAST_ACK -> finish(nowNs);
            case SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_2, CLOSE_WAIT, TIME_WAIT, CLOSED -> {
                // Our FIN is not outstanding in these.
            }
        }
    }

    /// Seventh step. Urgent data is ordinary data.
    private void takePayload(PacketView segment, ByteBuf frame, long nowNs) {
        if (detached) {
            // RFC 9293 §3.6.1: nobody will read this; tell the guest so.
            abort(nowNs);
            return;
        }
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
        sendAck(nowNs);
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
            if (state == TcpState.CLOSED) {
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
        releaseReassembler();
        switch (state) {
            case ESTABLISHED -> state = TcpState.CLOSE_WAIT;
            case FIN_WAIT_1 -> state = TcpState.CLOSING;
            case FIN_WAIT_2 -> enterTimeWait(nowNs);
            case SYN_SENT, SYN_RECEIVED, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT, CLOSED ->
                throw new IllegalStateException("FIN taken in " + state);
        }
        if (!detached) {
            user.onFin(nowNs);
        }
    }

    private void enterTimeWait(long nowNs) {
        state = TcpState.TIME_WAIT;
        timers.allOff();
        timers.lifeAtNs = nowNs + shared.config().timeWaitNs();
        releaseReassembler();
        buffer.release();
    }

    private void resetByGuest(long nowNs) {
        count(Counter.TCP_RESETS_RECEIVED);
        die(ResetCause.RESET_BY_GUEST, nowNs);
    }

    private void die(ResetCause cause, long nowNs) {
        boolean tell = state != TcpState.TIME_WAIT && !detached;
        timers.allOff();
        if (tell) {
            user.onReset(cause, nowNs);
        }
        finish(nowNs);
    }

    private void finish(long nowNs) {
        if (state == TcpState.CLOSED) {
            return;
        }
        state = TcpState.CLOSED;
        timers.allOff();
        releaseReassembler();
        buffer.release();
        user.onClosed(nowNs);
    }

    private void releaseReassembler() {
        if (rcv.reassembler != null) {
            rcv.reassembler.release();
            rcv.reassembler = null;
        }
    }

    // Timers

    /// The deadline of [#nextDeadlineNs] has passed.
    public void onDeadline(long nowNs) {
        if (TcpTimers.isDue(timers.lifeAtNs, nowNs)) {
            finish(nowNs);
        }
        if (TcpTimers.isDue(timers.keepAliveAtNs, nowNs)) {
            keepAlive(nowNs);
        }
        if (TcpTimers.isDue(timers.retransmitAtNs, nowNs)) {
            retransmissionDue(nowNs);
        }
        if (TcpTimers.isDue(timers.delayedAckAtNs, nowNs)) {
            rcv.ackNow = true;
        }
        onBatchEnd(nowNs);
    }

    /// When [#onDeadline] wants to be called; [Long#MAX_VALUE] when no timer runs.
    public long nextDeadlineNs() {
        return timers.nextNs();
    }

    private void retransmissionDue(long nowNs) {
        int retriesMax = state.isSynchronized() ? shared.config().retriesMax() : shared.config().synRetriesMax();
        if (snd.retries >= retriesMax) {
            count(Counter.TCP_RETRIES_EXHAUSTED);
            die(ResetCause.TIMED_OUT, nowNs);
            return;
        }
        timers.retransmitAtNs = TcpTimers.OFF;
        if (timers.persisting) {
            probe(nowNs);
            return;
        }
        count(Counter.TCP_TIMEOUTS);
        if (state.isSynchronized()) {
            snd.onTimeout(nowNs);
        } else {
            snd.retries++;
            snd.rtt.backOff();
            sendSyn(nowNs);
        }
    }

    private void probe(long nowNs) {
        if (!snd.hasUnsent()) {
            return;
        }
        count(Counter.TCP_ZERO_WINDOW_PROBES);
        boolean beyond = snd.selectProbe();
        int length = sendData(nowNs);
        boolean fin = snd.selectedFin && length == snd.selectedLength;
        if (beyond) {
            snd.retries++;
            snd.sentProbe(length, fin);
        } else {
            snd.sent(length, fin, nowNs);
            timers.persisting = false;
        }
        if (fin) {
            finWasSent();
        }
        timers.persistBackoff++;
    }

    private void keepAlive(long nowNs) {
        TcpConfig config = shared.config();
        long idleNs = nowNs - heardAtNs;
        if (idleNs < config.keepAliveIdleNs()) {
            timers.keepAliveAtNs = heardAtNs + config.keepAliveIdleNs();
            return;
        }
        if (keepAliveProbes >= config.keepAliveProbes()) {
            count(Counter.TCP_KEEPALIVE_DEAD);
            die(ResetCause.KEEPALIVE, nowNs);
            return;
        }
        timers.keepAliveAtNs = nowNs + config.keepAliveIntervalNs();
        if (!snd.inFlight() && !timers.persisting) {
            keepAliveProbes++;
            count(Counter.TCP_KEEPALIVES_SENT);
            // RFC 9293 §3.8.4: SEG.SEQ = SND.NXT - 1.
            begin(snd.ackSeq() - 1, TcpHeader.ACK, nowNs);
            emit();
        }
    }

    /// End of a batch: sends what may be sent (data, FIN, window update, the one coalesced ACK).
    public void onBatchEnd(long nowNs) {
        if (state == TcpState.SYN_SENT && !synSent) {
            sendSyn(nowNs);
        }
        int sent = 0;
        while (sent < SEGMENTS_IN_A_ROW && state.sends() && snd.select() && sendSelected(nowNs)) {
            sent++;
        }
        turnUsedUp = sent == SEGMENTS_IN_A_ROW;
        if (state.sends()) {
            armRetransmission(nowNs);
        }
        if (state.isSynchronized()) {
            acknowledgeIfOwed(nowNs);
        }
    }

    /// Whether the last [#onBatchEnd] stopped because its turn was over: it is to be called again when others had theirs.
    public boolean wantsAnotherTurn() {
        return turnUsedUp;
    }

    private boolean sendSelected(long nowNs) {
        int length = sendData(nowNs);
        boolean fin = snd.selectedFin && length == snd.selectedLength;
        if (length == 0 && !fin) {
            return false;
        }
        if (snd.selectedRetransmit) {
            count(Counter.TCP_RETRANSMITS);
        }
        snd.sent(length, fin, nowNs);
        if (fin) {
            finWasSent();
        }
        return true;
    }

    private void finWasSent() {
        if (state == TcpState.ESTABLISHED) {
            state = TcpState.FIN_WAIT_1;
        } else if (state == TcpState.CLOSE_WAIT) {
            state = TcpState.LAST_ACK;
        }
    }

    private void armRetransmission(long nowNs) {
        if (snd.inFlight()) {
            if (timers.retransmitAtNs == TcpTimers.OFF || timers.persisting) {
                timers.retransmitAtNs = nowNs + snd.rtt.rtoNs();
            }
            timers.persisting = false;
        } else if (snd.hasUnsent()) {
            if (!timers.persisting) {
                timers.persisting = true;
                timers.persistBackoff = 0;
                timers.retransmitAtNs = TcpTimers.OFF;
            }
            if (timers.retransmitAtNs == TcpTimers.OFF) {
                long rtoNs = snd.rtt.rtoNs();
                int shift = Math.min(timers.persistBackoff, 16);
                long maxNs = shared.config().rtoMaxNs();
                timers.retransmitAtNs = nowNs + (rtoNs >= maxNs >> shift ? maxNs : rtoNs << shift);
            }
        } else {
            timers.persisting = false;
            timers.retransmitAtNs = TcpTimers.OFF;
        }
    }

    private void acknowledgeIfOwed(long nowNs) {
        if (rcv.ackNow || state.receives() && !detached && rcv.owesWindowUpdate(user.receiveRoom())) {
            sendAck(nowNs);
        } else if (rcv.owesAck() && timers.delayedAckAtNs == TcpTimers.OFF) {
            timers.delayedAckAtNs = nowNs + shared.config().delayedAckNs();
        }
    }

    // Calls of the user

    /// Sends FIN after the bytes of the send buffer (RFC 9293 §3.10.4), at [#onBatchEnd]. The user appends nothing
    /// afterwards. Idempotent.
    public void close(long nowNs) {
        if (state == TcpState.SYN_SENT) {
            finish(nowNs);
        } else if (state != TcpState.CLOSED) {
            snd.finRequested = true;
        }
    }

    /// The user is gone: as [#close]; bytes that still arrive reset the connection, FIN_WAIT_2 is limited to
    /// [TcpConfig#finWait2Ns], and of the callbacks only [StreamUser#onClosed] follows. Idempotent.
    public void detach(long nowNs) {
        close(nowNs);
        if (!detached) {
            detached = true;
            limitFinWait2(nowNs);
        }
    }

    private void limitFinWait2(long nowNs) {
        if (detached && state == TcpState.FIN_WAIT_2) {
            timers.lifeAtNs = nowNs + shared.config().finWait2Ns();
        }
    }

    /// Sends RST if the state calls for one, and closes at once (RFC 9293 §3.10.5). Idempotent.
    public void abort(long nowNs) {
        switch (state) {
            // RFC 9293 §3.10.7.1: a refused SYN is answered with SEQ=0, ACK=SEG.SEQ+1.
            case SYN_RECEIVED -> sendReset(accepted ? snd.iss + 1 : 0, rcv.rcvNxt, TcpHeader.RST | TcpHeader.ACK);
            case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT ->
                sendReset(snd.ackSeq(), rcv.rcvNxt, TcpHeader.RST | TcpHeader.ACK);
            case SYN_SENT, CLOSING, LAST_ACK, TIME_WAIT, CLOSED -> { }
        }
        finish(nowNs);
    }

    /// Memory held in bytes that arrived out of order.
    public int outOfOrderBytes() {
        return rcv.reassembler == null ? 0 : rcv.reassembler.pinnedBytes();
    }

    /// The connection's state.
    public TcpState state() {
        return state;
    }

    /// Whether a new SYN may replace this connection (RFC 9293 §3.10.7.4 TIME_WAIT; RFC 6191 §2).
    public boolean mayBeReusedBy(PacketView syn) {
        if (state != TcpState.TIME_WAIT || (syn.flags & (TcpHeader.SYN | TcpHeader.ACK | TcpHeader.RST)) != TcpHeader.SYN) {
            return false;
        }
        if (rcv.timestamps && syn.options.timestamps && syn.options.tsVal != rcv.tsRecent) {
            return syn.options.tsVal - rcv.tsRecent > 0;
        }
        return SeqNum.gt(syn.seq, rcv.rcvNxt);
    }

    // Segments out

    private OutboundSegment begin(int seq, int flags, long nowNs) {
        OutboundSegment segment = shared.segment();
        segment.clear();
        segment.seq = seq;
        segment.flags = flags;
        segment.ack = rcv.rcvNxt;
        if (rcv.timestamps) {
            segment.timestamps = true;
            segment.tsVal = tsNow(nowNs);
            segment.tsEcr = rcv.tsRecent;
        }
        // Without a reader the promise stays as it is.
        segment.window = rcv.windowField(state.receives() && !detached ? user.receiveRoom() : 0);
        return segment;
    }

    private void emit() {
        count(Counter.TCP_SEGMENTS_OUT);
        rcv.acknowledgedAll();
        timers.delayedAckAtNs = TcpTimers.OFF;
        output.send(this, shared.segment());
    }

    /// Emits the segment [SendSide] selected. @return payload bytes the buffer gave
    private int sendData(long nowNs) {
        OutboundSegment segment = begin(snd.selectedSeq, TcpHeader.ACK, nowNs);
        int length = 0;
        if (snd.selectedLength > 0) {
            length = buffer.gather(snd.selectedSeq - snd.sndUna, snd.selectedLength, segment.payload);
        }
        boolean fin = snd.selectedFin && length == snd.selectedLength;
        if (length == 0 && !fin) {
            return 0;
        }
        if (fin) {
            segment.flags |= TcpHeader.FIN;
        }
        if (snd.selectedSeq + length - snd.sndUna == buffer.available()) {
            segment.flags |= TcpHeader.PSH;
        }
        segment.gsoSize = length > snd.mss ? snd.mss : 0;
        emit();
        return length;
    }

    /// An ACK without data. SACK blocks ride only here: every segment out of order is answered by one, and a data
    /// segment would have to be cut for them.
    private void sendAck(long nowNs) {
        // Before the handshake is done the guest's window is not known, and SND.NXT is the number after our SYN.
        int seq = state == TcpState.SYN_RECEIVED ? snd.sndMax : snd.ackSeq();
        OutboundSegment segment = begin(seq, TcpHeader.ACK, nowNs);
        if (sackPermitted) {
            int blocks = 0;
            if (rcv.dsack) {
                segment.sack[0] = rcv.dsackLeft;
                segment.sack[1] = rcv.dsackRight;
                rcv.dsack = false;
                blocks = 1;
                count(Counter.TCP_DSACK_SENT);
            }
            if (rcv.reassembler != null) {
                blocks = rcv.reassembler.writeSack(segment.sack, blocks, sackBlocksMax());
            }
            segment.sackBlocks = blocks;
        }
        emit();
    }

    /// Four blocks, three beside timestamps (RFC 2018 §3), fewer where the link's MTU has no room for them.
    private int sackBlocksMax() {
        int timestampBytes = rcv.timestamps ? TIMESTAMP_BYTES : 0;
        return Math.min((40 - timestampBytes - 4) / 8, (shared.mss() - timestampBytes - 4) / 8);
    }

    private void sendSyn(long nowNs) {
        boolean answer = state == TcpState.SYN_RECEIVED;
        OutboundSegment segment = shared.segment();
        segment.clear();
        segment.seq = snd.iss;
        segment.flags = answer ? TcpHeader.SYN | TcpHeader.ACK : TcpHeader.SYN;
        segment.ack = answer ? rcv.rcvNxt : 0;
        segment.window = rcv.synWindowField(user.receiveRoom());
        segment.mss = shared.mss();
        segment.windowScale = answer && guestShift < 0 ? -1 : ReceiveSide.shiftFor(shared.config().receiveWindowMax());
        segment.sackPermitted = !answer || sackPermitted;
        segment.timestamps = !answer || rcv.timestamps;
        segment.tsVal = segment.timestamps ? tsNow(nowNs) : 0;
        segment.tsEcr = answer ? rcv.tsRecent : 0;
        synSent = true;
        snd.sndMax = snd.iss + 1;
        timers.retransmitAtNs = nowNs + snd.rtt.rtoNs();
        count(Counter.TCP_SEGMENTS_OUT);
        output.send(this, segment);
    }

    private void sendReset(int seq, int ack, int flags) {
        OutboundSegment segment = shared.segment();
        segment.clear();
        segment.seq = seq;
        segment.ack = ack;
        segment.flags = flags;
        count(Counter.TCP_RESETS_SENT);
        count(Counter.TCP_SEGMENTS_OUT);
        output.send(this, segment);
    }

    /// RFC 5961 §7: an ACK that a forged or stale segment provokes, at most so many a second.
    private void challengeAck(long nowNs) {
        if (nowNs - challengeSecondNs >= SECOND) {
            challengeSecondNs = nowNs;
            challengeAcks = 0;
        }
        if (challengeAcks >= shared.config().challengeAcksPerSecond()) {
            count(Counter.TCP_CHALLENGE_ACKS_LIMITED);
            return;
        }
        challengeAcks++;
        count(Counter.TCP_CHALLENGE_ACKS);
        sendAck(nowNs);
    }

    private int tsNow(long nowNs) {
        return (int) (nowNs / MS) + shared.tsOffset();
    }

    private void count(Counter counter) {
        shared.counters().increment(counter);
    }
}
