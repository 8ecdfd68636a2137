package dev.jslirp.tap;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.tap.host.LinuxHostNetwork;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Interfaces;
import dev.jslirp.tap.linux.TapDevice;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/// A short run of everything that a start touches, so that the virtual machine can archive the classes. Needs no privileges; where ordinary
/// users may not make namespaces, a little less is archived.
final class AotTraining {
    /// First argument that turns `Main` into this.
    static final String COMMAND_WORD = "--aot-training";

    private AotTraining() {}

    /// Runs, for a minute at most.
    static void run() throws Exception {
        CompletableFuture.delayedExecutor(1, TimeUnit.MINUTES).execute(() -> Runtime.getRuntime().halt(1));
        parse();
        failToConfigure();
        Logging.level("info");
        try (EpollLoop loop = new EpollLoop("jslirp-loop", 0)) {
            FutureTask<Void> life = new FutureTask<>(() -> lead(loop), null);
            loop.execute(life);
            life.get();
        }
        silent(JslirpCommand.commandLine("run")).execute("run", "-q", "-p", "tcp:127.0.0.1:0-:80", "--", "true");
    }

    private static void parse() {
        CommandLine line = silent(JslirpCommand.commandLine());
        line.execute("--version");
        line.parseArgs("attach", "--configure", "--dns", "192.0.2.1", "--mtu", "1500", "1");
        line.parseArgs("serve", "--listen", "stream:/tmp/net.sock");
        line.execute("run", "--mtu", "1");
    }

    private static CommandLine silent(CommandLine line) {
        return line.setErr(new PrintWriter(new StringWriter())).setOut(new PrintWriter(new StringWriter()));
    }

    /// What the bridge does, with an interface that is not there.
    private static void failToConfigure() {
        String none = "jslirp-none";
        MacAddress mac = MacAddress.parse("02:00:00:00:00:01");
        IpAddress address = IpAddress.parse("192.0.2.1");
        for (Attempt attempt : List.<Attempt>of(() -> TapDevice.adopt(0), () -> Interfaces.mtu(none), () -> Interfaces.setMtu(none, 1_500),
                () -> Interfaces.setMac(none, mac), () -> Interfaces.setAddress(none, address, 24), () -> Interfaces.up(none))) {
            try {
                attempt.run();
            } catch (TapException e) {
                // As expected: what counts is that the classes are known.
            }
        }
    }

    private interface Attempt {
        void run() throws TapException;
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
