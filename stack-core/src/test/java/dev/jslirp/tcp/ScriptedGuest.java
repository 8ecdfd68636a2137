package dev.jslirp.tcp;

import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/// The guest of a connection under test, played by a script: sequence numbers are offsets into the two streams, 0 is the first byte.
final class ScriptedGuest {
    /// The default configuration as [#config] changes it.
    static final TcpConfig DEFAULTS = config(UnaryOperator.identity());

    /// Both streams wrap within their first bytes.
    static final int GUEST_ISS = -50, OUR_ISS = -10;
    static final int SYN = TcpHeader.SYN, ACK = TcpHeader.ACK, FIN = TcpHeader.FIN, RST = TcpHeader.RST;
    static final long MS = TestEndpoint.MS;
    /// Deadlines after which a connection that was to end counts as one that never does.
    private static final int SLEEPS_MAX = 10_000;

    final TestEndpoint end;
    long now = 1_000 * MS;
    int window = 60_000;
    /// TSval of the next segments, when timestamps were offered.
    int tsVal = 1_000;
    boolean timestamps;
    private final int guestIss;
    private final int ourIss;
    private int sleeps;
    private final PacketView view = new PacketView();

    ScriptedGuest(TcpConfig config, int mss, int maxSegmentBytes) {
        this(config, mss, maxSegmentBytes, GUEST_ISS, OUR_ISS);
    }

    ScriptedGuest(TcpConfig config, int mss, int maxSegmentBytes, int guestIss, int ourIss) {
        end = new TestEndpoint(config, mss, maxSegmentBytes);
        this.guestIss = guestIss;
        this.ourIss = ourIss;
    }

    /// A guest on an Ethernet of 1500 bytes without offloads.
    static ScriptedGuest plain() {
        return new ScriptedGuest(DEFAULTS, 1_460, 1_460);
    }

    /// The connection is there and its SYN is held back.
    ScriptedGuest knocks(Consumer<OutboundSegment> options) {
        OutboundSegment syn = segment(SYN, -1, 0);
        options.accept(syn);
        timestamps = syn.timestamps;
        stamp(syn);
        read(syn, 0);
        end.connection = TcpConnection.passive(end.shared, end, end, end.buffer, view, ourIss, now);
        return this;
    }

    /// The three-way handshake is done, nothing is left to be looked at.
    ScriptedGuest connects(Consumer<OutboundSegment> options) {
        knocks(options);
        end.connection.accept(now);
        receive(ACK, 0, 0, 0);
        end.sent.clear();
        return this;
    }

    /// With SACK and an MSS of 1000.
    ScriptedGuest connects() {
        return connects(syn -> {
            syn.mss = 1_000;
            syn.sackPermitted = true;
        });
    }

    /// With timestamps too, which leave 1000 bytes of payload.
    ScriptedGuest connectsWithTimestamps() {
        return connects(syn -> {
            syn.mss = 1_012;
            syn.sackPermitted = true;
            syn.timestamps = true;
        });
    }

    /// The host side opened the connection and its SYN is out.
    ScriptedGuest isCalled() {
        end.connection = TcpConnection.active(end.shared, end, end, end.buffer, ourIss, now);
        end.connection.onBatchEnd(now);
        return this;
    }

    /// One segment arrives and the batch ends.
    void receive(int flags, int seq, int ack, int length) {
        receive(flags, seq, ack, length, segment -> {});
    }

    void receive(int flags, int seq, int ack, int length, Consumer<OutboundSegment> options) {
        OutboundSegment segment = segment(flags, seq, ack);
        stamp(segment);
        options.accept(segment);
        ByteBuf frame = read(segment, length);
        end.connection.onSegment(view, frame, now);
        end.connection.onBatchEnd(now);
    }

    private void stamp(OutboundSegment segment) {
        segment.timestamps = timestamps;
        segment.tsVal = timestamps ? tsVal : 0;
    }

    /// Whether the connection lets a SYN with this sequence number take its place.
    boolean mayReuse(int seq, Consumer<OutboundSegment> options) {
        OutboundSegment syn = segment(SYN, seq, 0);
        options.accept(syn);
        read(syn, 0);
        return end.connection.mayBeReusedBy(view);
    }

    static Consumer<OutboundSegment> sack(int... edges) {
        return segment -> {
            segment.sackBlocks = edges.length / 2;
            for (int i = 0; i < edges.length; i++) {
                segment.sack[i] = OUR_ISS + 1 + edges[i];
            }
        };
    }

    private OutboundSegment segment(int flags, int seq, int ack) {
        OutboundSegment segment = new OutboundSegment();
        segment.clear();
        segment.flags = flags;
        segment.seq = guestIss + 1 + seq;
        segment.ack = ourIss + 1 + ack;
        segment.window = window;
        return segment;
    }

    private ByteBuf read(OutboundSegment segment, int length) {
        ByteBuf frame = Unpooled.buffer(60 + length);
        int header = TcpHeader.write(frame, 0, 2, 1, segment);
        frame.writerIndex(header).writeZero(length);
        view.l4Offset = 0;
        view.l4Length = header + length;
        view.offload = 2L << 4;
        TcpHeader.decode(frame, view);
        return frame;
    }

    /// The host's bytes are queued and the batch ends.
    void append(int length) {
        end.buffer.append(Unpooled.buffer(length).writeZero(length));
        end.connection.onBatchEnd(now);
    }

    /// Time passes until the next deadline, which is met. @return how long it took, milliseconds
    long sleep() {
        if (++sleeps > SLEEPS_MAX) {
            throw new AssertionError("no end after " + SLEEPS_MAX + " deadlines");
        }
        long start = now;
        now = end.connection.nextDeadlineNs();
        end.connection.onDeadline(now);
        return (now - start) / MS;
    }

    /// Our SYN-ACK came; `seq`, `ack` and SACK edges of what comes next are offsets.
    PacketView out() {
        PacketView out = end.sent.remove().view();
        out.seq -= ourIss + 1;
        out.ack -= guestIss + 1;
        for (int i = 0; i < out.options.sack.length; i++) {
            out.options.sack[i] -= guestIss + 1;
        }
        return out;
    }

    /// As [#out], and nothing else was sent.
    PacketView onlyOut() {
        if (end.sent.size() != 1) {
            throw new AssertionError(end.sent.size() + " segments sent");
        }
        return out();
    }

    boolean silent() {
        return end.sent.isEmpty();
    }

    TcpState state() {
        return end.connection.state();
    }

    /// The default configuration, changed; and early ACKs are not delayed, so that a test sees what a segment causes.
    static TcpConfig config(UnaryOperator<Settings> change) {
        TcpConfig d = TcpConfig.defaults();
        Settings s = change.apply(new Settings(d.receiveWindowMax(), d.keepAliveIdleNs(), d.congestionControl()));
        return new TcpConfig(s.receiveWindowMax, d.reassemblyBytesMax(), d.sendBufferMax(), d.rtoMinNs(), d.rtoInitialNs(), d.rtoMaxNs(),
                d.retriesMax(), d.synRetriesMax(), d.delayedAckNs(), 0, s.keepAliveIdleNs, d.keepAliveIntervalNs(), d.keepAliveProbes(),
                d.timeWaitNs(), d.challengeAcksPerSecond(), s.congestionControl);
    }

    /// What tests change of a configuration.
    record Settings(int receiveWindowMax, long keepAliveIdleNs, TcpConfig.CongestionAlgorithm congestionControl) {}
}
