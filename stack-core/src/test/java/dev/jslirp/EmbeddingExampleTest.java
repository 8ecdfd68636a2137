package dev.jslirp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.host.netty.NettyHostNetwork;
import dev.jslirp.host.netty.NettyReactor;
import dev.jslirp.link.EmbeddedLink;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.SimGuest;
import dev.jslirp.wire.EthernetHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// The example of README.md, section "Embedding": it compiles, it works, and README.md shows these very lines.
class EmbeddingExampleTest {
    private static final Path SOURCE = Path.of("src/test/java/dev/jslirp/EmbeddingExampleTest.java");
    private static final Path README = Path.of("../README.md");

    private static void embed(EmbeddedLink.FrameSink guest, ByteBuf frame) throws Exception {
        // README begin
        var loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        var loop = loops.next();
        ByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
        var link = new EmbeddedLink(LinkCapabilities.plain(1500), guest);             // frames to the guest: guest.onFrame
        var host = new NettyHostNetwork(loop, allocator, NettyHostNetwork.Options.DEFAULT);
        var network = new GuestNetwork(GuestNetworkConfig.defaults(), link, host, new NettyReactor(loop), new SecureRandom(), allocator);
        loop.execute(network::start);

        loop.execute(() -> link.receive(frame));                                     // a frame from the guest

        loop.submit(network::close).sync();
        loops.shutdownGracefully();
        // README end
    }

    @Test
    void aGuestGetsAnswers() throws Exception {
        int guestIp = 0x0a00_020f;
        int gateway = 0x0a00_0202;
        byte[] request = new EthernetFrame(0xffff_ffff_ffffL, SimGuest.DEFAULT_MAC, EthernetHeader.TYPE_ARP,
                new ArpMessage(1, SimGuest.DEFAULT_MAC, guestIp, 0, gateway).encode()).encode();
        CompletableFuture<Integer> destinationPrefix = new CompletableFuture<>();
        ByteBuf frame = Unpooled.directBuffer().writeBytes(request);

        embed(out -> destinationPrefix.complete(out.header.getInt(0)), frame);

        assertEquals(0x5254_0012, destinationPrefix.get(10, TimeUnit.SECONDS));
        frame.release();
    }

    @Test
    void theReadmeShowsTheseLines() throws IOException {
        String example = Files.readString(SOURCE).split("// README begin\n|\\s*// README end\n")[1].stripIndent();
        String section = Files.readString(README).split("\n## Embedding\n")[1].split("\n## ")[0];
        assertEquals(example, section.split("```java\n")[1].split("\n```")[0]);
    }
}
