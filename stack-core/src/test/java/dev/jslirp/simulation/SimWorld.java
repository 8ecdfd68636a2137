package dev.jslirp.simulation;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.nat.NatConfig;
import dev.jslirp.nat.PortForward;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.TcpConfig;
import dev.jslirp.testkit.SimHostNetwork;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.SimLink;
import dev.jslirp.testkit.SimReactor;
import dev.jslirp.testkit.TrackingAllocator;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.OutboundFrame;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// A network, its guest, its link and its host, from one seed; see the package documentation.
final class SimWorld {
    /// Virtual time after healing in which peaceful flows must be done, and in which everything must.
    private static final long PEACE_NS = 900 * Faults.S, END_NS = 5 * 3_600 * Faults.S, QUIET_NS = 60 * Faults.S;
    private static final int EVENTS_MAX = 3_000_000;
    private static final int HOST_PORT = 20_000, PEER_PORT = 30_000, GUEST_PORT = 40_000, GUEST_SERVICE_PORT = 7_000;
    /// Bytes one read of a host socket may add to a full queue.
    private static final int READ_BYTES = 65_536;

    final long seed;
    final Faults faults;
    final SimReactor reactor;
    final TrackingAllocator allocator = new TrackingAllocator();
    final SimHostNetwork host;
    final GuestNetworkConfig config;
    final GuestNetwork network;
    final GuestStation station;
    final Clients clients;
    final Trace trace;
    final List<SimFlow> flows = new ArrayList<>();
    private final WireWatch watch;
    private final RandomGenerator random;
    private final SimLink link;
    private final FaultyPipe up;
    private final FaultyPipe down;
    private final long startNs;
    private Throwable failure;
    private int streamsSeen;
    private int events;
    private int idleBuffers;
    private long jumpNs;
    private long quietAtNs;

    /// The world of a seed.
    SimWorld(long seed) {
        this(seed, new SplittableRandom(seed));
    }

    private SimWorld(long seed, SplittableRandom random) {
        this(seed, random, Faults.draw(random), draw(random), null);
    }

    /// A world as told.
    ///
    /// @param plans null to draw them
    SimWorld(long seed, SplittableRandom random, Faults faults, GuestNetworkConfig config, List<FlowPlan> plans) {
        this.seed = seed;
        this.random = random;
        this.faults = faults;
        this.config = config;
        reactor = new SimReactor(random.nextLong());
        startNs = reactor.nowNs();
        quietAtNs = startNs;
        trace = new Trace(startNs);
        watch = new WireWatch(this);
        host = new SimHostNetwork(reactor, allocator);
        link = new SimLink(reactor, faults.link(), allocator);
        station = new GuestStation(this, config.addresses(), random.split());
        clients = new Clients(this, random.split());
        up = new FaultyPipe(reactor, faults, random.split(), this::deliver);
        down = new FaultyPipe(reactor, faults, random.split(), this::leave);
        link.onTransmit(this::transmitted);
        network = new GuestNetwork(config, new WorldLink(), host, reactor, random.split(), allocator);
        reactor.round(network::start);
        idleBuffers = allocator.liveBuffers();
        List<FlowPlan> drawn = plans == null ? drawPlans() : plans;
        drawn.forEach(plan -> flows.add(new SimFlow(plan, this)));
    }

    private List<FlowPlan> drawPlans() {
        List<FlowPlan> plans = new ArrayList<>();
        int count = random.nextInt(1, 9);
        for (int i = 0; i < count; i++) {
            plans.add(FlowPlan.draw(i, faults, random));
        }
        return plans;
    }

    private static GuestNetworkConfig draw(RandomGenerator random) {
        GuestNetworkConfig defaults = GuestNetworkConfig.defaults();
        TcpConfig tcp = defaults.tcp();
        boolean keepAlive = random.nextInt(3) == 0;
        tcp = new TcpConfig(1 << random.nextInt(11, 23), 1 << random.nextInt(10, 23), 1 << random.nextInt(10, 23), tcp.rtoMinNs(),
                tcp.rtoInitialNs(), random.nextBoolean() ? tcp.rtoMaxNs() : 4 * Faults.S, 15, 8, tcp.delayedAckNs(), tcp.quickAckDelayNs(),
                keepAlive ? 60 * Faults.S : tcp.keepAliveIdleNs(), keepAlive ? 10 * Faults.S : tcp.keepAliveIntervalNs(),
                tcp.keepAliveProbes(), tcp.timeWaitNs(), tcp.challengeAcksPerSecond(),
                random.nextBoolean() ? TcpConfig.CongestionAlgorithm.CUBIC : TcpConfig.CongestionAlgorithm.NEW_RENO);
        NatConfig nat = defaults.nat();
        if (random.nextInt(4) == 0) {
            nat = nat.withBuffers(1 << random.nextInt(12, 20), 1 << random.nextInt(15, 20));
        }
        if (random.nextInt(4) == 0) {
            nat = nat.withFlows(1_000, 1 << random.nextInt(4, 9), 16, 16);
        }
        return defaults.withTcp(tcp).withNat(nat).withDns(DnsConfig.forwardingTo(() -> List.of(Clients.RESOLVER)));
    }

    /// What the guest's connections are configured to.
    TcpConfig guestConfig(FlowPlan plan) {
        TcpConfig tcp = TcpConfig.defaults();
        return new TcpConfig(Math.max(1_024, plan.guestBuffer()), tcp.reassemblyBytesMax(), plan.guestBuffer(), tcp.rtoMinNs(),
                tcp.rtoInitialNs(), 8 * Faults.S, 20, 12, tcp.delayedAckNs(), tcp.quickAckDelayNs(), tcp.keepAliveIdleNs(), tcp.keepAliveIntervalNs(),
                tcp.keepAliveProbes(), tcp.timeWaitNs(), tcp.challengeAcksPerSecond(), tcp.congestionControl());
    }

    long nowNs() {
        return reactor.nowNs();
    }

    /// Virtual time since the start.
    long elapsedNs() {
        return reactor.nowNs() - startNs;
    }

    long healAtNs() {
        return startNs + faults.healNs();
    }

    // ---- the link

    /// The guest sends.
    void up(byte[] frame, long offload) {
        guarded(() -> watch.sentByGuest(frame, offload));
        String fate = up.carry(frame, offload);
        if (fate.equals("lost") || fate.equals("queue full")) {
            trace.frame(nowNs(), '<', frame, offload, false, watch.flowOf(frame, true), fate);
        }
    }

    /// A frame reaches the stack.
    void deliver(FaultyPipe.Carried frame) {
        guarded(() -> {
            WatchedFlow flow = frame.damaged() ? null : watch.flowOf(frame.bytes(), true);
            trace.frame(nowNs(), '<', frame.bytes(), frame.offload(), frame.damaged(), flow, "");
            if (!frame.damaged()) {
                watch.arrived(frame, true);
            }
        });
        link.deliver(frame.bytes(), frame.offload());
    }

    /// The stack has sent a frame.
    private void transmitted(SimLink.SentFrame sent) {
        link.sent().clear();
        String fate = down.carry(sent.bytes(), sent.offload());
        trace.frame(nowNs(), '>', sent.bytes(), sent.offload(), false, watch.flowOf(sent.bytes(), false), fate);
        watch.sentByStack(sent.bytes(), sent.offload());
    }

    /// A frame reaches the guest.
    private void leave(FaultyPipe.Carried frame) {
        guarded(() -> {
            if (!frame.damaged()) {
                watch.arrived(frame, false);
            }
        });
        station.receive(frame);
    }

    /// Keeps the first failure of a check: production code catches what is thrown through it.
    private void guarded(Runnable check) {
        try {
            check.run();
        } catch (RuntimeException | AssertionError e) {
            failure = failure == null ? e : failure;
        }
    }

    /// The simulated link, with failures kept.
    private final class WorldLink implements Link {
        @Override
        public LinkCapabilities capabilities() {
            return link.capabilities();
        }

        @Override
        public void start(FrameReceiver receiver) {
            link.start(receiver);
        }

        @Override
        public void transmit(OutboundFrame frame) {
            guarded(() -> link.transmit(frame));
        }

        @Override
        public void flush() {
            link.flush();
        }

        @Override
        public long dropped() {
            return link.dropped();
        }

        @Override
        public void close() {
            link.close();
        }
    }

    // ---- the run

    /// Runs to the end.
    ///
    /// @throws AssertionError naming the seed, what is wrong, and the last lines of the trace
    void run() {
        TestLogging.takeWarnings();
        try {
            begin();
            while (!isOver()) {
                if (!reactor.step()) {
                    throw new AssertionError("nothing will ever happen again");
                }
                afterEvent();
            }
            end();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(describe(e), e);
        } finally {
            trace.close();
        }
    }

    private void begin() {
        for (SimFlow flow : flows) {
            FlowPlan plan = flow.plan;
            if (plan.byHost()) {
                forward(flow);
            } else {
                InetSocketAddress far = new InetSocketAddress(farAddress(plan).toInetAddress(), 80);
                host.whenConnecting(far, new SimHostNetwork.ConnectOutcome(plan.connect(), plan.connectNs()));
                reactor.schedule(startNs + plan.startNs(), () -> {
                    flow.opened();
                    station.connect(flow, GUEST_PORT + plan.index(), farAddress(plan).v4Bits(), 80);
                });
            }
        }
        clients.start();
        if (faults.synFlood()) {
            host.whenConnecting(SimHostNetwork.ConnectOutcome.NEVER);
            reactor.schedule(startNs, new HostileGuest(this, random)::flood);
        }
        if (faults.clockJumpNs() > 0) {
            scheduleJump();
        }
    }

    private void scheduleJump() {
        reactor.schedule(nowNs() + random.nextLong(4 * Faults.S), () -> {
            if (nowNs() - healAtNs() < 0) {
                jumpNs = random.nextLong(faults.clockJumpNs());
                scheduleJump();
            }
        });
    }

    private void forward(SimFlow flow) {
        int index = flow.plan.index();
        InetAddress any = InetAddress.ofLiteral("0.0.0.0");
        station.listen(flow, GUEST_SERVICE_PORT + index);
        reactor.round(() -> {
            try {
                network.forwards().add(new PortForward(PortForward.Protocol.TCP, any, HOST_PORT + index, config.addresses().firstLease(),
                        GUEST_SERVICE_PORT + index));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        reactor.schedule(startNs + flow.plan.startNs(), () -> {
            flow.opened();
            host.peerConnect(new InetSocketAddress(any, HOST_PORT + index),
                    new InetSocketAddress(InetAddress.ofLiteral("198.51.100.1"), PEER_PORT + index));
        });
    }

    private static IpAddress farAddress(FlowPlan plan) {
        return IpAddress.parse("192.0.2." + (1 + plan.index()));
    }

    /// The flow that a connection at the host belongs to, null for the flood's.
    private SimFlow flowOf(SimHostStream stream) {
        InetSocketAddress remote = stream.remoteAddress();
        int index = remote.getPort() >= PEER_PORT ? remote.getPort() - PEER_PORT
                : IpAddress.of(remote.getAddress()).v4Bits() - IpAddress.parse("192.0.2.1").v4Bits();
        return HostileGuest.isDead(IpAddress.of(remote.getAddress()).v4Bits()) ? null : flows.get(index);
    }

    /// The flow of these endpoints, as the guest's packets name them; null for the flood's.
    SimFlow flowOf(int guestIp, int guestPort, int farIp) {
        if (guestIp != station.ip() || HostileGuest.isDead(farIp)) {
            return null;
        }
        int index = guestPort >= GUEST_PORT ? guestPort - GUEST_PORT : guestPort - GUEST_SERVICE_PORT;
        return index >= 0 && index < flows.size() ? flows.get(index) : null;
    }

    private void afterEvent() {
        for (; streamsSeen < host.streams().size(); streamsSeen++) {
            SimHostStream stream = host.streams().get(streamsSeen);
            SimFlow flow = flowOf(stream);
            if (flow != null) {
                flow.adopt(stream);
            }
        }
        for (SimFlow flow : flows) {
            if (flow.peer != null) {
                flow.peer.work();
            }
        }
        clients.work();
        check();
        if (jumpNs > 0) {
            trace.note(nowNs(), "the clock jumps by " + jumpNs + " ns");
            reactor.jump(jumpNs);
            jumpNs = 0;
        }
    }

    // ---- invariants

    private void check() {
        if (failure != null) {
            throw new AssertionError(failure.getMessage(), failure);
        }
        List<String> warnings = TestLogging.takeWarnings();
        if (!warnings.isEmpty()) {
            throw new AssertionError("logged: " + warnings);
        }
        if (++events > EVENTS_MAX) {
            throw new AssertionError("no end after " + events + " events");
        }
        for (SimFlow flow : flows) {
            checkFlow(flow);
        }
        if (network.counters().get(DropReason.INTERNAL) != 0) {
            throw new AssertionError("a frame was dropped for an internal error");
        }
        long sinceHealedNs = nowNs() - healAtNs();
        if (sinceHealedNs > PEACE_NS) {
            flows.stream().filter(flow -> flow.excuse() == null && !flow.isDone()).findAny().ifPresent(flow -> {
                throw new AssertionError("stuck: " + flow.describe());
            });
        }
        if (sinceHealedNs > END_NS) {
            throw new AssertionError("no end after " + elapsedNs() / Faults.S + " s, " + network.flowCount() + " flows");
        }
    }

    private void checkFlow(SimFlow flow) {
        if (flow.watched == null || !flow.watched.isAlive() || flow.isDone()) {
            return;
        }
        if (flow.watched.stackOutstanding() > 0 && stackState(flow) && reactor.wakeAtNs() == Long.MAX_VALUE) {
            throw new AssertionError(flow + ": the stack has " + flow.watched.stackOutstanding() + " outstanding and no wake-up");
        }
        if (flow.guest != null) {
            flow.guest.checkDeadline(flow.watched.guestOutstanding());
        }
        HostPeer peer = flow.peer;
        if (peer == null || !peer.stream.isOpen()) {
            return;
        }
        int queued = peer.readByStack() - flow.watched.stackAcknowledged();
        if (queued > config.tcp().sendBufferMax() + READ_BYTES) {
            throw new AssertionError(flow + ": " + queued + " bytes queued towards the guest");
        }
        if (peer.stream.unsentBytes() > config.tcp().receiveWindowMax() + READ_BYTES) {
            throw new AssertionError(flow + ": " + peer.stream.unsentBytes() + " bytes queued towards the host");
        }
    }

    private boolean stackState(SimFlow flow) {
        return flow.guest != null && network.tcpState(IpAddress.v4(station.ip()), flow.guest.localPort, IpAddress.v4(flow.guest.farIp),
                flow.guest.farPort).isSynchronized();
    }

    /// Something that happened in this world and may end any flow.
    String excuse() {
        if (network.counters().get(Counter.TCP_HALF_OPEN_LIMIT) + network.counters().get(Counter.TCP_FLOW_LIMIT) > 0) {
            return "flow limit";
        }
        if (network.counters().get(Counter.GUEST_BUFFER_EVICTED) > 0) {
            return "buffer limit";
        }
        if (network.counters().get(Counter.TCP_RETRIES_EXHAUSTED) + network.counters().get(Counter.TCP_KEEPALIVE_DEAD) > 0) {
            return "the stack gave up";
        }
        return null;
    }

    /// Whether all flows are gone, and the layers below have had the time to give up what they hold for a while.
    private boolean isOver() {
        if (!isQuiet()) {
            quietAtNs = nowNs();
            return false;
        }
        return reactor.nextEventNs() == Long.MAX_VALUE || nowNs() - quietAtNs > QUIET_NS;
    }

    private boolean isQuiet() {
        if (network.flowCount() > 0) {
            return false;
        }
        for (SimFlow flow : flows) {
            if (!flow.isDone()) {
                return false;
            }
        }
        return true;
    }

    private void end() {
        for (SimFlow flow : flows) {
            if (flow.excuse() == null && !flow.isComplete()) {
                throw new AssertionError("incomplete without a reason: " + flow.describe());
            }
        }
        if (allocator.liveBuffers() != idleBuffers) {
            throw new AssertionError(allocator.liveBuffers() + " buffers are live while nothing goes on, " + idleBuffers + " at the start");
        }
        long forwards = flows.stream().filter(flow -> flow.plan.byHost()).count();
        long datagrams = host.datagrams().stream().filter(socket -> !socket.isClosed()).count();
        if (host.socketsOpen() != forwards + datagrams || datagrams > 1) {
            throw new AssertionError(host.socketsOpen() + " host sockets are open while nothing goes on, of them " + datagrams + " UDP");
        }
        reactor.round(network::close);
        reactor.settle();
        check();
        allocator.assertAllReleased();
        if (host.socketsOpen() != 0) {
            throw new AssertionError(host.socketsOpen() + " host sockets are open after the network was closed");
        }
    }

    private String describe(Throwable e) {
        StringBuilder text = new StringBuilder("seed " + seed + " after " + events + " events: " + e.getMessage() + "\n" + faults + "\n"
                + config.tcp() + "\n" + config.nat() + "\n");
        flows.forEach(flow -> text.append(flow.describe()).append('\n'));
        return text.append(trace.tail()).append("\nreplay: -Dtest=SimulationTest -Dsim.seed=").append(seed).toString();
    }
}
