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
    private boolean ticking;

    HostPeer(SimFlow flow, SimHostStream stream) {
        this.flow = flow;
        this.stream = stream;
        take(stream.peerReceived());
        stream.onPeerReceived(this::take);
        if (flow.plan.hostReads() != 0) {
            stream.setRoom(0);
            tick();
        }
    }

    private void take(byte[] bytes) {
        ByteBuf wrapped = Unpooled.wrappedBuffer(bytes);
        flow.check(true, received, wrapped, 0, bytes.length);
        received += bytes.length;
    }

    private void tick() {
        if (ticking || stream.peerSawEof()) {
            return;
        }
        ticking = true;
        boolean asleep = flow.plan.hostReads() < 0;
        long atNs = asleep ? flow.world.healAtNs() : flow.world.nowNs() + Faults.MS;
        flow.world.reactor.schedule(atNs, () -> {
            ticking = false;
            stream.setRoom(asleep ? Long.MAX_VALUE : flow.plan.hostReads());
            if (!asleep && (stream.isOpen() || stream.isConnecting())) {
                tick();
            }
        });
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
            int count = Math.min(Math.max(plan.hostChunk(), plan.downBytes() / 256), plan.downBytes() - written);
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
