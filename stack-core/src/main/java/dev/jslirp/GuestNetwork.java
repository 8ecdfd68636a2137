package dev.jslirp;

import dev.jslirp.host.HostAcceptor;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostNetwork;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.link.HandOver;
import dev.jslirp.link.Link;
import dev.jslirp.nat.IcmpEchoNat;
import dev.jslirp.nat.NatShared;
import dev.jslirp.nat.PortForwards;
import dev.jslirp.nat.Reach;
import dev.jslirp.nat.TcpNat;
import dev.jslirp.nat.UdpNat;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.net.ArpResponder;
import dev.jslirp.net.FrameInput;
import dev.jslirp.net.FrameOutput;
import dev.jslirp.net.GuestLink;
import dev.jslirp.net.IcmpResponder;
import dev.jslirp.net.Ipv4Input;
import dev.jslirp.net.Ipv4Reassembler;
import dev.jslirp.net.NeighborTable;
import dev.jslirp.net.StrayOutput;
import dev.jslirp.net.UdpInput;
import dev.jslirp.peer.Peers;
import dev.jslirp.service.DhcpServer;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.service.DnsForwarder;
import dev.jslirp.service.Lease;
import dev.jslirp.service.LeaseListener;
import dev.jslirp.stats.Counters;
import dev.jslirp.tcp.TcpShared;
import dev.jslirp.tcp.TcpState;
import dev.jslirp.time.Batch;
import dev.jslirp.time.Reactor;
import dev.jslirp.time.TimerWheel;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;
import java.util.random.RandomGenerator;

/// One guest network: the façade, and the composition root where all parts are made and tied together.
///
/// Everything but the constructor runs on the reactor's owning thread. The network takes over the link and the host network: [#close]
/// closes both.
///
/// **Embedding.** The guest is attached by a [Link], usually `link.EmbeddedLink`, whose frames may come from any thread. The thread is
/// that of a Netty event loop (`host.netty.NettyReactor`), or the program's own (`host.netty.PumpedLoop`). The program speaks with the
/// guest by [#dial], [#listen] and [#peers], opens ports of the host by [#forwards], and has its say in what the guest opens by
/// `nat.FlowPolicy`. Resolvers are a supplier in `DnsConfig`; a program that answers names itself turns the service off and listens at
/// the address. Frames are captured by wrapping the link in a `link.PcapLink`.
public final class GuestNetwork implements AutoCloseable {
    private static final int TIMERS_INITIAL = 256;
    private static final int DNS_PORT = 53;
    private static final int DHCP_SERVER_PORT = 67;

    private final Link link;
    private final HostNetwork host;
    private final Counters counters = new Counters();
    private final Batch batch;
    private final GuestLink guestLink;
    private final NeighborTable neighbors;
    private final Ipv4Reassembler reassembler;
    private final NatShared nat;
    private final TcpNat tcp;
    private final PortForwards forwards;
    private final Peers peers;
    private final DnsForwarder dns;
    private final DhcpServer dhcp;
    private final FrameInput input;
    private final AddressPlan plan;
    private final ByteBufAllocator allocator;
    /// Null where there is one loop.
    private StrayOutput strays;
    private LeaseListener leaseListener = LeaseListener.NONE;
    private boolean started;
    private boolean closed;

    /// Wires a network. Nothing happens before [#start].
    ///
    /// @param random    where sequence numbers, hash keys and identifiers come from; a secure one outside of tests
    /// @param allocator where all buffers come from
    public GuestNetwork(GuestNetworkConfig config, Link link, HostNetwork host, Reactor reactor, RandomGenerator random,
            ByteBufAllocator allocator) {
        this.link = link;
        this.host = host;
        this.allocator = allocator;
        plan = config.addresses();
        TimerWheel wheel = new TimerWheel(TIMERS_INITIAL, reactor.nowNs());
        batch = new Batch(reactor, wheel, this::flushLink);
        guestLink = new GuestLink(link, counters, allocator);
        neighbors = new NeighborTable(guestLink, plan, config.net(), wheel, counters, allocator);
        FrameOutput output = new FrameOutput(guestLink, plan, config.net(), neighbors, counters, random);
        reassembler = new Ipv4Reassembler(config.net(), output, wheel, counters, allocator);

        nat = NatShared.create(config.nat(), config.flowPolicy(), plan, host, output, batch, wheel, counters, random);
        int mtuBytes = link.capabilities().mtuBytes();
        int mss = mtuBytes - Ipv4Header.MIN_LENGTH - TcpHeader.MIN_LENGTH;
        TcpShared shared = new TcpShared(config.tcp(), counters, allocator, new OutboundSegment(), mss, output.maxTcpPayload(),
                random.nextInt());
        tcp = new TcpNat(nat, shared, random);
        UdpNat udp = new UdpNat(nat);
        forwards = new PortForwards(nat, tcp, udp);

        UdpInput udpInput = new UdpInput(plan, output, udp, counters);
        peers = new Peers(plan, output, tcp, udpInput, batch, random, counters, allocator);
        dhcp = new DhcpServer(plan, config.dhcp(), mtuBytes, counters, allocator, output::udpToStation,
                lease -> leaseListener.onLease(lease));
        if (config.nat().reach().mode() == Reach.Mode.ISOLATED) {
            dhcp.omitRouter();
        }
        DnsConfig names = config.nat().reach().allowsNames(plan.dns()) ? config.dns() : config.dns().withUpstreams(List::of);
        dns = new DnsForwarder(names, plan, dhcp, host, output::udp, batch, wheel, random, counters, allocator);
        if (config.dns().enabled()) {
            udpInput.register(plan.dns(), DNS_PORT, dns);
            tcp.addService(plan.dns(), DNS_PORT, dns);
        }
        if (config.dhcp().enabled()) {
            udpInput.register(plan.gateway(), DHCP_SERVER_PORT, dhcp);
            udpInput.registerBroadcast(DHCP_SERVER_PORT, dhcp);
        }
        Ipv4Input ipv4 = new Ipv4Input(plan, neighbors, reassembler, output, counters);
        ipv4.register(Ipv4Header.TCP, tcp);
        ipv4.register(Ipv4Header.UDP, udpInput);
        ipv4.register(Ipv4Header.ICMP, new IcmpResponder(plan, output, new IcmpEchoNat(nat), tcp, counters));
        ArpResponder arp = new ArpResponder(guestLink, plan, neighbors, counters);
        input = new FrameInput(batch::begin, plan, link.capabilities().maxFrameBytes(), arp, ipv4, counters);
    }

    /// Begins to serve the guest. In-loop.
    ///
    /// @throws IllegalStateException if it has been started, or closed
    public void start() {
        if (started || closed) {
            throw new IllegalStateException(closed ? "the network is closed" : "the network was started before");
        }
        started = true;
        link.start(input);
    }

    /// The port forwards. In-loop.
    public PortForwards forwards() {
        return forwards;
    }

    /// The program itself as a peer of the guests: dials them, listens for them, without sockets of the host. In-loop.
    public Peers peers() {
        return peers;
    }

    /// Connects to a port of a guest, which sees the gateway as its peer. In-loop; see [Peers#dial].
    public HostStream dial(IpAddress guest, int port, HostStreamListener listener) {
        return peers.dial(plan.gateway(), guest, port, listener);
    }

    /// Accepts the guests' connections to this address and port; in-loop. See [Peers#listen].
    public HostListener listen(IpAddress address, int port, HostAcceptor acceptor) {
        return peers.listen(address, port, acceptor);
    }

    /// Tells `listener` of every lease from now on; before [#start] or in-loop.
    public void onLease(LeaseListener listener) {
        leaseListener = listener;
    }

    /// The leases in force, which [#restore] of a later network takes. In-loop.
    public List<Lease> leases() {
        return dhcp.leases(batch.begin());
    }

    /// Takes over leases that an earlier network gave, so that guests keep their addresses. Before [#start] or in-loop.
    public void restore(List<Lease> leases) {
        dhcp.restore(leases, batch.begin());
    }

    /// The counters; written by the owning thread.
    public Counters counters() {
        return counters;
    }

    /// What was counted until now, for other threads to read. In-loop.
    public GuestNetworkStats stats() {
        return GuestNetworkStats.of(counters, nat.flowCount(), link.dropped());
    }

    /// Flows of all protocols that exist now. In-loop.
    public int flowCount() {
        return nat.flowCount();
    }

    /// The state of the guest's side of a TCP flow, [TcpState#CLOSED] when there is none. In-loop.
    public TcpState tcpState(IpAddress guest, int guestPort, IpAddress far, int farPort) {
        return tcp.state(guest, guestPort, far, farPort);
    }

    private void flushLink() {
        if (!closed) {
            link.flush();
            if (strays != null) {
                strays.submit();
            }
        }
    }

    /// Where this network has shards: asks the first of them about TCP segments that no flow here knows, in place of resetting them.
    /// In-loop; see [TcpShard].
    public void handStraysTo(HandOver firstShard) {
        strays = new StrayOutput(plan, firstShard, counters, allocator);
        tcp.handStraysTo(strays);
    }

    /// Resets every flow, closes link and host network. In-loop, started or not, from anywhere but inside [Link#transmit]; idempotent.
    /// Listeners of streams hear of the resets at the end of this round of the loop.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        forwards.close();
        peers.close();
        nat.shutDown(batch.begin());
        dns.close();
        link.flush();
        closed = true;
        reassembler.close();
        neighbors.close();
        host.close();
        link.close();
        guestLink.close();
    }
}
