package dev.jslirp.tcp;

import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.StreamUser.ResetCause;
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
    /// Segments of data sent in one turn; then others have theirs.
    public static final int TURN_SEGMENTS = 16;
    /// Bytes after which a turn is over, too: super-segments are sent one at a time.
    public static final int TURN_BYTES = 256 * 1024;

    private final TcpShared shared;
    private final StreamUser user;
    private final SendBuffer buffer;
    private final SendSide snd;
    private final ReceiveSide rcv;
    private final TcpTimers timers = new TcpTimers();
    private final SegmentComposer out;
    private final SegmentArrival arrival;
    TcpState state;
    private boolean accepted;
    boolean synSent;
    private boolean turnUsedUp;
    private int keepAliveProbes;
    private long heardAtNs;

    private TcpConnection(TcpShared shared, SegmentOutput output, StreamUser user, SendBuffer buffer, int iss, boolean opener,
            long nowNs) {
        this.shared = shared;
        this.user = user;
        this.buffer = buffer;
        snd = new SendSide(shared.config(), buffer, iss, shared.maxSegmentBytes() > shared.mss() ? shared.maxSegmentBytes() : 0);
        rcv = new ReceiveSide(shared.config().receiveWindowMax(), shared.mss());
        state = opener ? TcpState.SYN_SENT : TcpState.SYN_RECEIVED;
        accepted = opener;
        heardAtNs = nowNs;
        out = new SegmentComposer(this, shared, output, user, buffer, snd, rcv, timers, nowNs);
        arrival = new SegmentArrival(this, shared, user, snd, rcv, timers, out);
    }

    /// A connection opened by the guest's SYN (in `syn`), in SYN_RECEIVED. The SYN-ACK is held back until
    /// [#accept]; until then retransmitted SYNs are absorbed in silence and only RST is acted on.
    public static TcpConnection passive(TcpShared shared, SegmentOutput output, StreamUser user, SendBuffer sendBuffer,
            PacketView syn, int iss, long nowNs) {
        TcpConnection connection = new TcpConnection(shared, output, user, sendBuffer, iss, false, nowNs);
        connection.arrival.takeSyn(syn, nowNs);
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
            arrival.inSynSent(segment, nowNs);
        } else if (!accepted) {
            arrival.beforeAccept(segment, nowNs);
        } else {
            arrival.inOtherStates(segment, frame, nowNs);
        }
    }

    void establish(PacketView segment, int windowBytes, long nowNs) {
        snd.established(segment.seq, segment.ack, windowBytes, nowNs);
        state = TcpState.ESTABLISHED;
        timers.retransmitAtNs = TcpTimers.OFF;
        long idleNs = shared.config().keepAliveIdleNs();
        timers.keepAliveAtNs = idleNs == 0 ? TcpTimers.OFF : nowNs + idleNs;
        user.onEstablished(nowNs);
    }

    void enterTimeWait(long nowNs) {
        state = TcpState.TIME_WAIT;
        timers.allOff();
        timers.lifeAtNs = nowNs + shared.config().timeWaitNs();
        rcv.releaseReassembler();
        buffer.release();
    }

    void resetByGuest(long nowNs) {
        count(Counter.TCP_RESETS_RECEIVED);
        switch (state) {
            // RFC 9293 §3.10.7.4: both FINs are under way, nobody is left to be told.
            case CLOSING, LAST_ACK, TIME_WAIT -> finish(nowNs);
            case SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT -> die(ResetCause.RESET_BY_GUEST, nowNs);
            case CLOSED -> { }
        }
    }

    private void die(ResetCause cause, long nowNs) {
        release();
        user.onReset(cause, nowNs);
        user.onClosed(nowNs);
    }

    void finish(long nowNs) {
        if (state == TcpState.CLOSED) {
            return;
        }
        release();
        user.onClosed(nowNs);
    }

    /// CLOSED, before the user hears of it: whatever it calls from then on does nothing.
    private void release() {
        state = TcpState.CLOSED;
        timers.allOff();
        rcv.releaseReassembler();
        buffer.release();
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
        int length = out.data(nowNs);
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
            out.keepAlive(nowNs);
        }
    }

    /// End of a batch: sends what may be sent (data, FIN, window update, the one coalesced ACK).
    public void onBatchEnd(long nowNs) {
        if (state == TcpState.SYN_SENT && !synSent) {
            sendSyn(nowNs);
        }
        if (state.sends()) {
            snd.restartAfterIdle(nowNs);
        }
        int sent = 0;
        int sentBytes = 0;
        while (sent < TURN_SEGMENTS && sentBytes < TURN_BYTES && state.sends() && snd.select() && sendSelected(nowNs)) {
            sent++;
            sentBytes += snd.selectedLength;
        }
        turnUsedUp = sent == TURN_SEGMENTS || sentBytes >= TURN_BYTES;
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

    /// Our SYN, again or for the first time.
    void sendSyn(long nowNs) {
        synSent = true;
        snd.sentSyn(nowNs);
        timers.retransmitAtNs = nowNs + snd.rtt.rtoNs();
        out.syn(state == TcpState.SYN_RECEIVED, nowNs);
    }

    private boolean sendSelected(long nowNs) {
        int length = out.data(nowNs);
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
        long delayNs = rcv.ackSoon ? shared.config().quickAckDelayNs() : shared.config().delayedAckNs();
        if (rcv.ackNow || rcv.owesAck() && delayNs == 0 || state.receives() && rcv.owesWindowUpdate(user.receiveRoom())) {
            out.ack(nowNs);
        } else if (rcv.owesAck() && timers.delayedAckAtNs == TcpTimers.OFF) {
            timers.delayedAckAtNs = nowNs + delayNs;
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

    /// Sends RST if the state calls for one, and closes at once (RFC 9293 §3.10.5). Idempotent.
    public void abort(long nowNs) {
        switch (state) {
            // RFC 9293 §3.10.7.1: a refused SYN is answered with SEQ=0, ACK=SEG.SEQ+1.
            case SYN_RECEIVED -> out.reset(accepted ? snd.iss + 1 : 0, rcv.rcvNxt, TcpHeader.RST | TcpHeader.ACK, nowNs);
            case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT ->
                out.reset(snd.ackSeq(), rcv.rcvNxt, TcpHeader.RST | TcpHeader.ACK, nowNs);
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

    private void count(Counter counter) {
        shared.counters().increment(counter);
    }
}
