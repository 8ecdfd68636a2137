package dev.jslirp.tap;

import dev.jslirp.GuestNetwork;
import dev.jslirp.host.netty.EchoSockets;
import dev.jslirp.host.netty.NettyHostNetwork;
import dev.jslirp.host.netty.NettyReactor;
import dev.jslirp.link.FaultLink;
import dev.jslirp.link.Link;
import dev.jslirp.link.PcapLink;
import dev.jslirp.link.TraceLink;
import dev.jslirp.nat.PortForward;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapDevice;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
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
import java.util.concurrent.TimeUnit;

/// One served network: loop, host sockets, link and stack, wired together.
///
/// The constructor starts the loop only, so that it runs while a bridge is still starting; [#serve] does the rest.
final class Daemon implements AutoCloseable {
    private static final int PAGE_BYTES = 8_192;
    /// Chunks of 4 MB: memory for a few large frames, and little more when idle.
    private static final int CHUNK_ORDER = 9;

    private final NetworkOptions options;
    private final MultiThreadIoEventLoopGroup group;
    private final IoEventLoop loop;
    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true, 0, 1, PAGE_BYTES, CHUNK_ORDER,
            PooledByteBufAllocator.defaultSmallCacheSize(), PooledByteBufAllocator.defaultNormalCacheSize(), false);
    private final LinuxEcho echo;
    private final String echoForbidden = LinuxEcho.whyForbidden();
    private final List<PortForward> bound = new ArrayList<>();
    private GuestNetwork network;

    /// Starts the loop.
    Daemon(NetworkOptions options) {
        this.options = options;
        group = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("jslirp-loop", true), NioIoHandler.newFactory());
        loop = group.next();
        IpAddress outbound4 = options.traffic.outbound.stream().filter(IpAddress::isV4).findFirst().orElse(null);
        echo = new LinuxEcho(loop, allocator, outbound4);
    }

    /// Serves the TAP behind `tapFd`, which is consumed.
    ///
    /// @param mtuBytes the interface's MTU
    /// @param onGone   called in-loop when the interface has disappeared
    /// @throws IOException if the TAP cannot be used or a forward not be bound; the message says which and why
    void serve(int tapFd, int mtuBytes, Runnable onGone) throws IOException {
        TapDevice device = adopt(tapFd);
        inLoop(() -> {
            NettyReactor reactor = new NettyReactor(loop);
            Link link = decorate(new TapLink(device, mtuBytes, loop, allocator, onGone), reactor);
            NettyHostNetwork host = new NettyHostNetwork(loop, allocator, options.host(echoForbidden == null ? echo : EchoSockets.NONE));
            network = new GuestNetwork(options.config(), link, host, reactor, new SecureRandom(), allocator);
            if (!options.operation.quiet) {
                network.onLease(Summary::print);
            }
            network.start();
            Processes.forgoNewPrivileges();
            for (PortForward rule : options.forwards()) {
                bound.add(network.forwards().add(rule));
            }
            return null;
        });
    }

    /// Wraps the link in what the options ask for. The capture sees what the wire carries, faults included.
    private Link decorate(Link tap, NettyReactor reactor) throws IOException {
        Link link = tap;
        if (options.operation.pcap != null) {
            link = new PcapLink(link, openCapture(options.operation.pcap), Daemon::epochNs, PcapLink.SNAPLEN_MAX);
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
        try {
            return loop.submit(task).get();
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

    /// Resets all flows, closes the TAP, ends the loop. Idempotent.
    @Override
    public void close() throws IOException {
        if (group.isShuttingDown()) {
            return;
        }
        inLoop(() -> {
            if (network != null) {
                network.close();
            }
            echo.close();
            return null;
        });
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        // Only now: the loop's thread has given the buffers it kept for itself back to the allocator.
        if (options.operation.stats && network != null) {
            Summary.print(network.counters(), allocator);
        }
    }
}
