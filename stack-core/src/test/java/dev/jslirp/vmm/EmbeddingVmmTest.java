package dev.jslirp.vmm;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.GuestNetworkStats;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.host.netty.NettyHostNetwork;
import dev.jslirp.host.netty.NettyReactor;
import dev.jslirp.host.netty.PumpedLoop;
import dev.jslirp.link.EmbeddedLink;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.time.Reactor;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A guest on a virtio-net device gets its lease, looks up a name, fetches a page from a real server of the host and one that the
/// monitor serves itself, and echoes what the monitor says to it; on a loop of Netty's, and on the monitor's own.
class EmbeddingVmmTest {
    /// Only a guard against hanging: nothing waits for it to pass.
    private static final long GUARD_S = 30;
    private static final IpAddress METADATA = IpAddress.parse("169.254.169.254");
    private static final int ECHO = 7;

    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true, 0, 1, 8192, 6, 0, 0, false);
    private final byte[] page = new byte[2_000_000];
    private final VirtioNic nic = new VirtioNic(4);
    private final GuestProgram guest = new GuestProgram(nic, 0x5254_0012_3456L);
    private final ExecutorService vcpu = Executors.newSingleThreadExecutor();
    private HttpServer server;
    private GuestNetwork network;

    @BeforeEach
    void serve() throws Exception {
        new Random(1).nextBytes(page);
        server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(page);
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        vcpu.shutdownNow();
    }

    private EmbeddedLink create(Reactor reactor, IoEventLoop loop) {
        EmbeddedLink link = new EmbeddedLink(LinkCapabilities.offloading(1_500, true), nic, reactor, allocator,
                new EmbeddedLink.Limits(4, 1_024, 16 << 20));
        nic.plugInto(link);
        GuestNetworkConfig config = GuestNetworkConfig.defaults().withDns(DnsConfig.forwardingTo(List::of)
                .withStaticNames(Map.of("host.test", List.of(IpAddress.parse("10.0.2.2")))));
        network = new GuestNetwork(config, link, new NettyHostNetwork(loop, allocator, NettyHostNetwork.Options.DEFAULT), reactor,
                new SecureRandom(), allocator);
        return link;
    }

    /// What the monitor offers its guest. In-loop.
    private void start() {
        network.listen(METADATA, 80, MetadataServer::new);
        network.start();
    }

    /// What the guest does, on its own thread.
    private CompletableFuture<Void> boot(Reactor reactor) {
        CompletableFuture<Void> echoed = new CompletableFuture<>();
        CompletableFuture<Void> guestDone = CompletableFuture.runAsync(() -> {
            try {
                guest.lease();
                assertEquals(IpAddress.parse("10.0.2.15").v4Bits(), guest.ip());
                int host = guest.addressOf("host.test");
                byte[] answer = guest.fetch(host, server.getAddress().getPort(), "GET / HTTP/1.0\r\n\r\n".getBytes(US_ASCII));
                assertArrayEquals(page, bodyOf(answer));
                assertEquals("metadata for 50000", new String(guest.fetch(METADATA.v4Bits(), 80, new byte[50_000]), US_ASCII));
                reactor.execute(() -> new EchoClient(network, IpAddress.v4(guest.ip()), echoed));
                guest.serveEcho(ECHO);
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            }
        }, vcpu);
        return CompletableFuture.allOf(guestDone, echoed);
    }

    private static byte[] bodyOf(byte[] answer) {
        int end = new String(answer, US_ASCII).indexOf("\r\n\r\n") + 4;
        return Arrays.copyOfRange(answer, end, answer.length);
    }

    private void check(GuestNetworkStats stats, EmbeddedLink link) {
        assertEquals(0, stats.linkDrops());
        assertEquals(0, stats.drops().values().stream().mapToLong(Long::longValue).sum(), () -> stats.drops().toString());
        assertTrue(guest.longestPacket > 1_500, "segmentation is left to the guest");
        assertTrue(nic.interrupts() <= stats.get(Counter.FRAMES_TO_GUEST));
        assertTrue(link.refusals() > 0, "50 000 bytes are more frames than may wait");
    }

    @Test
    void aGuestIsServedByALoopOfNettys() throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        IoEventLoop loop = loops.next();
        NettyReactor reactor = new NettyReactor(loop);
        EmbeddedLink link = create(reactor, loop);
        loop.submit(this::start).sync();

        boot(reactor).get(GUARD_S, TimeUnit.SECONDS);

        check(loop.submit(network::stats).get(), link);
        loop.submit(network::close).sync();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        assertNothingIsLeaked();
    }

    @Test
    void aGuestIsServedByTheMonitorsOwnLoop() throws Exception {
        PumpedLoop pump = new PumpedLoop(Thread.currentThread(), System::nanoTime, () -> { });
        EmbeddedLink link = create(pump, pump.eventLoop());
        start();

        CompletableFuture<Void> done = boot(pump);
        done.whenComplete((_, _) -> pump.wakeUp());
        long guardNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(GUARD_S);
        while (!done.isDone() && System.nanoTime() - guardNs < 0) {
            pump.poll(TimeUnit.SECONDS.toNanos(1));
        }
        done.get(0, TimeUnit.SECONDS);

        check(network.stats(), link);
        network.close();
        pump.close();
        assertNothingIsLeaked();
    }

    private void assertNothingIsLeaked() {
        assertEquals(0, allocator.metric().directArenas().getFirst().numActiveAllocations(), "buffers not released");
    }

    /// What both programs of the monitor have in common.
    private abstract static class Program implements HostStreamListener {
        HostStream stream;

        final void write(String text) {
            ByteBuf bytes = Unpooled.copiedBuffer(text, US_ASCII);
            stream.write(bytes, 0, bytes.readableBytes());
            stream.flush();
            bytes.release();
        }

        @Override
        public void onConnected() {
            throw new AssertionError("connected already");
        }

        @Override
        public void onConnectFailed(HostError error) {
            throw new AssertionError("connected already");
        }

        @Override
        public void onEof() {
            stream.close();
        }

        @Override
        public void onReset(HostError error) {
            // The guest's word; its own checks fail then.
        }

        @Override
        public void onDrained() {
            // Little is written.
        }
    }

    /// Answers 50 000 bytes with their number.
    private static final class MetadataServer extends Program {
        private int received;

        MetadataServer(HostStream stream) {
            this.stream = stream;
            stream.resumeReads();
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            received += bytes.readableBytes();
            bytes.release();
            if (received == 50_000) {
                write("metadata for " + received);
                stream.close();
            }
        }
    }

    /// Says a word to the guest and waits for its echo.
    private static final class EchoClient extends Program {
        private final CompletableFuture<Void> echoed;

        EchoClient(GuestNetwork network, IpAddress guest, CompletableFuture<Void> echoed) {
            this.echoed = echoed;
            stream = network.dial(guest, ECHO, this);
            stream.resumeReads();
        }

        @Override
        public void onConnected() {
            write("hello");
        }

        @Override
        public void onConnectFailed(HostError error) {
            echoed.completeExceptionally(new AssertionError("the guest does not answer: " + error));
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            assertEquals("hello", bytes.toString(US_ASCII));
            bytes.release();
            stream.shutdownOutput();
        }

        @Override
        public void onEof() {
            super.onEof();
            echoed.complete(null);
        }
    }
}
