package dev.jslirp.simulation;

import dev.jslirp.testkit.SimHostStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/// The far end of a flow, beyond the host's socket.
final class HostPeer {
    final SimHostStream stream;
    private final SimFlow flow;
    private int written;
    private int received;
    private boolean ended;
    private boolean reading;

    HostPeer(SimFlow flow, SimHostStream stream) {
        this.flow = flow;
        this.stream = stream;
        byte[] before = stream.peerReceived();
        if (before.length > 0) {
            take(before);
        }
        stream.onPeerReceived(this::take);
        if (flow.plan.hostReads() < 0) {
            stream.setRoom(0);
            flow.world.reactor.schedule(flow.world.healAtNs(), () -> stream.setRoom(Long.MAX_VALUE));
        } else if (flow.plan.hostReads() > 0) {
            stream.setRoom(flow.plan.hostReads());
        }
    }

    private void take(byte[] bytes) {
        ByteBuf wrapped = Unpooled.wrappedBuffer(bytes);
        flow.check(true, received, wrapped, 0, bytes.length);
        received += bytes.length;
        if (flow.plan.hostReads() > 0 && !reading) {
            reading = true;
            flow.world.reactor.schedule(flow.world.nowNs() + Faults.MS, () -> {
                reading = false;
                stream.setRoom(flow.plan.hostReads());
            });
        }
    }

    /// Called after every event: writes on as there is room.
    void work() {
        if (!stream.isOpen() || ended) {
            return;
        }
        FlowPlan plan = flow.plan;
        if (plan.hostEnd() == FlowPlan.End.RESET && written >= plan.downBytes() / 2) {
            ended = true;
            flow.note("the host's peer resets after " + written + " bytes");
            stream.peerReset();
            return;
        }
        while (written < plan.downBytes() && stream.unreadBytes() < 1 << 18) {
            int count = Math.min(Math.max(plan.hostChunk(), Math.min(4_096, plan.downBytes() / 256)), plan.downBytes() - written);
            stream.peerSend(flow.content(false, written, count));
            written += count;
        }
        boolean mayEnd = plan.hostEnd() == FlowPlan.End.AT_ONCE || plan.hostEnd() == FlowPlan.End.AFTER_OTHER && stream.peerSawEof();
        if (written == plan.downBytes() && mayEnd) {
            ended = true;
            stream.peerEof();
        }
    }

    int received() {
        return received;
    }

    /// Bytes the stack has read.
    int readByStack() {
        return written - stream.unreadBytes();
    }

    boolean isFinished() {
        return !stream.isOpen() && !stream.isConnecting();
    }
}
