package dev.jslirp.simulation;

import dev.jslirp.tcp.QueuedSendBuffer;
import dev.jslirp.tcp.SegmentOutput;
import dev.jslirp.tcp.StreamUser;
import dev.jslirp.tcp.TcpConnection;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/// The guest's end of a flow: the engine, and an application that writes and reads as its plan says.
final class GuestTcp implements StreamUser, SegmentOutput {
    private final SimFlow flow;
    private final GuestStation station;
    private final QueuedSendBuffer buffer = new QueuedSendBuffer();
    final int localPort;
    final int farIp;
    final int farPort;
    private TcpConnection connection;
    private boolean established;
    private int written;
    private int received;
    private int unread;
    private boolean reading;
    private boolean finSeen;
    private boolean finAsked;
    private boolean closed;
    private boolean dirty;
    private long armedNs = Long.MAX_VALUE;
    private ResetCause cause;

    GuestTcp(SimFlow flow, GuestStation station, int localPort, int farIp, int farPort) {
        this.flow = flow;
        this.station = station;
        this.localPort = localPort;
        this.farIp = farIp;
        this.farPort = farPort;
    }

    void open(int iss) {
        connection = TcpConnection.active(station.shared(flow), this, this, buffer, iss, station.nowNs());
        touch();
    }

    void openedBy(PacketView syn, int iss) {
        connection = TcpConnection.passive(station.shared(flow), this, this, buffer, syn, iss, station.nowNs());
        connection.accept(station.nowNs());
        touch();
    }

    void onSegment(PacketView segment, ByteBuf frame) {
        connection.onSegment(segment, frame, station.nowNs());
        touch();
    }

    /// The network says that nobody is there; only an attempt to connect is given up for that (RFC 9293 §3.9.2.2).
    void onUnreachable() {
        if (!established && !closed) {
            connection.abort(station.nowNs());
            touch();
        }
    }

    private void touch() {
        if (!dirty) {
            dirty = true;
            station.atEndOfRound(this::flush);
        }
    }

    private void flush() {
        dirty = false;
        if (!closed) {
            work();
        }
        if (!closed) {
            connection.onBatchEnd(station.nowNs());
        }
        if (!closed) {
            arm();
        }
    }

    /// What the application does with the room there is.
    private void work() {
        FlowPlan plan = flow.plan;
        if (!established) {
            return;
        }
        if (plan.guestEnd() == FlowPlan.End.RESET && written >= plan.upBytes() / 2) {
            flow.note("the guest aborts after " + written + " bytes");
            connection.abort(station.nowNs());
            return;
        }
        while (written < plan.upBytes() && buffer.available() < plan.guestBuffer()) {
            int count = Math.min(plan.guestChunk(), plan.upBytes() - written);
            buffer.append(Unpooled.wrappedBuffer(flow.content(true, written, count)));
            written += count;
        }
        boolean mayEnd = plan.guestEnd() == FlowPlan.End.AT_ONCE || plan.guestEnd() == FlowPlan.End.AFTER_OTHER && finSeen;
        if (written == plan.upBytes() && mayEnd && !finAsked) {
            finAsked = true;
            connection.close(station.nowNs());
        }
    }

    private void arm() {
        long deadlineNs = connection.nextDeadlineNs();
        if (deadlineNs != Long.MAX_VALUE && (armedNs == Long.MAX_VALUE || deadlineNs - armedNs < 0)) {
            armedNs = deadlineNs;
            station.at(deadlineNs, () -> due(deadlineNs));
        }
    }

    private void due(long forNs) {
        if (closed || armedNs != forNs) {
            return;
        }
        armedNs = Long.MAX_VALUE;
        long deadlineNs = connection.nextDeadlineNs();
        if (deadlineNs != Long.MAX_VALUE && deadlineNs - station.nowNs() <= 0) {
            connection.onDeadline(station.nowNs());
        }
        touch();
    }

    @Override
    public void send(TcpConnection from, OutboundSegment segment) {
        station.sendTcp(localPort, farIp, farPort, segment);
    }

    @Override
    public void onEstablished(long nowNs) {
        established = true;
    }

    @Override
    public void onBytes(ByteBuf frame, int index, int length, long nowNs) {
        flow.check(false, received, frame, index, length);
        received += length;
        if (flow.plan.guestReads() > 0) {
            unread += length;
            read();
        }
    }

    private void read() {
        if (!reading && unread > 0) {
            reading = true;
            station.at(station.nowNs() + Faults.MS, () -> {
                reading = false;
                unread -= Math.min(unread, flow.plan.guestReads());
                read();
                if (!closed) {
                    touch();
                }
            });
        }
    }

    @Override
    public void onFin(long nowNs) {
        finSeen = true;
        flow.downComplete();
    }

    @Override
    public void onAcknowledged(int bytes, long nowNs) {
        // The end of the round writes on.
    }

    @Override
    public void onReset(ResetCause why, long nowNs) {
        cause = why;
    }

    @Override
    public void onClosed(long nowNs) {
        closed = true;
        station.closed(this);
        flow.note("the guest's end is closed" + (cause == null ? "" : ": " + cause));
    }

    @Override
    public int receiveRoom() {
        return Math.max(0, flow.plan.guestBuffer() - unread);
    }

    int received() {
        return received;
    }

    boolean finSeen() {
        return finSeen;
    }

    boolean isClosed() {
        return closed;
    }

    boolean wasEstablished() {
        return established;
    }

    ResetCause cause() {
        return cause;
    }

    /// The engine at this end: outstanding data must have a deadline too.
    void checkDeadline(int outstanding) {
        if (!closed && !dirty && outstanding > 0 && connection.nextDeadlineNs() == Long.MAX_VALUE) {
            throw new AssertionError("the guest has " + outstanding + " outstanding and no deadline, state " + connection.state());
        }
    }
}
