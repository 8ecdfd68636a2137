package dev.jslirp.tcp;

import dev.jslirp.wire.SeqNum;

/// The send sequence space of RFC 9293 §3.3.1: what is outstanding, what may go next, loss recovery. Decides; [TcpConnection] emits.
///
/// `sndMax` is the RFC's SND.NXT (highest number ever sent); `sndNxt` falls back to `sndUna` when the retransmission
/// timer expires and walks forward again, skipping what the guest has sacked.
final class SendSide {
    final int iss;
    int sndUna;
    int sndNxt;
    int sndMax;
    int sndWnd;
    int maxSndWnd;
    int windowShift;
    /// Payload bytes of a full segment, options subtracted.
    int mss;
    boolean finRequested;
    boolean finAcked;
    boolean recovering;
    /// Unanswered retransmissions or probes in a row.
    int retries;
    CongestionControl congestion;

    /// The result of [#select].
    int selectedSeq;
    int selectedLength;
    boolean selectedFin;
    boolean selectedRetransmit;

    final RttEstimator rtt;
    private final SendBuffer buffer;
    /// Bytes of one super-segment that the link cuts; 0 when it cuts none.
    private final int superSegmentBytes;
    private SackScoreboard scoreboard;
    private int wl1;
    private int wl2;
    private boolean finSent;
    private int finSeq;
    private boolean afterTimeout;
    private int recover;
    private int highRxt;
    private boolean retransmitHead;
    private boolean rescued;
    /// Whether what is selected is the rescue retransmission of this recovery.
    private boolean selectedRescue;
    private int dupAcks;
    private boolean timing;
    private int timedSeq;
    private long timedAtNs;
    /// When data or FIN was last sent.
    private long sentAtNs;

    SendSide(TcpConfig config, SendBuffer buffer, int iss, int superSegmentBytes) {
        this.iss = iss;
        this.buffer = buffer;
        this.superSegmentBytes = superSegmentBytes;
        sndUna = iss;
        sndNxt = iss;
        sndMax = iss;
        rtt = new RttEstimator(config);
    }

    /// Our SYN goes out. Sent again it times nothing (Karn's algorithm, RFC 6298 §3).
    void sentSyn(long nowNs) {
        timing = sndMax == iss;
        timedAtNs = nowNs;
        sndMax = iss + 1;
    }

    /// Our SYN is acknowledged: data begins at `iss + 1`.
    void established(int segSeq, int segAck, int window, long nowNs) {
        if (timing) {
            rtt.sample(nowNs - timedAtNs);
        }
        if (retries > 0) {
            rtt.synWasLost();
            congestion.onSynLost();
        }
        timing = false;
        sentAtNs = nowNs;
        sndUna = iss + 1;
        sndNxt = sndUna;
        sndMax = sndUna;
        recover = iss;
        retries = 0;
        setWindow(segSeq, segAck, window);
    }

    boolean inFlight() {
        return sndNxt != sndUna;
    }

    /// Whether bytes or FIN have not been sent since the last time-out.
    boolean hasUnsent() {
        return SeqNum.lt(sndNxt, dataEnd()) || finDue() && sndNxt == dataEnd();
    }

    /// Sequence number of a segment without data: SND.NXT, but within the guest's window even after a probe beyond it. Before the handshake
    /// is done the guest's window is not known.
    int ackSeq() {
        if (sndUna == iss) {
            return sndMax;
        }
        int edge = sndUna + sndWnd;
        return SeqNum.lt(edge, sndMax) ? edge : sndMax;
    }

    private int dataEnd() {
        return finSent ? finSeq : sndUna + buffer.available();
    }

    private boolean finDue() {
        return finRequested && !finAcked;
    }

    private int pipe() {
        if (scoreboard != null && !scoreboard.isEmpty()) {
            return recovering ? scoreboard.pipe(sndUna, sndNxt, highRxt) : sndNxt - sndUna - scoreboard.sackedBetween(sndUna, sndNxt);
        }
        return Math.max(0, sndNxt - sndUna - dupAcks * mss);
    }

    /// Chooses the next segment to send (NextSeg of RFC 6675 §4, or new data). @return whether there is one
    boolean select() {
        selectedRetransmit = true;
        selectedRescue = false;
        if (recovering && sndWnd > 0 && selectLost()) {
            return true;
        }
        if (selectNew()) {
            return true;
        }
        return recovering && sndWnd > 0 && selectRescue();
    }

    private boolean selectLost() {
        int credit = congestion.cwnd() - pipe();
        if (scoreboard == null || scoreboard.isEmpty()) {
            return retransmitHead && retransmit(sndUna, sndMax, mss);
        }
        int from = scoreboard.skipSacked(SeqNum.max(highRxt, sndUna));
        if (retransmitHead) {
            return retransmit(from, scoreboard.holeEnd(from, sndMax), mss);
        }
        int edge = scoreboard.lostEdge(sndUna);
        if (credit < mss || SeqNum.geq(from, edge)) {
            return false;
        }
        return retransmit(from, scoreboard.holeEnd(from, edge), wholeSegments(Math.min(credit, Math.max(mss, superSegmentBytes))));
    }

    /// Rules 3 and 4 of NextSeg: nothing known lost and nothing new to send.
    private boolean selectRescue() {
        if (scoreboard == null || scoreboard.isEmpty() || congestion.cwnd() - pipe() < mss) {
            return false;
        }
        selectedRetransmit = true;
        int from = scoreboard.skipSacked(SeqNum.max(highRxt, sndUna));
        if (SeqNum.lt(from, scoreboard.highestSacked())) {
            return retransmit(from, scoreboard.holeEnd(from, sndMax), mss);
        }
        if (rescued || SeqNum.geq(from, sndMax)) {
            return false;
        }
        rescued = true;
        boolean found = retransmit(SeqNum.max(from, sndMax - mss), sndMax, mss);
        selectedRescue = true;
        return found;
    }

    private boolean retransmit(int from, int end, int limit) {
        int dataEnd = dataEnd();
        selectedSeq = from;
        selectedLength = Math.max(0, Math.min(limit, SeqNum.min(end, dataEnd) - from));
        selectedFin = finSent && from + selectedLength == dataEnd && SeqNum.gt(end, dataEnd);
        return selectedLength > 0 || selectedFin;
    }

    private boolean selectNew() {
        if (scoreboard != null && SeqNum.lt(sndNxt, sndMax)) {
            sndNxt = scoreboard.skipSacked(sndNxt);
        }
        int unsent = Math.max(0, dataEnd() - sndNxt);
        int windowRoom = sndUna + sndWnd - sndNxt;
        int room = Math.min(windowRoom, congestion.cwnd() - pipe());
        int length = Math.min(unsent, Math.min(room, Math.max(mss, superSegmentBytes)));
        if (length > 0 && scoreboard != null && SeqNum.lt(sndNxt, sndMax)) {
            int hole = scoreboard.holeEnd(sndNxt, sndNxt + length) - sndNxt;
            if (hole < length) {
                return selectAt(hole, windowRoom);
            }
        }
        // RFC 9293 §3.8.6.2.1 (a)-(c), sender's silly window avoidance.
        if (length <= 0 ? unsent > 0 : length < unsent && length < mss && length < maxSndWnd / 2) {
            return false;
        }
        return selectAt(length < unsent ? wholeSegments(length) : Math.max(0, length), windowRoom);
    }

    private boolean selectAt(int length, int windowRoom) {
        selectedSeq = sndNxt;
        selectedLength = length;
        selectedFin = finDue() && sndNxt + length == dataEnd() && windowRoom > length;
        selectedRetransmit = SeqNum.lt(sndNxt, sndMax);
        return length > 0 || selectedFin;
    }

    private int wholeSegments(int length) {
        return length > mss ? length - length % mss : length;
    }

    /// The persist timer expired: selects what the window or silly window avoidance held back (RFC 9293 §3.8.6.1).
    ///
    /// @return whether this is a probe beyond the window, which [#sentProbe] must follow instead of [#sent]
    boolean selectProbe() {
        int unsent = Math.max(0, dataEnd() - sndNxt);
        selectAt(Math.min(unsent, Math.clamp(sndWnd, 1, mss)), Math.max(1, sndWnd));
        return sndWnd == 0;
    }

    /// The selected segment was sent with `length` payload bytes.
    void sent(int length, boolean fin, long nowNs) {
        int end = selectedSeq + length + (fin ? 1 : 0);
        if (fin) {
            finSent = true;
            finSeq = end - 1;
        }
        if (recovering && selectedRetransmit) {
            retransmitHead = false;
            if (!selectedRescue) {
                // RFC 6675 §4 NextSeg rule 4: a rescue leaves HighRxt alone, else the holes before it would pass for sent again.
                highRxt = SeqNum.max(highRxt, end);
            }
            timing = false;
        } else {
            sndNxt = end;
            if (!timing && !selectedRetransmit) {
                timing = true;
                timedSeq = end;
                timedAtNs = nowNs;
            }
        }
        sndMax = SeqNum.max(sndMax, end);
        sentAtNs = nowNs;
    }

    /// RFC 5681 §4.1: after a pause longer than the time-out nothing is known of the path.
    void restartAfterIdle(long nowNs) {
        if (sndMax == sndUna && nowNs - sentAtNs > rtt.rtoNs()) {
            congestion.onIdle();
        }
    }

    /// As [#sent] for a probe, which leaves `sndNxt` alone so that the byte is sent again when the window opens.
    void sentProbe(int length, boolean fin) {
        int end = sndNxt + length + (fin ? 1 : 0);
        if (fin) {
            finSent = true;
            finSeq = end - 1;
        }
        sndMax = SeqNum.max(sndMax, end);
    }

    /// Merges the SACK blocks that lie within what is outstanding; others lie, or are D-SACKs. @return whether one was news
    boolean sacked(int[] sack, int blocks, int ack) {
        boolean news = false;
        for (int i = 0; i < blocks; i++) {
            int left = sack[2 * i];
            int right = sack[2 * i + 1];
            if (SeqNum.lt(left, right) && SeqNum.gt(left, ack) && SeqNum.geq(left, sndUna) && SeqNum.leq(right, sndMax)) {
                if (scoreboard == null) {
                    scoreboard = new SackScoreboard();
                }
                news |= scoreboard.add(left, right, sndUna, mss);
            }
        }
        return news;
    }

    /// `SND.UNA` moves to `ack`. @return data bytes acknowledged, which have left the buffer
    int acknowledged(int ack, long tsRttNs, long nowNs) {
        int bytes = ack - sndUna;
        boolean cwndLimited = sndMax - sndUna + mss >= congestion.cwnd() / 2;
        measure(ack, tsRttNs, nowNs);
        if (finSent && SeqNum.gt(ack, finSeq)) {
            finAcked = true;
            bytes--;
        }
        sndUna = ack;
        sndNxt = SeqNum.max(sndNxt, ack);
        retries = 0;
        if (bytes > 0) {
            buffer.acknowledged(bytes);
        }
        if (scoreboard != null && !scoreboard.isEmpty()) {
            scoreboard.acknowledged(ack, mss);
        }
        if (recovering) {
            recoveryProgress(bytes);
        } else {
            dupAcks = 0;
            afterTimeout &= SeqNum.lt(ack, recover);
            if (cwndLimited) {
                congestion.onAcked(bytes, rtt.srttNs(), nowNs);
            }
        }
        return bytes;
    }

    private void recoveryProgress(int bytes) {
        if (SeqNum.geq(sndUna, recover)) {
            recovering = false;
            dupAcks = 0;
            return;
        }
        highRxt = SeqNum.max(highRxt, sndUna);
        dupAcks = Math.max(0, dupAcks - Math.max(1, bytes / mss));
        // RFC 6582 §3.2 step 3: a partial ACK names the next hole.
        retransmitHead = scoreboard == null || scoreboard.isEmpty() || sndUna == highRxt;
    }

    private void measure(int ack, long tsRttNs, long nowNs) {
        if (timing && SeqNum.geq(ack, timedSeq)) {
            timing = false;
            rtt.sample(nowNs - timedAtNs);
        } else if (tsRttNs >= 0 && (recovering || afterTimeout)) {
            rtt.sample(tsRttNs);
        }
    }

    /// An ACK that moved nothing: counts towards fast retransmit (RFC 5681 §3.2, RFC 6675 §5). @return whether recovery begins now
    boolean duplicateAck(long nowNs) {
        dupAcks = Math.min(dupAcks + 1, (sndMax - sndUna) / mss + 1);
        boolean lost = dupAcks >= SackScoreboard.DUP_THRESH
                || scoreboard != null && SeqNum.gt(scoreboard.lostEdge(sndUna), sndUna);
        if (recovering || afterTimeout || !lost) {
            if (afterTimeout) {
                dupAcks = 0;
            }
            return false;
        }
        congestion.onLoss(sndMax - sndUna, nowNs);
        recovering = true;
        recover = sndMax;
        highRxt = sndUna;
        retransmitHead = true;
        rescued = false;
        timing = false;
        return true;
    }

    /// RFC 9293 §3.10.7.4: takes the window of a segment that is not older than the last one used.
    ///
    /// @param window   already scaled
    /// @param advances whether its acknowledgement was news
    void updateWindow(int segSeq, int segAck, int window, boolean advances) {
        // DEVIATION: an ACK that advances SND.UNA is the newest whatever its SEG.SEQ. A guest's retransmissions carry lower sequence
        // numbers than its bare ACKs before them; by SND.WL1 alone a window that closes meanwhile would go unnoticed, and be overrun.
        if (advances || SeqNum.lt(wl1, segSeq) || wl1 == segSeq && SeqNum.leq(wl2, segAck)) {
            setWindow(segSeq, segAck, window);
        }
    }

    private void setWindow(int segSeq, int segAck, int window) {
        sndWnd = window;
        maxSndWnd = Math.max(maxSndWnd, window);
        wl1 = segSeq;
        wl2 = segAck;
    }

    /// RFC 6298 §5.4-5.6 and RFC 5681 §3.1: everything outstanding is taken for lost.
    void onTimeout(long nowNs) {
        congestion.onTimeout(sndNxt - sndUna, retries == 0, nowNs);
        retries++;
        rtt.backOff();
        timing = false;
        recovering = false;
        afterTimeout = true;
        recover = sndMax;
        dupAcks = 0;
        sndNxt = sndUna;
        if (scoreboard != null) {
            // RFC 2018 §8: the guest may have discarded what it sacked.
            scoreboard.clear();
        }
    }
}
