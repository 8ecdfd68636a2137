package dev.jslirp.nat;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.SplicedStream;
import dev.jslirp.host.SplicedStreamListener;
import dev.jslirp.host.StreamSplicer;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;

/// A forwarded connection that is joined with the guest's server past the guest's link. It is here to be counted, limited and ended like
/// any other; its bytes are the [StreamSplicer]'s business.
///
/// Its far end is the host's peer itself. No packet belongs to it, and none finds it.
final class SplicedFlow extends Flow implements SplicedStreamListener {
    /// Where other flows have the protocol of their packets.
    private static final int NO_PACKETS = -1;

    private final NatShared nat;
    /// Null once there is nothing more to be said to it.
    private SplicedStream stream;
    private boolean joined;
    private boolean connected;

    private SplicedFlow(NatShared nat, IpAddress guest, IpAddress peer, int ports) {
        super(nat, guest.hi(), guest.lo(), peer.hi(), peer.lo(), ports, NO_PACKETS);
        this.nat = nat;
    }

    /// Begins to join `accepted` with the guest's server, for which there is room.
    ///
    /// @return whether that is possible
    static boolean open(NatShared nat, StreamSplicer splicer, HostStream accepted, IpAddress guest, int guestPort, long nowNs) {
        InetSocketAddress peer = accepted.remoteAddress();
        var flow = new SplicedFlow(nat, guest, IpAddress.of(peer.getAddress()), ports(guestPort, peer.getPort()));
        flow.stream = splicer.splice(accepted, new InetSocketAddress(guest.toInetAddress(), guestPort), flow);
        if (flow.stream == null) {
            flow.remove();
            return false;
        }
        flow.joined = true;
        nat.flows().add(flow);
        flow.arm(nowNs + nat.config().connectTimeoutNs());
        nat.counters().increment(Counter.TCP_FLOWS_OPENED);
        return true;
    }

    @Override
    public void onConnected() {
        connected = true;
    }

    @Override
    public void onMoved(long bytesToGuest, long bytesFromGuest) {
        nat.counters().add(Counter.SPLICED_BYTES_TO_GUEST, bytesToGuest);
        nat.counters().add(Counter.SPLICED_BYTES_FROM_GUEST, bytesFromGuest);
    }

    @Override
    public void onEnd(HostError error) {
        nat.batch().begin();
        stream = null;
        end();
    }

    /// For connecting only. The guest's kernel has a time-out as well, but as its owner likes it.
    @Override
    void onTimer(long nowNs) {
        if (!connected) {
            end();
        }
    }

    @Override
    void onFlush(long nowNs) {
        // Nothing waits for the end of a batch.
    }

    @Override
    void shutDown(long nowNs) {
        remove();
    }

    private void end() {
        if (!connected) {
            nat.counters().increment(Counter.FORWARDS_REFUSED);
        }
        remove();
    }

    @Override
    void onRemoved() {
        if (stream != null) {
            stream.reset();
            stream = null;
        }
        if (joined) {
            nat.counters().increment(Counter.TCP_FLOWS_CLOSED);
        }
    }
}
