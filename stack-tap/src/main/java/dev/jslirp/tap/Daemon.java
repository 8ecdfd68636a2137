package dev.jslirp.tap;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.FaultLink;
import dev.jslirp.link.HandOver;
import dev.jslirp.link.HandOverLink;
import dev.jslirp.link.Link;
import dev.jslirp.link.PcapLink;
import dev.jslirp.link.TraceLink;
import dev.jslirp.nat.PortForward;
import dev.jslirp.service.Lease;
import dev.jslirp.stats.Counters;
import dev.jslirp.tap.host.EchoSockets;
import dev.jslirp.tap.host.LinuxHostNetwork;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapDevice;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.time.Reactor;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// One served network: loops, host sockets, links and stack, wired together.
///
/// The constructor starts the first loop only, so that it runs while a bridge is still starting; [#serve] does the rest.
final class Daemon implements AutoCloseable {
    /// Frames of other loops that may wait for the first one, of 64 KiB each at most, as the kernel's queue may hold twice as many.
    private static final int HANDED_OVER_MAX = 512;
    /// What the threads of the virtual machine are called that compile Java code, and how far they give way. Where processors are few, the
    /// two or three seconds that compiling takes would else be taken from the guest's first seconds of traffic.
    private static final String COMPILERS = "CompilerThre";
    private static final int COMPILERS_GIVE_WAY_BY = 10;

    private final NetworkOptions options;
    private final ServiceLoop service;
    private final List<ShardLoop> shards = new ArrayList<>();
    private final String echoForbidden = EchoSockets.whyForbidden();
    private final List<PortForward> bound = new ArrayList<>();
    /// Sockets of the guest's namespace, if there is one, and they are wanted.
    private int[] guestSockets = {};
    private LinkSource links;
    private GuestNetwork network;
    /// The link of the first loop where there are more, else null.
    private HandOverLink handOver;
    private boolean closed;

    /// Starts the first loop.
    ///
    /// @throws TapException if the kernel gives no descriptor for it
    Daemon(NetworkOptions options) throws TapException {
        this.options = options;
        service = new ServiceLoop("jslirp-loop", options.busyPollNs());
    }

    /// Makes the guest's link. All in-loop.
    interface LinkSource {
        /// The link is the network's from then on.
        ///
        /// @throws IOException saying why there is none; nothing is left open then
        Link open(EpollLoop loop, Reactor reactor, ByteBufAllocator allocator) throws IOException;

        /// A guest got an address.
        default void onLease(Lease lease) {}

        /// What the link has counted besides its drops, as lines of text; before it is closed.
        default String report() {
            return "";
        }
    }

    /// Serves the TAP whose queues are among `made`, which are consumed; each queue has a loop. If there are sockets, forwards make use of
    /// them.
    ///
    /// @param mtuBytes the interface's MTU
    /// @param onGone   called by one of the loops, once, when the interface has disappeared
    /// @throws IOException if the TAP cannot be used or a forward not be bound; the message says which and why
    void serveTap(GuestDescriptors made, int mtuBytes, Runnable onGone) throws IOException {
        List<TapDevice> queues = adopt(made);
        guestSockets = made.sockets();
        AtomicBoolean told = new AtomicBoolean();
        Runnable gone = () -> {
            if (told.compareAndSet(false, true)) {
                onGone.run();
            }
        };
        for (int i = 1; i < queues.size(); i++) {
            shards.add(new ShardLoop(queues.get(i), i, options.busyPollNs()));
        }
        serve((eventLoop, _, buffers) -> new TapLink(queues.getFirst(), mtuBytes, eventLoop, buffers, gone));
        for (ShardLoop shard : shards) {
            shard.serve(mtuBytes, config(), options.host(false), handOver, this::decorate, gone);
        }
        ServiceLoop before = service;
        Consumer<HandOver> connect = network::handStraysTo;
        for (ShardLoop shard : shards) {
            shard.takeStraysOf(before, connect);
            before = shard.service();
            connect = shard::handStraysTo;
        }
    }

    /// Serves whoever is at the link that `source` makes.
    ///
    /// @throws IOException if there is no link or a forward cannot be bound; the message says which and why
    void serve(LinkSource source) throws IOException {
        links = source;
        service.call(() -> {
            EpollLoop loop = service.loop();
            ByteBufAllocator allocator = service.allocator();
            Reactor reactor = loop.newReactor();
            FileChannel capture = options.operation.pcap == null ? null : openCapture(options.operation.pcap);
            Link link = source.open(loop, reactor, allocator);
            if (capture != null) {
                link = new PcapLink(link, capture, Daemon::epochNs, PcapLink.SNAPLEN_MAX);
            }
            link = decorate(link, reactor, service);
            if (!shards.isEmpty()) {
                handOver = new HandOverLink(link, reactor, allocator, HANDED_OVER_MAX);
                link = handOver;
            }
            LinuxHostNetwork host = new LinuxHostNetwork(loop, allocator, options.host(echoForbidden == null));
            if (guestSockets.length > 0) {
                host.spliceBy(guestSockets);
            }
            network = new GuestNetwork(config(), link, host, reactor, new SecureRandom(), allocator);
            network.onLease(lease -> {
                source.onLease(lease);
                if (!options.operation.quiet) {
                    Summary.print(lease);
                }
            });
            network.start();
            Processes.forgoNewPrivileges();
            for (PortForward rule : options.forwards()) {
                bound.add(network.forwards().add(rule));
            }
            return null;
        });
        Processes.giveWay(COMPILERS, COMPILERS_GIVE_WAY_BY);
    }

    private GuestNetworkConfig config() {
        return options.config().dividedBy(1 + shards.size());
    }

    /// Wraps a link in what the options ask for. A capture, which is inside, sees what the wire carries, faults included.
    private Link decorate(Link bare, Reactor reactor, ServiceLoop on) {
        Link link = bare;
        if (options.operation.trace) {
            link = new TraceLink(link, System.err::println, on.allocator());
        }
        if (options.operation.fault != null) {
            link = new FaultLink(link, options.operation.fault, new SplittableRandom(), reactor, on.allocator());
        }
        return link;
    }

    private static FileChannel openCapture(Path file) throws IOException {
        try {
            return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new IOException("cannot write the capture to " + file + ": " + e, e);
        }
    }

    private static long epochNs() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    private static List<TapDevice> adopt(GuestDescriptors made) throws TapException {
        List<TapDevice> queues = new ArrayList<>();
        try {
            for (int fd : made.tap()) {
                queues.add(TapDevice.adopt(fd));
            }
            return queues;
        } catch (TapException e) {
            made.close();
            throw e;
        }
    }

    /// The forwards in force, with the ports the host chose.
    List<PortForward> forwards() {
        return bound;
    }

    /// Why ping from the guest will not work, or null.
    String echoForbidden() {
        return echoForbidden;
    }

    /// Resets all flows, closes the links, ends the loops: the first one last, since the others hand over to it. Idempotent.
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        long drops = 0;
        for (ShardLoop shard : shards) {
            drops += shard.closeNetwork();
        }
        long shardDrops = drops;
        String report = service.call(() -> {
            if (network == null) {
                return "";
            }
            String last = Summary.link(shardDrops + network.stats().linkDrops(), links.report());
            network.close();
            return last;
        });
        shards.forEach(ShardLoop::close);
        service.close();
        if (options.operation.stats && network != null) {
            printStats(report);
        }
    }

    private void printStats(String report) {
        List<Counters> loops = new ArrayList<>(List.of(network.counters()));
        shards.stream().map(ShardLoop::counters).filter(Objects::nonNull).forEach(loops::add);
        Summary.print(loops, report, service.buffersInUse() + shards.stream().mapToLong(shard -> shard.service().buffersInUse()).sum());
    }
}
