package dev.jslirp.tap;

import dev.jslirp.GuestNetwork;
import dev.jslirp.link.FaultLink;
import dev.jslirp.link.Link;
import dev.jslirp.link.PcapLink;
import dev.jslirp.link.TraceLink;
import dev.jslirp.nat.PortForward;
import dev.jslirp.service.Lease;
import dev.jslirp.tap.host.EchoSockets;
import dev.jslirp.tap.host.LinuxHostNetwork;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapDevice;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.time.Reactor;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// One served network: loop, host sockets, link and stack, wired together.
///
/// The constructor starts the loop only, so that it runs while a bridge is still starting; [#serve] does the rest.
final class Daemon implements AutoCloseable {
    private static final int PAGE_BYTES = 8_192;
    /// Chunks of 4 MB: memory for a few large frames, and little more when idle.
    private static final int CHUNK_ORDER = 9;

    private final NetworkOptions options;
    private final EpollLoop loop;
    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true, 0, 1, PAGE_BYTES, CHUNK_ORDER,
            PooledByteBufAllocator.defaultSmallCacheSize(), PooledByteBufAllocator.defaultNormalCacheSize(), false);
    private final String echoForbidden = EchoSockets.whyForbidden();
    private final List<PortForward> bound = new ArrayList<>();
    private LinkSource links;
    private GuestNetwork network;
    private boolean closed;

    /// Starts the loop.
    ///
    /// @throws TapException if the kernel gives no descriptor for it
    Daemon(NetworkOptions options) throws TapException {
        this.options = options;
        loop = new EpollLoop("jslirp-loop");
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

    /// Serves the TAP behind `tapFd`, which is consumed.
    ///
    /// @param mtuBytes the interface's MTU
    /// @param onGone   called in-loop when the interface has disappeared
    /// @throws IOException if the TAP cannot be used or a forward not be bound; the message says which and why
    void serveTap(int tapFd, int mtuBytes, Runnable onGone) throws IOException {
        TapDevice device = adopt(tapFd);
        serve((eventLoop, _, buffers) -> new TapLink(device, mtuBytes, eventLoop, buffers, onGone));
    }

    /// Serves whoever is at the link that `source` makes.
    ///
    /// @throws IOException if there is no link or a forward cannot be bound; the message says which and why
    void serve(LinkSource source) throws IOException {
        links = source;
        inLoop(() -> {
            Reactor reactor = loop.newReactor();
            FileChannel capture = options.operation.pcap == null ? null : openCapture(options.operation.pcap);
            Link link = decorate(source.open(loop, reactor, allocator), capture, reactor);
            LinuxHostNetwork host = new LinuxHostNetwork(loop, allocator, options.host(echoForbidden == null));
            network = new GuestNetwork(options.config(), link, host, reactor, new SecureRandom(), allocator);
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
    }

    /// Wraps the link in what the options ask for. The capture sees what the wire carries, faults included.
    private Link decorate(Link bare, FileChannel capture, Reactor reactor) {
        Link link = bare;
        if (capture != null) {
            link = new PcapLink(link, capture, Daemon::epochNs, PcapLink.SNAPLEN_MAX);
        }
        if (options.operation.trace) {
            link = new TraceLink(link, System.err::println, allocator);
        }
        if (options.operation.fault != null) {
            link = new FaultLink(link, options.operation.fault, new SplittableRandom(), reactor, allocator);
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

    private static TapDevice adopt(int tapFd) throws TapException {
        try {
            return TapDevice.adopt(tapFd);
        } catch (TapException e) {
            Processes.close(tapFd);
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

    private <T> T inLoop(Callable<T> task) throws IOException {
        FutureTask<T> future = new FutureTask<>(task);
        loop.execute(future);
        try {
            return future.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case RuntimeException bug -> throw bug;
                default -> throw new IllegalStateException(e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /// Resets all flows, closes the link, ends the loop. Idempotent.
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        String report = inLoop(() -> {
            if (network == null) {
                return "";
            }
            String last = Summary.link(network.stats().linkDrops(), links.report());
            network.close();
            return last;
        });
        loop.close();
        // Only now: the loop's thread has given the buffers it kept for itself back to the allocator.
        if (options.operation.stats && network != null) {
            Summary.print(network.counters(), report, allocator);
        }
    }
}
