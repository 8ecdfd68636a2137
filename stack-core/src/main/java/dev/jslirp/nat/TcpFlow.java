package dev.jslirp.nat;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.QueuedSendBuffer;
import dev.jslirp.tcp.SegmentOutput;
import dev.jslirp.tcp.StreamUser;
import dev.jslirp.tcp.TcpConnection;
import dev.jslirp.tcp.TcpState;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;

/// One TCP conversation: a connection with the guest and a stream of the host, tied together.
///
/// The [Phase] is about the pair; the guest side's RFC 9293 state is the connection's own business.
/// Everything that arrives from either side is handed over at once, and the batch's end pushes it out on both
/// sides: first the host's writes, since they open the guest's window, then the connection's segments, then
/// the timer.
final class TcpFlow extends Flow implements StreamUser, HostStreamListener, SegmentOutput {
    /// What the pair is doing.
    enum Phase {
        /// The guest's SYN is held back while the host connects.
        HOST_CONNECTING,
        /// The host is connected, the guest's handshake is under way. Host reads are paused.
        GUEST_CONNECTING,
        /// Bytes flow, in one direction at least.
        OPEN,
        /// The host is done, the connection finishes (FIN and its ACKs, TIME_WAIT).
        GUEST_LINGERING,
        /// The connection is done, the host has yet to take the last bytes.
        HOST_LINGERING,
        /// Removed.
        DEAD
    }

    private final TcpNat tcp;
    private final QueuedSendBuffer toGuest = new QueuedSendBuffer();
    private final long connectDeadlineNs;
    private final boolean openedByHost;
    /// Sequence number of the guest's SYN: what an ICMP error about it quotes.
    private final int synSeq;
    private TcpConnection connection;
    /// Null once nothing more is to be said to the host.
    private HostStream stream;
    private Phase phase;
    private boolean guestFin;
    private boolean hostEof;
    private boolean readsPaused = true;
    /// What the totals in [FlowLimits] hold of this flow.
    private int hostBytes;
    private int guestBytes;
    /// What the host had yet to take when it was last looked after.
    private int lingerBytes;

    private TcpFlow(TcpNat tcp, Phase phase, long guestHi, long guestLo, long farHi, long farLo, int ports, int synSeq, long nowNs) {
        super(tcp.nat, guestHi, guestLo, farHi, farLo, ports, Ipv4Header.TCP);
        this.tcp = tcp;
        this.phase = phase;
        openedByHost = phase == Phase.GUEST_CONNECTING;
        this.synSeq = synSeq;
        connectDeadlineNs = nowNs + tcp.nat.config().connectTimeoutNs();
    }

    /// A flow opened by the SYN in `syn`; [#connecting] follows.
    static TcpFlow fromGuest(TcpNat tcp, PacketView syn, int iss, long nowNs) {
        TcpFlow flow = new TcpFlow(tcp, Phase.HOST_CONNECTING, syn.srcHi, syn.srcLo, syn.dstHi, syn.dstLo,
                ports(syn.srcPort, syn.dstPort), syn.seq, nowNs);
        flow.connection = TcpConnection.passive(tcp.shared, flow, flow, flow.toGuest, syn, iss, nowNs);
        return flow;
    }

    /// A flow opened by an accepted connection of the host.
    static TcpFlow fromHost(TcpNat tcp, HostStream accepted, long guestHi, long guestLo, long farHi, long farLo, int ports, int iss,
            long nowNs) {
        TcpFlow flow = new TcpFlow(tcp, Phase.GUEST_CONNECTING, guestHi, guestLo, farHi, farLo, ports, 0, nowNs);
        flow.stream = accepted;
        flow.connection = TcpConnection.active(tcp.shared, flow, flow, flow.toGuest, iss, nowNs);
        return flow;
    }

    /// The host connect is under way on `stream`.
    void connecting(HostStream stream) {
        if (isRemoved()) {
            // By the connector: it closed the network, or dialled so much that this flow had to give way.
            stream.reset();
            return;
        }
        this.stream = stream;
        join();
    }

    Phase phase() {
        return phase;
    }

    TcpState state() {
        return connection.state();
    }

    long ageNs(long nowNs) {
        return nowNs - (connectDeadlineNs - tcp.nat.config().connectTimeoutNs());
    }

    /// Whether `syn` opens a new flow in the place of this one.
    boolean mayBeReplacedBy(PacketView syn) {
        return phase == Phase.HOST_LINGERING || connection.mayBeReusedBy(syn);
    }

    void onSegment(PacketView segment, ByteBuf frame, long nowNs) {
        if (phase == Phase.HOST_LINGERING) {
            return;
        }
        if (segment.payloadLength > 0) {
            int taken = tcp.nat.limits().acceptable(hostBytes, segment.payloadLength);
            if (taken < segment.payloadLength) {
                segment.payloadLength = taken;
                segment.flags &= ~TcpHeader.FIN;
            }
        }
        connection.onSegment(segment, frame, nowNs);
        if (phase != Phase.DEAD) {
            accountHost();
        }
        join();
    }

    /// Leaves the field to a newer flow: what the host has still to take is written, the guest hears nothing.
    void yield() {
        closeStream();
        remove();
    }

    /// Makes room for a newer half-open flow. The guest hears nothing while its SYN was not answered: it
    /// asks again by itself.
    void evict(long nowNs) {
        if (phase == Phase.HOST_CONNECTING) {
            remove();
        } else {
            shutDown(nowNs);
        }
    }

    @Override
    void shutDown(long nowNs) {
        connection.abort(nowNs);
        remove();
    }

    @Override
    void onRemoved() {
        phase = Phase.DEAD;
        if (stream != null) {
            stream.reset();
            stream = null;
        }
        toGuest.release();
        tcp.nat.limits().addHostBytes(-hostBytes);
        tcp.nat.limits().addGuestBytes(-guestBytes);
        hostBytes = 0;
        guestBytes = 0;
        tcp.nat.counters().increment(Counter.TCP_FLOWS_CLOSED);
    }

    // ---- batch and timer

    @Override
    void onFlush(long nowNs) {
        if (stream != null) {
            stream.flush();
            onHostProgress();
        }
        if (phase == Phase.DEAD || phase == Phase.HOST_LINGERING) {
            return;
        }
        connection.onBatchEnd(nowNs);
        if (phase != Phase.DEAD && connection.wantsAnotherTurn()) {
            join();
        }
        armNext();
    }

    private void armNext() {
        switch (phase) {
            case HOST_CONNECTING -> {
                long engineNs = connection.nextDeadlineNs();
                arm(engineNs != Long.MAX_VALUE && engineNs - connectDeadlineNs < 0 ? engineNs : connectDeadlineNs);
            }
            case GUEST_CONNECTING, OPEN, GUEST_LINGERING -> arm(connection.nextDeadlineNs());
            case HOST_LINGERING, DEAD -> { }
        }
    }

    @Override
    void onTimer(long nowNs) {
        if (phase == Phase.HOST_CONNECTING && nowNs - connectDeadlineNs >= 0) {
            connectFailed(HostError.TIMED_OUT, nowNs);
            return;
        }
        if (phase == Phase.HOST_LINGERING) {
            lingerOn(nowNs);
            return;
        }
        connection.onDeadline(nowNs);
        join();
    }

    /// The host keeps the last bytes only as long as it takes some now and then.
    private void lingerOn(long nowNs) {
        int left = stream.unsentBytes();
        if (left >= lingerBytes) {
            tcp.nat.counters().increment(Counter.HOST_LINGER_EXPIRED);
            remove();
            return;
        }
        lingerBytes = left;
        arm(nowNs + tcp.nat.config().lingerNs());
    }

    // ---- the guest's side: StreamUser, SegmentOutput

    @Override
    public void send(TcpConnection from, OutboundSegment segment) {
        tcp.nat.output().tcp(farHi, farLo, farPort(), guestHi, guestLo, guestPort(), segment, tcp.nat.batch().nowNs());
    }

    @Override
    public void onEstablished(long nowNs) {
        phase = Phase.OPEN;
        tcp.established(this);
        if (stream != null) {
            resumeReads();
        }
    }

    @Override
    public void onBytes(ByteBuf frame, int index, int length, long nowNs) {
        if (stream != null) {
            stream.write(frame, index, length);
            accountHost();
            join();
        }
    }

    @Override
    public void onFin(long nowNs) {
        guestFin = true;
        if (stream != null) {
            stream.shutdownOutput();
        }
        join();
    }

    @Override
    public void onAcknowledged(int bytes, long nowNs) {
        accountGuest();
        tcp.taken(this, toGuest.available() > 0);
        if (readsPaused && stream != null && phase == Phase.OPEN
                && tcp.nat.limits().guestHasRoom(toGuest.available(), tcp.shared.config().sendBufferMax())) {
            resumeReads();
        }
    }

    @Override
    public void onReset(ResetCause cause, long nowNs) {
        // RST ⇄ RST: the host peer must learn that bytes may be missing, which a FIN would deny.
        if (stream != null) {
            stream.reset(switch (cause) {
                case RESET_BY_GUEST -> HostError.RESET;
                case TIMED_OUT, KEEPALIVE -> HostError.TIMED_OUT;
            });
            stream = null;
        }
        countRefusal();
    }

    /// The guest answered our SYN by an ICMP error. A later one proves nothing (RFC 5927 §5.2: soft once synchronized).
    void rejectedByGuest() {
        if (openedByHost && phase == Phase.GUEST_CONNECTING) {
            countRefusal();
            remove();
        }
    }

    private void countRefusal() {
        if (openedByHost && phase == Phase.GUEST_CONNECTING) {
            tcp.nat.counters().increment(Counter.FORWARDS_REFUSED);
        }
    }

    @Override
    public void onClosed(long nowNs) {
        if (stream != null && guestFin && stream.unsentBytes() > 0) {
            phase = Phase.HOST_LINGERING;
            toGuest.release();
            accountGuest();
            lingerBytes = stream.unsentBytes();
            tcp.lingering(this);
            arm(nowNs + tcp.nat.config().lingerNs());
            join();
            return;
        }
        if (guestFin && hostEof) {
            closeStream();
        }
        remove();
    }

    @Override
    public int receiveRoom() {
        int windowMax = tcp.shared.config().receiveWindowMax();
        return stream == null ? tcp.nat.limits().hostRoom(0, windowMax)
                : Math.min(stream.roomBytes(), tcp.nat.limits().hostRoom(stream.unsentBytes(), windowMax));
    }

    // ---- the host's side: HostStreamListener

    @Override
    public void onConnected() {
        long nowNs = tcp.nat.batch().begin();
        if (phase == Phase.HOST_CONNECTING) {
            phase = Phase.GUEST_CONNECTING;
            connection.accept(nowNs);
            join();
        }
    }

    @Override
    public void onConnectFailed(HostError error) {
        long nowNs = tcp.nat.batch().begin();
        stream = null;
        if (phase == Phase.HOST_CONNECTING) {
            connectFailed(error, nowNs);
        }
    }

    /// Tells the guest what became of its SYN. Where the host ran out of something the guest hears nothing and
    /// asks again by retransmitting: a reset would claim that nobody listens there.
    private void connectFailed(HostError error, long nowNs) {
        tcp.nat.counters().increment(Counter.TCP_CONNECTS_FAILED);
        switch (error) {
            case REFUSED, RESET, UNSUPPORTED, TOO_BIG, OTHER -> connection.abort(nowNs);
            case HOST_UNREACHABLE -> unreachable(IcmpHeader.HOST_UNREACHABLE, nowNs);
            case NETWORK_UNREACHABLE -> unreachable(IcmpHeader.NET_UNREACHABLE, nowNs);
            case PROHIBITED -> unreachable(IcmpHeader.ADMIN_PROHIBITED, nowNs);
            case TIMED_OUT, NO_RESOURCES -> {
                // Silence.
            }
        }
        remove();
    }

    private void unreachable(int code, long nowNs) {
        long header = (long) ports(guestPort(), farPort()) << 32 | synSeq & 0xffff_ffffL;
        tcp.nat.output().icmpErrorFor(tcp.nat.plan().gateway().hi(), tcp.nat.plan().gateway().lo(), guestHi, guestLo, farHi, farLo,
                Ipv4Header.TCP, header, IcmpHeader.DESTINATION_UNREACHABLE, code, 0, nowNs);
    }

    @Override
    public void onBytes(ByteBuf bytes) {
        tcp.nat.batch().begin();
        if (phase == Phase.DEAD || phase == Phase.HOST_LINGERING) {
            bytes.release();
            return;
        }
        toGuest.append(bytes);
        accountGuest();
        if (!readsPaused && tcp.nat.limits().guestIsFull(toGuest.available(), tcp.shared.config().sendBufferMax())) {
            readsPaused = true;
            stream.pauseReads();
        }
        join();
        if (phase == Phase.OPEN) {
            tcp.sending(this);
        }
    }

    @Override
    public void onEof() {
        long nowNs = tcp.nat.batch().begin();
        hostEof = true;
        if (phase != Phase.DEAD) {
            connection.close(nowNs);
            join();
        }
    }

    @Override
    public void onReset(HostError error) {
        long nowNs = tcp.nat.batch().begin();
        stream = null;
        if (phase != Phase.DEAD) {
            shutDown(nowNs);
        }
    }

    @Override
    public void onDrained() {
        tcp.nat.batch().begin();
        // The end of the batch sees the room: the connection may owe a window update, the flow may be done.
        if (phase != Phase.DEAD) {
            join();
        }
    }

    private void resumeReads() {
        readsPaused = false;
        stream.resumeReads();
    }

    /// Lets go of the host socket as soon as both directions are done, so TIME_WAIT holds no descriptor.
    private void onHostProgress() {
        accountHost();
        if (!guestFin || !hostEof || stream.unsentBytes() > 0) {
            return;
        }
        closeStream();
        switch (phase) {
            case OPEN -> {
                phase = Phase.GUEST_LINGERING;
                tcp.lingering(this);
            }
            case HOST_LINGERING -> remove();
            case HOST_CONNECTING, GUEST_CONNECTING, GUEST_LINGERING, DEAD ->
                throw new IllegalStateException("both ends closed in " + phase);
        }
    }

    private void closeStream() {
        if (stream != null) {
            stream.close();
            stream = null;
            accountHost();
        }
    }

    /// After the flow was removed there is nothing to account for: what the totals held of it was given back then.
    private void accountHost() {
        if (phase == Phase.DEAD) {
            return;
        }
        int queued = (stream == null ? 0 : stream.unsentBytes()) + connection.outOfOrderBytes();
        tcp.nat.limits().addHostBytes(queued - hostBytes);
        hostBytes = queued;
    }

    private void accountGuest() {
        if (phase == Phase.DEAD) {
            return;
        }
        int queued = toGuest.available();
        tcp.nat.limits().addGuestBytes(queued - guestBytes);
        guestBytes = queued;
    }
}
