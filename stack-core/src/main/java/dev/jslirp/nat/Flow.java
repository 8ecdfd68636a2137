package dev.jslirp.nat;

import dev.jslirp.time.Batch;
import dev.jslirp.time.Timed;

/// One translated conversation: the key under which the [FlowTable] finds it, its one timer, and its
/// links into the batch and into the list it ages in.
///
/// The key is what the guest's packets say: the *guest* end is the guest's address and port, the
/// *far* end is the address and port the guest talks to, which need not be where the host connects to.
/// It never changes.
abstract class Flow implements Timed, Batch.Participant {
    final long guestHi;
    final long guestLo;
    final long farHi;
    final long farLo;
    /// Guest port in the upper, far port in the lower 16 bits.
    final int ports;
    /// IP protocol number.
    final int protocol;

    /// Neighbours in the [FlowList] this flow is in; written by the list only.
    Flow older;
    Flow newer;
    FlowList list;

    private final NatShared nat;
    private final int timerId;
    private long armedNs = Long.MAX_VALUE;
    private boolean joined;
    private boolean removed;

    Flow(NatShared nat, long guestHi, long guestLo, long farHi, long farLo, int ports, int protocol) {
        this.nat = nat;
        this.guestHi = guestHi;
        this.guestLo = guestLo;
        this.farHi = farHi;
        this.farLo = farLo;
        this.ports = ports;
        this.protocol = protocol;
        timerId = nat.wheel().add(this);
    }

    /// Packs two ports as [#ports] holds them.
    static int ports(int guestPort, int farPort) {
        return guestPort << 16 | farPort;
    }

    final boolean isOfGuest(long hi, long lo) {
        return guestLo == lo && guestHi == hi;
    }

    final int guestPort() {
        return ports >>> 16;
    }

    final int farPort() {
        return ports & 0xffff;
    }

    final boolean matches(long guestHi, long guestLo, long farHi, long farLo, int ports, int protocol) {
        // Ports first: they differ between most flows, so that the branches behind are foreseen.
        return this.ports == ports && this.guestLo == guestLo && this.farLo == farLo && this.protocol == protocol
                && this.guestHi == guestHi && this.farHi == farHi;
    }

    /// Asks for one [#onBatchEnd] at the end of the open batch.
    final void join() {
        if (!joined) {
            joined = true;
            nat.batch().join(this);
        }
    }

    /// Arms the timer, unless it is armed for that time already.
    final void arm(long deadlineNs) {
        if (deadlineNs != armedNs && !removed) {
            armedNs = deadlineNs;
            nat.wheel().arm(timerId, deadlineNs);
        }
    }

    /// The only way a flow ends: out of table, list and wheel, then [#onRemoved]. Idempotent.
    final void remove() {
        if (removed) {
            return;
        }
        removed = true;
        nat.flows().remove(this);
        nat.wheel().remove(timerId);
        if (list != null) {
            list.remove(this);
        }
        onRemoved();
    }

    final boolean isRemoved() {
        return removed;
    }

    @Override
    public final void onDeadline(long nowNs) {
        armedNs = Long.MAX_VALUE;
        if (!removed) {
            onTimer(nowNs);
        }
    }

    @Override
    public final void onBatchEnd(long nowNs) {
        joined = false;
        if (!removed) {
            onFlush(nowNs);
        }
    }

    /// The deadline given to [#arm] has passed.
    abstract void onTimer(long nowNs);

    /// The batch this flow joined ends.
    abstract void onFlush(long nowNs);

    /// The flow is out of the table: release sockets and buffers.
    abstract void onRemoved();

    /// The network closes: tell the guest what the protocol can say, then [#remove].
    abstract void shutDown(long nowNs);
}
