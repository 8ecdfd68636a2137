package dev.jslirp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.host.HostAcceptor;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.host.netty.NettyHostNetwork;
import dev.jslirp.host.netty.NettyReactor;
import dev.jslirp.host.netty.PumpedLoop;
import dev.jslirp.link.EmbeddedLink;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.nat.FlowPolicy.Verdict.Deny;
import dev.jslirp.nat.FlowPolicy.Verdict.Pass;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.SimGuest;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Offload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/// The examples of README.md, section "Embedding": they compile, they work, and README.md shows these very lines.
class EmbeddingExampleTest {
    private static final Path SOURCE = Path.of("src/test/java/dev/jslirp/EmbeddingExampleTest.java");
    private static final Path README = Path.of("../README.md");

    private static void onALoopOfNettys(EmbeddedLink.FrameSink nic, ByteBuffer frame, List<InetSocketAddress> resolvers,
            HostAcceptor acceptor, HostStreamListener agent) throws Exception {
        IpAddress metadata = IpAddress.parse("169.254.169.254");
        IpAddress guest = IpAddress.parse("10.0.2.15");
        // README begin
        var loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        var loop = loops.next();
        var reactor = new NettyReactor(loop);
        ByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
        var link = new EmbeddedLink(LinkCapabilities.plain(1500), nic, reactor, allocator, EmbeddedLink.Limits.DEFAULT);
        var host = new NettyHostNetwork(loop, allocator, NettyHostNetwork.Options.DEFAULT);
        var config = GuestNetworkConfig.defaults()
                .withDns(DnsConfig.forwardingTo(() -> resolvers))
                .withFlowPolicy(request -> request.farPort() == 25 ? new Deny(HostError.PROHIBITED) : new Pass());
        var network = new GuestNetwork(config, link, host, reactor, new SecureRandom(), allocator);
        loop.execute(network::start);

        link.offer(frame, Offload.NONE);                                  // frames from the guest, from any thread
        link.submit();                                                    // once for any number of them

        loop.execute(() -> network.listen(metadata, 80, acceptor));       // the guest connects to this program
        loop.execute(() -> network.dial(guest, 22, agent));               // this program connects to the guest

        loop.submit(network::close).sync();
        loops.shutdownGracefully();
        // README end
    }

    private static void onALoopOfItsOwn(EmbeddedLink.FrameSink nic, Supplier<ByteBuf> guest, ByteBufAllocator allocator) {
        // README begin
        var pump = new PumpedLoop(Thread.currentThread(), System::nanoTime, () -> { });
        var link = new EmbeddedLink(LinkCapabilities.plain(1500), nic);
        var host = new NettyHostNetwork(pump.eventLoop(), allocator, NettyHostNetwork.Options.DEFAULT);
        var network = new GuestNetwork(GuestNetworkConfig.defaults(), link, host, pump, new SecureRandom(), allocator);
        network.start();
        for (ByteBuf frame = guest.get(); frame != null; frame = guest.get()) {
            link.receive(frame);
            pump.poll(0);                                                 // sockets, timers; or sleep here: poll(nanoseconds)
        }
        network.close();
        pump.close();
        // README end
    }

    /// An ARP request for the gateway.
    private static byte[] request() {
        return new EthernetFrame(0xffff_ffff_ffffL, SimGuest.DEFAULT_MAC, EthernetHeader.TYPE_ARP,
                new ArpMessage(1, SimGuest.DEFAULT_MAC, 0x0a00_020f, 0, 0x0a00_0202).encode()).encode();
    }

    @Test
    void aGuestGetsAnswersFromALoopOfNettys() throws Exception {
        CompletableFuture<Integer> answeredStation = new CompletableFuture<>();
        HostStreamListener agent = (HostStreamListener) Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[] {HostStreamListener.class}, (_, _, _) -> null);

        onALoopOfNettys(frame -> answeredStation.complete(frame.header.getInt(0)), ByteBuffer.wrap(request()), List.of(), _ -> null, agent);

        assertEquals(0x5254_0012, answeredStation.get(10, TimeUnit.SECONDS));
    }

    @Test
    void aGuestGetsAnswersFromTheProgramsOwnLoop() {
        List<Integer> answeredStations = new ArrayList<>();
        ByteBuf frame = Unpooled.directBuffer().writeBytes(request());
        Iterator<ByteBuf> frames = List.of(frame, frame).iterator();

        onALoopOfItsOwn(out -> answeredStations.add(out.header.getInt(0)), () -> frames.hasNext() ? frames.next() : null,
                UnpooledByteBufAllocator.DEFAULT);

        assertEquals(List.of(0x5254_0012, 0x5254_0012), answeredStations);
        frame.release();
    }

    @Test
    void theReadmeShowsTheseLines() throws IOException {
        String source = Files.readString(SOURCE);
        String section = Files.readString(README).split("\n## Embedding\n")[1].split("\n## ")[0];
        for (int example = 1; example <= 2; example++) {
            String lines = source.split("// README begin\n")[example].split("\\s*// README end\n")[0].stripIndent();
            assertEquals(lines, section.split("```java\n")[example].split("\n```")[0]);
        }
    }
}
