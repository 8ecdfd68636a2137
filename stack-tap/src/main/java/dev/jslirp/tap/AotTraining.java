package dev.jslirp.tap;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.tap.host.EchoSockets;
import dev.jslirp.tap.host.LinuxHostNetwork;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.security.SecureRandom;
import java.util.concurrent.FutureTask;
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
        line.parseArgs("serve", "--listen", "stream:/tmp/net.sock");
        line.execute("run", "--mtu", "1");
        EchoSockets.whyForbidden();
        Logging.level("info");
        try (EpollLoop loop = new EpollLoop("jslirp-loop", 0)) {
            FutureTask<Void> life = new FutureTask<>(() -> lead(loop), null);
            loop.execute(life);
            life.get();
        }
    }

    private static void lead(EpollLoop loop) {
        var allocator = new PooledByteBufAllocator(true);
        var host = new LinuxHostNetwork(loop, allocator, LinuxHostNetwork.Options.DEFAULT);
        var network = new GuestNetwork(GuestNetworkConfig.defaults(), new NoLink(), host, loop.newReactor(), new SecureRandom(), allocator);
        network.start();
        network.close();
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
