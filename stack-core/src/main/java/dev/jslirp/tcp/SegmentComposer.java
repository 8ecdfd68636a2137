package dev.jslirp.tcp;

import dev.jslirp.stats.Counter;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.TcpHeader;

/// Writes the segments of one connection into the network's register file and sends them. Decides nothing but their fields.
final class SegmentComposer {
    /// The timestamps option with its padding.
    static final int TIMESTAMP_BYTES = 12;
    private static final int OPTION_BYTES_MAX = TcpHeader.MAX_LENGTH - TcpHeader.MIN_LENGTH;
    /// The SACK option with its padding.
    private static final int SACK_HEADER_BYTES = 4, SACK_BLOCK_BYTES = 8;

    private final TcpConnection tcp;
    private final TcpShared shared;
    private final SegmentOutput output;
    private final StreamUser user;
    private final SendBuffer buffer;
    private final SendSide snd;
    private final ReceiveSide rcv;
    private final TcpTimers timers;
    private final ChallengeAckLimit challenges;

    SegmentComposer(TcpConnection tcp, TcpShared shared, SegmentOutput output, StreamUser user, SendBuffer buffer, SendSide snd,
            ReceiveSide rcv, TcpTimers timers, long nowNs) {
        this.tcp = tcp;
        this.shared = shared;
        this.output = output;
        this.user = user;
        this.buffer = buffer;
        this.snd = snd;
        this.rcv = rcv;
        this.timers = timers;
        challenges = new ChallengeAckLimit(nowNs);
    }

    private OutboundSegment begin(int seq, int flags, long nowNs) {
        OutboundSegment segment = shared.segment();
        segment.clear();
        segment.seq = seq;
        segment.flags = flags;
        segment.ack = rcv.rcvNxt;
        if (rcv.timestamps) {
            writeTimestamps(segment, nowNs);
        }
        // Without a reader the promise stays as it is.
        segment.window = rcv.windowField(tcp.state.receives() ? user.receiveRoom() : 0);
        return segment;
    }

    private void writeTimestamps(OutboundSegment segment, long nowNs) {
        segment.timestamps = true;
        segment.tsVal = shared.timestamp(nowNs);
        segment.tsEcr = rcv.tsRecent;
    }

    private void emit() {
        count(Counter.TCP_SEGMENTS_OUT);
        rcv.acknowledgedAll();
        timers.delayedAckAtNs = TcpTimers.OFF;
        output.send(tcp, shared.segment());
    }

    /// Emits the segment [SendSide] selected. @return payload bytes the buffer gave
    int data(long nowNs) {
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
        writeSack(segment, snd.mss - length);
        emit();
        return length;
    }

    /// An ACK without data.
    void ack(long nowNs) {
        OutboundSegment segment = begin(snd.ackSeq(), TcpHeader.ACK, nowNs);
        writeSack(segment, shared.mss() - (rcv.timestamps ? TIMESTAMP_BYTES : 0));
        emit();
    }

    /// SACK blocks (RFC 2018 §4, D-SACK first: RFC 2883 §4) as far as options and the segment have `room` for them: up to four, three
    /// beside timestamps. A full segment carries none, and a D-SACK waits for the next.
    private void writeSack(OutboundSegment segment, int room) {
        if (!rcv.dsack && rcv.reassembler == null) {
            return;
        }
        int optionRoom = OPTION_BYTES_MAX - (rcv.timestamps ? TIMESTAMP_BYTES : 0);
        int max = (Math.min(optionRoom, room) - SACK_HEADER_BYTES) / SACK_BLOCK_BYTES;
        if (max <= 0 || !rcv.sackPermitted) {
            return;
        }
        int blocks = 0;
        if (rcv.dsack) {
            segment.sack[0] = rcv.dsackLeft;
            segment.sack[1] = rcv.dsackRight;
            rcv.dsack = false;
            blocks = 1;
            count(Counter.TCP_DSACK_SENT);
        }
        if (rcv.reassembler != null) {
            blocks = rcv.reassembler.writeSack(segment.sack, blocks, max);
        }
        segment.sackBlocks = blocks;
    }

    /// SYN, or SYN-ACK as the `answer` to the guest's.
    void syn(boolean answer, long nowNs) {
        OutboundSegment segment = shared.segment();
        segment.clear();
        segment.seq = snd.iss;
        segment.flags = answer ? TcpHeader.SYN | TcpHeader.ACK : TcpHeader.SYN;
        segment.ack = answer ? rcv.rcvNxt : 0;
        segment.window = rcv.synWindowField(user.receiveRoom());
        segment.mss = shared.mss();
        segment.windowScale = answer && !rcv.scaling ? -1 : ReceiveSide.shiftFor(shared.config().receiveWindowMax());
        segment.sackPermitted = !answer || rcv.sackPermitted;
        segment.timestamps = !answer || rcv.timestamps;
        segment.tsVal = segment.timestamps ? shared.timestamp(nowNs) : 0;
        segment.tsEcr = answer ? rcv.tsRecent : 0;
        count(Counter.TCP_SEGMENTS_OUT);
        output.send(tcp, segment);
    }

    void reset(int seq, int ack, int flags, long nowNs) {
        OutboundSegment segment = shared.segment();
        segment.clear();
        segment.seq = seq;
        segment.ack = ack;
        segment.flags = flags;
        if (rcv.timestamps && tcp.state.isSynchronized()) {
            // RFC 7323 §3.2: SHOULD.
            writeTimestamps(segment, nowNs);
        }
        count(Counter.TCP_RESETS_SENT);
        count(Counter.TCP_SEGMENTS_OUT);
        output.send(tcp, segment);
    }

    /// RFC 5961 §7: an ACK that a forged or stale segment provokes, at most so many a second.
    void challengeAck(long nowNs) {
        if (!challenges.take(shared.config().challengeAcksPerSecond(), nowNs)) {
            count(Counter.TCP_CHALLENGE_ACKS_LIMITED);
            return;
        }
        count(Counter.TCP_CHALLENGE_ACKS);
        ack(nowNs);
    }

    /// A keep-alive probe (RFC 9293 §3.8.4): SEG.SEQ = SND.NXT - 1.
    void keepAlive(long nowNs) {
        begin(snd.ackSeq() - 1, TcpHeader.ACK, nowNs);
        emit();
    }

    private void count(Counter counter) {
        shared.counters().increment(counter);
    }
}
