package dev.jslirp.simulation;

import dev.jslirp.tcp.StreamUser.ResetCause;
import dev.jslirp.testkit.SimHostStream;
import io.netty.buffer.ByteBuf;

/// One conversation as it goes: both ends, and what each has been given.
final class SimFlow {
    final FlowPlan plan;
    final SimWorld world;
    WatchedFlow watched;
    GuestTcp guest;
    /// The peer of the latest host stream; earlier ones failed.
    HostPeer peer;
    private boolean opened;
    private long completeAtNs;

    SimFlow(FlowPlan plan, SimWorld world) {
        this.plan = plan;
        this.world = world;
    }

    /// Byte `position` of the stream.
    static byte content(int index, boolean up, long position) {
        return (byte) (position * 31 + (position >>> 8) * 17 + index * 7L + (up ? 101 : 0));
    }

    byte[] content(boolean up, int position, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = content(plan.index(), up, position + i);
        }
        return bytes;
    }

    /// Bytes were given to an end: they must continue the stream.
    void check(boolean up, int position, ByteBuf bytes, int index, int length) {
        int most = up ? plan.upBytes() : plan.downBytes();
        if (position + length > most) {
            throw new AssertionError(this + ": " + (position + length) + " bytes delivered, only " + most + " sent, up: " + up);
        }
        for (int i = 0; i < length; i++) {
            if (bytes.getByte(index + i) != content(plan.index(), up, position + i)) {
                throw new AssertionError(this + ": byte " + (position + i) + " delivered is not the one sent, up: " + up);
            }
        }
    }

    void opened() {
        opened = true;
    }

    /// A stream for this flow appeared at the host. A late duplicate of the SYN may open one more: nobody speaks on that.
    void adopt(SimHostStream stream) {
        if (peer == null || peer.isFinished() && !guestHasEstablished()) {
            peer = new HostPeer(this, stream);
        } else {
            note("a second stream, from an old SYN");
        }
    }

    private boolean guestHasEstablished() {
        return guest != null && (guest.wasEstablished() || guest.isClosed());
    }

    void note(String text) {
        world.trace.note(world.nowNs(), this + ": " + text);
    }

    /// Whether nothing more will happen by itself.
    boolean isDone() {
        return opened && (guest == null ? plan.byHost() && peer != null && peer.isFinished() : guest.isClosed())
                && (peer == null || peer.isFinished());
    }

    /// The guest has read the host's FIN.
    void downComplete() {
        completeAtNs = world.elapsedNs();
    }

    /// When the guest had read everything, since the start.
    long completeAtNs() {
        return completeAtNs;
    }

    boolean isComplete() {
        return guest != null && peer != null && peer.received() == plan.upBytes() && guest.received() == plan.downBytes()
                && guest.finSeen() && peer.stream.peerSawEof();
    }

    /// Why this flow may have ended early, null for no reason at all.
    String excuse() {
        if (!plan.peaceful()) {
            return "planned";
        }
        if (guest != null && (guest.cause() == ResetCause.TIMED_OUT || guest.cause() == ResetCause.KEEPALIVE)) {
            return "the guest gave up";
        }
        return world.excuse();
    }

    @Override
    public String toString() {
        return "flow " + plan.index();
    }

    /// What is known, for a message.
    String describe() {
        return this + " " + plan + ", up " + (peer == null ? "none" : peer.received() + (peer.stream.peerSawEof() ? "+eof" : "")
                + (peer.isFinished() ? " finished" : "")) + ", down " + (guest == null ? "none" : guest.received()
                + (guest.finSeen() ? "+fin" : "") + " cause " + guest.cause() + (guest.isClosed() ? " closed" : ""));
    }
}
