package dev.jslirp;

import dev.jslirp.host.HostNetwork;
import dev.jslirp.link.HandOver;
import dev.jslirp.link.HandOverRing;
import dev.jslirp.link.Link;
import dev.jslirp.nat.FlowPolicy;
import dev.jslirp.nat.NatShared;
import dev.jslirp.nat.TcpNat;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.net.ArpResponder;
import dev.jslirp.net.FrameOutput;
import dev.jslirp.net.GuestLink;
import dev.jslirp.net.NeighborTable;
import dev.jslirp.net.ShardInput;
import dev.jslirp.net.StrayOutput;
import dev.jslirp.stats.Counters;
import dev.jslirp.tcp.TcpShared;
import dev.jslirp.time.Batch;
import dev.jslirp.time.Reactor;
import dev.jslirp.time.TimerWheel;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBufAllocator;
import java.util.random.RandomGenerator;

/// A part of one guest network that has a loop of its own: TCP flows that the guest opens, and nothing else.
///
/// **Rule.** A shard owns the flows whose SYN came to its link, which is one queue of a device with several. A queue must go on giving
/// it the segments of its flows; whatever else comes (ARP, UDP, ICMP, fragments, DNS over TCP, connections that policy refuses, segments
/// of flows it does not know, nonsense) goes to the [GuestNetwork] of the same guests, by [HandOver]. Nothing is shared between the two: a
/// frame changes hands as a copy, and the limits of both are parts of the network's ([GuestNetworkConfig#dividedBy]).
///
/// **Strays.** Where a segment comes to the wrong queue, or in fragments, which the network puts together, the network does not know its
/// flow. It asks the shards, one after the other ([#handStraysTo]), before the last of them resets it. So the queue that a frame takes is
/// a matter of speed only.
///
/// ICMP errors of guests concern only flows that the host opened; those are never here.
///
/// Everything but the constructor runs on the reactor's owning thread. The shard takes over the link and the host network.
public final class TcpShard implements AutoCloseable {
    private static final int TIMERS_INITIAL = 256;
    /// Strays that may wait, of 64 KiB each at most.
    private static final int STRAYS_MAX = 128;

    private final Link link;
    private final HostNetwork host;
    private final HandOver others;
    private final Counters counters = new Counters();
    private final Batch batch;
    private final GuestLink guestLink;
    private final NeighborTable neighbors;
    private final NatShared nat;
    private final TcpNat tcp;
    private final ShardInput input;
    private final HandOverRing strays;
    private final ByteBufAllocator allocator;
    private final AddressPlan plan;
    /// Null in the last loop of a network.
    private StrayOutput next;
    private boolean closed;

    /// Wires a shard. Nothing happens before [#start].
    ///
    /// @param config divided by the number of loops; without a flow policy, which is the business of one thread
    /// @param random where sequence numbers and hash keys come from; a secure one outside of tests
    /// @param others takes the frames that are not this shard's
    /// @throws IllegalArgumentException if there is a flow policy
    public TcpShard(GuestNetworkConfig config, Link link, HostNetwork host, Reactor reactor, RandomGenerator random,
            ByteBufAllocator allocator, HandOver others) {
        if (config.flowPolicy() != FlowPolicy.NONE) {
            throw new IllegalArgumentException("a flow policy needs a network of one loop");
        }
        this.link = link;
        this.host = host;
        this.others = others;
        this.allocator = allocator;
        plan = config.addresses();
        TimerWheel wheel = new TimerWheel(TIMERS_INITIAL, reactor.nowNs());
        batch = new Batch(reactor, wheel, this::flush);
        guestLink = new GuestLink(link, counters, allocator);
        neighbors = new NeighborTable(guestLink, plan, config.net(), wheel, counters, allocator);
        FrameOutput output = new FrameOutput(guestLink, plan, config.net(), neighbors, counters, random);

        nat = NatShared.create(config.nat(), config.flowPolicy(), plan, host, output, batch, wheel, counters, random);
        int mss = link.capabilities().mtuBytes() - Ipv4Header.MIN_LENGTH - TcpHeader.MIN_LENGTH;
        TcpShared shared = new TcpShared(config.tcp(), counters, allocator, new OutboundSegment(), mss, output.maxTcpPayload(),
                random.nextInt());
        ArpResponder arp = new ArpResponder(guestLink, plan, neighbors, counters);
        tcp = new TcpNat(nat, shared, random);
        input = new ShardInput(batch::begin, plan, link.capabilities().maxFrameBytes(), neighbors, arp, tcp, tcp, others, counters);
        strays = new HandOverRing(link.capabilities(), reactor, allocator, STRAYS_MAX);
    }

    /// Begins to serve the guest. In-loop, once.
    public void start() {
        strays.start(input::onStray);
        link.start(input);
    }

    /// Where the loop before this one hands segments that it does not know. Any thread.
    ///
    /// @param copies that loop's allocator
    public HandOver strays(ByteBufAllocator copies) {
        return strays.entrance(copies);
    }

    /// Asks the next loop about segments that no loop up to this one knows; the last loop resets them. In-loop.
    public void handStraysTo(HandOver nextLoop) {
        next = new StrayOutput(plan, nextLoop, counters, allocator);
        tcp.handStraysTo(next);
    }

    /// The counters; written by the owning thread. A frame handed over is counted among the frames of who takes it.
    public Counters counters() {
        return counters;
    }

    /// What was counted until now, for other threads to read. In-loop.
    public GuestNetworkStats stats() {
        return GuestNetworkStats.of(counters, nat.flowCount(), link.dropped());
    }

    /// Flows that exist now. In-loop.
    public int flowCount() {
        return nat.flowCount();
    }

    private void flush() {
        if (!closed) {
            link.flush();
            others.submit();
            if (next != null) {
                next.submit();
            }
        }
    }

    /// Resets every flow, closes link and host network. In-loop, started or not; idempotent. To be closed before the network that takes
    /// its frames.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        nat.shutDown(batch.begin());
        flush();
        closed = true;
        neighbors.close();
        host.close();
        link.close();
        strays.close();
        guestLink.close();
    }
}
