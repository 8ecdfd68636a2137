package dev.jslirp.nat;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.host.StreamConnector;
import dev.jslirp.host.StreamSplicer;
import dev.jslirp.net.IcmpErrorHandler;
import dev.jslirp.net.PacketHandler;
import dev.jslirp.net.PacketTaker;
import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.TcpShared;
import dev.jslirp.tcp.TcpState;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/// The guest's TCP segments: finds their flow, opens one for a SYN, resets the rest.
public final class TcpNat implements PacketHandler, PacketTaker, IcmpErrorHandler {
    private static final long SECOND_NS = 1_000_000_000L;
    /// Ports tried for an accepted connection before it is refused.
    private static final int PORT_TRIES = 64;
    private static final int FIRST_UNPRIVILEGED_PORT = 1_024;

    final NatShared nat;
    final TcpShared shared;
    private final IssGenerator iss;
    private final RandomGenerator random;
    private final Map<InetSocketAddress, FlowConnector> services = new HashMap<>();
    /// Flows whose handshake is under way, oldest first.
    private final FlowList halfOpen = new FlowList();
    /// Flows in TIME_WAIT and its like, oldest first: the first to go when the table is full.
    private final FlowList lingering = new FlowList();
    /// Flows whose guest has bytes to take, the one that has taken none for longest first.
    private final FlowList sending = new FlowList();
    /// Who may know segments that belong to no flow here.
    private PacketTaker strays = (_, _, _) -> false;
    private long resetsSinceNs;
    private int resetsLeft;

    /// The TCP part of `nat`; its connections share `shared`.
    public TcpNat(NatShared nat, TcpShared shared, RandomGenerator random) {
        this.nat = nat;
        this.shared = shared;
        this.random = random;
        iss = new IssGenerator(random);
        resetsSinceNs = nat.batch().nowNs();
        resetsLeft = nat.config().resetsPerSecond();
    }

    /// Answers connections to this address of the gateway by `service`, whatever policy says about the address.
    public void addService(IpAddress address, int port, StreamConnector service) {
        addService(address, port, (_, far, flow) -> service.connect(far, flow));
    }

    /// As [#addService(IpAddress, int, StreamConnector)], for a service that wants to know who connects; any address will do.
    ///
    /// @throws IllegalArgumentException if the address and port have a service already
    public void addService(IpAddress address, int port, FlowConnector service) {
        if (services.putIfAbsent(new InetSocketAddress(address.toInetAddress(), port), service) != null) {
            throw new IllegalArgumentException("TCP port " + port + " of " + address + " has a service already");
        }
    }

    /// Takes a service away; its connections live on.
    public void removeService(IpAddress address, int port) {
        services.remove(new InetSocketAddress(address.toInetAddress(), port));
    }

    /// The state of the connection with the guest, [TcpState#CLOSED] when there is none.
    public TcpState state(IpAddress guest, int guestPort, IpAddress far, int farPort) {
        TcpFlow flow = (TcpFlow) nat.flows().find(guest.hi(), guest.lo(), far.hi(), far.lo(), Flow.ports(guestPort, farPort),
                Ipv4Header.TCP);
        return flow == null ? TcpState.CLOSED : flow.state();
    }

    @Override
    public void onPacket(PacketView packet, ByteBuf frame, long nowNs) {
        DropReason reason = decode(packet, frame);
        if (reason != DropReason.NONE) {
            nat.counters().drop(reason);
            return;
        }
        dispatch(flowOf(packet), packet, frame, nowNs);
    }

    /// Takes what belongs to this part of a network that is spread over several loops: segments of the flows here, and SYNs that open one
    /// to a destination outside or on the host. Services, refusals and whatever belongs to no flow here are for the loop that knows all.
    @Override
    public boolean takes(PacketView packet, ByteBuf frame, long nowNs) {
        if (decode(packet, frame) != DropReason.NONE) {
            return false;
        }
        TcpFlow flow = flowOf(packet);
        if (flow == null && !(opens(packet) && isRelayed(packet))) {
            return false;
        }
        dispatch(flow, packet, frame, nowNs);
        return true;
    }

    /// Asks `taker`, another part of the same network, before a segment of no flow is reset.
    public void handStraysTo(PacketTaker taker) {
        strays = taker;
    }

    private boolean isRelayed(PacketView syn) {
        return syn.srcPort != 0 && syn.dstPort != 0 && switch (nat.policy().classify(syn.dstHi, syn.dstLo, Ipv4Header.TCP, syn.dstPort)) {
            case OUTSIDE, HOST_LOOPBACK -> true;
            case SERVICES_ONLY, REFUSED, ON_LINK, GROUP -> false;
        };
    }

    private static DropReason decode(PacketView packet, ByteBuf frame) {
        DropReason reason = TcpHeader.decode(frame, packet);
        return reason == DropReason.NONE && isNonsense(packet) ? DropReason.TCP_FLAGS : reason;
    }

    private TcpFlow flowOf(PacketView packet) {
        return (TcpFlow) nat.flows().find(packet.srcHi, packet.srcLo, packet.dstHi, packet.dstLo,
                Flow.ports(packet.srcPort, packet.dstPort), Ipv4Header.TCP);
    }

    private void dispatch(TcpFlow flow, PacketView packet, ByteBuf frame, long nowNs) {
        if (flow == null || opens(packet) && replace(flow, packet)) {
            withoutFlow(packet, frame, nowNs);
        } else {
            flow.onSegment(packet, frame, nowNs);
        }
    }

    private static boolean isNonsense(PacketView packet) {
        int control = packet.flags & (TcpHeader.SYN | TcpHeader.FIN | TcpHeader.RST | TcpHeader.ACK);
        return control == 0 || packet.hasFlags(TcpHeader.SYN | TcpHeader.FIN) || packet.hasFlags(TcpHeader.SYN | TcpHeader.RST);
    }

    private static boolean opens(PacketView packet) {
        return (packet.flags & (TcpHeader.SYN | TcpHeader.ACK)) == TcpHeader.SYN;
    }

    private boolean replace(TcpFlow flow, PacketView syn) {
        if (!flow.mayBeReplacedBy(syn)) {
            return false;
        }
        nat.counters().increment(Counter.TCP_TIME_WAIT_REUSED);
        flow.yield();
        return true;
    }

    private void withoutFlow(PacketView packet, ByteBuf frame, long nowNs) {
        if (packet.srcPort == 0 || packet.dstPort == 0
                || nat.policy().classify(packet.dstHi, packet.dstLo) == NatPolicy.Destination.GROUP) {
            // RFC 9293 §3.9.2.3 (MUST-57): a SYN to a group address is dropped in silence; so is everything else.
            nat.counters().drop(DropReason.TCP_ADDRESS);
        } else if (opens(packet)) {
            open(packet, frame, nowNs);
        } else if (!strays.takes(packet, frame, nowNs)) {
            nat.counters().drop(DropReason.TCP_NO_FLOW);
            reset(packet, nowNs);
        }
    }

    // ---- flows the guest opens

    private void open(PacketView syn, ByteBuf frame, long nowNs) {
        InetSocketAddress far = new InetSocketAddress(IpAddress.toInetAddress(syn.dstHi, syn.dstLo), syn.dstPort);
        FlowConnector service = services.get(far);
        if (service != null) {
            connect(service, far, syn, nowNs);
        } else if (nat.policy().isAsked()) {
            openAsAsked(far, syn, frame, nowNs);
        } else {
            openByAddress(syn, frame, nowNs);
        }
    }

    private void openAsAsked(InetSocketAddress far, PacketView syn, ByteBuf frame, long nowNs) {
        switch (nat.policy().ask(PortForward.Protocol.TCP, syn)) {
            case FlowPolicy.Verdict.Pass _ -> openByAddress(syn, frame, nowNs);
            case FlowPolicy.Verdict.Deny(HostError error) -> {
                nat.counters().drop(DropReason.POLICY);
                deny(error, syn, frame, nowNs);
            }
            case FlowPolicy.Verdict.Redirect(InetSocketAddress host) -> connectHost(host, syn, nowNs);
            case FlowPolicy.Verdict.Connect(FlowConnector connector) -> connect(connector, far, syn, nowNs);
        }
    }

    private void openByAddress(PacketView syn, ByteBuf frame, long nowNs) {
        switch (nat.policy().classify(syn.dstHi, syn.dstLo, Ipv4Header.TCP, syn.dstPort)) {
            case OUTSIDE, HOST_LOOPBACK -> {
                long hostLo = nat.policy().toHostLo(syn.dstHi, syn.dstLo);
                connectHost(new InetSocketAddress(IpAddress.toInetAddress(syn.dstHi, hostLo), syn.dstPort), syn, nowNs);
            }
            case SERVICES_ONLY, REFUSED -> {
                nat.counters().drop(DropReason.POLICY);
                deny(HostError.REFUSED, syn, frame, nowNs);
            }
            case ON_LINK -> {
                nat.counters().drop(DropReason.POLICY);
                deny(HostError.HOST_UNREACHABLE, syn, frame, nowNs);
            }
            case GROUP -> nat.counters().drop(DropReason.TCP_ADDRESS);
        }
    }

    /// Answers a SYN for which there will be no flow.
    private void deny(HostError error, PacketView syn, ByteBuf frame, long nowNs) {
        switch (error) {
            case REFUSED, RESET, UNSUPPORTED, TOO_BIG, OTHER -> reset(syn, nowNs);
            case HOST_UNREACHABLE -> unreachable(IcmpHeader.HOST_UNREACHABLE, syn, frame, nowNs);
            case NETWORK_UNREACHABLE -> unreachable(IcmpHeader.NET_UNREACHABLE, syn, frame, nowNs);
            case PROHIBITED -> unreachable(IcmpHeader.ADMIN_PROHIBITED, syn, frame, nowNs);
            case TIMED_OUT, NO_RESOURCES -> {
                // Silence.
            }
        }
    }

    private void unreachable(int code, PacketView syn, ByteBuf frame, long nowNs) {
        nat.output().icmpError(syn, frame, IcmpHeader.DESTINATION_UNREACHABLE, code, 0, nowNs);
    }

    private void connectHost(InetSocketAddress remote, PacketView syn, long nowNs) {
        TcpFlow flow = flowFor(syn, nowNs);
        if (flow != null) {
            flow.connecting(nat.host().connect(remote, flow));
        }
    }

    private void connect(FlowConnector connector, InetSocketAddress far, PacketView syn, long nowNs) {
        TcpFlow flow = flowFor(syn, nowNs);
        if (flow != null) {
            var guest = new InetSocketAddress(IpAddress.toInetAddress(syn.srcHi, syn.srcLo), syn.srcPort);
            flow.connecting(connector.connect(guest, far, flow));
        }
    }

    /// A new flow for a SYN, null when there is no room for it.
    private TcpFlow flowFor(PacketView syn, long nowNs) {
        if (!admit(syn.srcHi, syn.srcLo, nowNs)) {
            // Silence: the guest sends its SYN again, and then there may be room.
            nat.counters().drop(DropReason.FLOW_LIMIT);
            return null;
        }
        int ports = Flow.ports(syn.srcPort, syn.dstPort);
        TcpFlow flow = TcpFlow.fromGuest(this, syn, iss.next(syn.srcHi, syn.srcLo, syn.dstHi, syn.dstLo, ports, nowNs), nowNs);
        add(flow);
        // Arms the time-out of the connect, whatever a connector does.
        flow.join();
        return flow;
    }

    private void add(TcpFlow flow) {
        nat.flows().add(flow);
        halfOpen.add(flow);
        nat.counters().increment(Counter.TCP_FLOWS_OPENED);
    }

    /// Makes room for one more flow. A full table gives up its oldest flow in TIME_WAIT. Full of half-open flows it
    /// gives up the oldest of those, which has waited longest in vain: of a guest that has more than its share at once, so
    /// no guest blocks another; of the asking guest itself not before `halfOpenAgeNs`, since the first answer may be on
    /// the way, and a guest sends its SYN again after about that time (RFC 6298 §2.1).
    private boolean admit(long guestHi, long guestLo, long nowNs) {
        if (nat.flows().isShut()) {
            return false;
        }
        boolean guestFull = nat.flows().sizeOf(guestHi, guestLo) >= nat.config().flowsPerGuestMax();
        if (guestFull || nat.flows().size() >= nat.config().flowsMax()) {
            nat.counters().increment(guestFull ? Counter.GUEST_FLOW_LIMIT : Counter.TCP_FLOW_LIMIT);
            TcpFlow victim = (TcpFlow) lingering.victim();
            if (victim == null || guestFull && !victim.isOfGuest(guestHi, guestLo)) {
                return false;
            }
            victim.yield();
        }
        if (halfOpen.size() >= nat.config().tcpHalfOpenMax()) {
            nat.counters().increment(Counter.TCP_HALF_OPEN_LIMIT);
            TcpFlow victim = (TcpFlow) halfOpen.victim();
            if (halfOpen.hasShare(guestHi, guestLo) && victim.ageNs(nowNs) < nat.config().halfOpenAgeNs()) {
                return false;
            }
            victim.evict(nowNs);
        }
        return true;
    }

    /// Bytes wait for the guest of `flow`.
    void sending(TcpFlow flow) {
        if (flow.list != sending) {
            sending.add(flow);
        }
        while (nat.limits().guestsHoldTooMuch() && sending.victim() != null) {
            nat.counters().increment(Counter.GUEST_BUFFER_EVICTED);
            ((TcpFlow) sending.victim()).shutDown(nat.batch().nowNs());
        }
    }

    /// The guest of `flow` has taken bytes. @param rest whether more wait
    void taken(TcpFlow flow, boolean rest) {
        if (flow.list != sending) {
            return;
        }
        if (rest) {
            sending.touch(flow);
        } else {
            sending.remove(flow);
        }
    }

    void established(TcpFlow flow) {
        if (flow.list == halfOpen) {
            halfOpen.remove(flow);
        }
    }

    void lingering(TcpFlow flow) {
        lingering.add(flow);
    }

    // ---- flows the host opens

    /// Opens a flow towards the guest for an accepted connection; the guest sees it come from `far`.
    ///
    /// @return the flow, or null when a limit is reached or no port is left
    public HostStreamListener accept(HostStream accepted, IpAddress far, IpAddress guest, int guestPort, long nowNs) {
        return admit(guest.hi(), guest.lo(), nowNs) ? openAccepted(accepted, far, guest, guestPort, nowNs) : refuseAccepted();
    }

    /// As [#accept], the far end being the gateway, for a connection that may go past the guest's link.
    ///
    /// @return null also when the host network has taken it over
    HostStreamListener forward(HostStream accepted, IpAddress guest, int guestPort, long nowNs) {
        if (!admit(guest.hi(), guest.lo(), nowNs)) {
            return refuseAccepted();
        }
        StreamSplicer splicer = nat.host().splicer();
        if (splicer != null) {
            if (SplicedFlow.open(nat, splicer, accepted, guest, guestPort, nowNs)) {
                nat.counters().increment(Counter.FORWARDS_ACCEPTED);
                nat.counters().increment(Counter.FORWARDS_SPLICED);
                return null;
            }
            nat.counters().increment(Counter.FORWARDS_NOT_SPLICED);
        }
        return openAccepted(accepted, nat.plan().gateway(), guest, guestPort, nowNs);
    }

    private HostStreamListener refuseAccepted() {
        nat.counters().increment(Counter.FORWARDS_REFUSED);
        return null;
    }

    private HostStreamListener openAccepted(HostStream accepted, IpAddress far, IpAddress guest, int guestPort, long nowNs) {
        int farPort = freePort(accepted.remoteAddress().getPort(), far, guest, guestPort);
        if (farPort == 0) {
            return refuseAccepted();
        }
        int ports = Flow.ports(guestPort, farPort);
        int isn = iss.next(guest.hi(), guest.lo(), far.hi(), far.lo(), ports, nowNs);
        TcpFlow flow = TcpFlow.fromHost(this, accepted, guest.hi(), guest.lo(), far.hi(), far.lo(), ports, isn, nowNs);
        add(flow);
        flow.join();
        nat.counters().increment(Counter.FORWARDS_ACCEPTED);
        return flow;
    }

    /// The peer's own port where the guest endpoint has no flow with it, else another one; 0 when none was found.
    private int freePort(int peerPort, IpAddress far, IpAddress guest, int guestPort) {
        int candidate = peerPort;
        for (int i = 0; i < PORT_TRIES; i++) {
            if (nat.flows().find(guest.hi(), guest.lo(), far.hi(), far.lo(), Flow.ports(guestPort, candidate), Ipv4Header.TCP) == null) {
                return candidate;
            }
            candidate = random.nextInt(FIRST_UNPRIVILEGED_PORT, 65_536);
        }
        return 0;
    }

    /// A guest that rejects an accepted connection by an ICMP error means it like a reset.
    @Override
    public void onIcmpError(int type, int code, int rest, int protocol, long peerHi, long peerLo, int peerPort, long guestHi, long guestLo,
            int guestPort, long nowNs) {
        if (type != IcmpHeader.DESTINATION_UNREACHABLE || code == IcmpHeader.FRAGMENTATION_NEEDED || protocol != Ipv4Header.TCP) {
            return;
        }
        TcpFlow flow = (TcpFlow) nat.flows().find(guestHi, guestLo, peerHi, peerLo, Flow.ports(guestPort, peerPort), protocol);
        if (flow != null) {
            flow.rejectedByGuest();
        }
    }

    // ---- resets

    /// RFC 9293 §3.10.7.1: a reset that the sender of a segment without connection accepts.
    private void reset(PacketView packet, long nowNs) {
        if (packet.hasFlags(TcpHeader.RST)) {
            return;
        }
        if (!takeReset(nowNs)) {
            nat.counters().increment(Counter.TCP_RESETS_LIMITED);
            return;
        }
        var segment = shared.segment();
        segment.clear();
        if (packet.hasFlags(TcpHeader.ACK)) {
            segment.seq = packet.ack;
            segment.flags = TcpHeader.RST;
        } else {
            segment.ack = packet.seq + packet.seqLength();
            segment.flags = TcpHeader.RST | TcpHeader.ACK;
        }
        nat.counters().increment(Counter.TCP_RESETS_SENT);
        nat.output().tcp(packet.dstHi, packet.dstLo, packet.dstPort, packet.srcHi, packet.srcLo, packet.srcPort, segment, nowNs);
    }

    private boolean takeReset(long nowNs) {
        if (nowNs - resetsSinceNs >= SECOND_NS) {
            resetsSinceNs = nowNs;
            resetsLeft = nat.config().resetsPerSecond();
        }
        return resetsLeft-- > 0;
    }
}
