package dev.jslirp.tap;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.host.netty.EchoSockets;
import dev.jslirp.host.netty.NettyHostNetwork;
import dev.jslirp.host.netty.NettyReactor;
import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/// A short run of everything that a start touches, so that the virtual machine can archive the classes. Needs no privileges.
final class AotTraining {
    /// First argument that turns `Main` into this.
    static final String COMMAND_WORD = "--aot-training";

    private AotTraining() {}

    /// Runs.
    static void run() throws Exception {
        CommandLine line = JslirpCommand.commandLine();
        line.setErr(new PrintWriter(new StringWriter())).setOut(new PrintWriter(new StringWriter()));
        line.execute("--version");
        line.parseArgs("run", "-p", "tcp:127.0.0.1:8080-:80", "--dns", "192.0.2.1", "--", "true");
        line.execute("run", "--mtu", "1");
        LinuxEcho.whyForbidden();
        Logging.level("info");
        var group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        IoEventLoop loop = group.next();
        var allocator = new PooledByteBufAllocator(true);
        loop.submit(() -> {
            var host = new NettyHostNetwork(loop, allocator, new NettyHostNetwork.Options(null, null, 0, 0, EchoSockets.NONE));
            var network = new GuestNetwork(GuestNetworkConfig.defaults(), new NoLink(), host, new NettyReactor(loop), new SecureRandom(),
                    allocator);
            network.start();
            network.close();
        }).await();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).await();
    }

    /// A link to nobody.
    private static final class NoLink implements Link {
        @Override
        public LinkCapabilities capabilities() {
            return LinkCapabilities.offloading(65_520, true);
        }

        @Override
        public void start(FrameReceiver receiver) {}

        @Override
        public void transmit(OutboundFrame frame) {}

        @Override
        public void flush() {}

        @Override
        public long dropped() {
            return 0;
        }

        @Override
        public void close() {}
    }
}
