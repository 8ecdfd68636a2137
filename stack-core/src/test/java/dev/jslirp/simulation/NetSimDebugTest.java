package dev.jslirp.simulation;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.tcp.TcpConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class NetSimDebugTest {
    @Test
    void debug() throws Exception {
        TcpConfig tcp = TcpConfig.defaults();
        tcp = new TcpConfig(tcp.receiveWindowMax(), tcp.reassemblyBytesMax(), Integer.getInteger("d.buf"), tcp.rtoMinNs(), tcp.rtoInitialNs(),
                tcp.rtoMaxNs(), tcp.retriesMax(), tcp.synRetriesMax(), tcp.delayedAckNs(), tcp.keepAliveIdleNs(),
                tcp.keepAliveIntervalNs(), tcp.keepAliveProbes(), tcp.timeWaitNs(), tcp.finWait2Ns(), tcp.challengeAcksPerSecond(),
                TcpConfig.CongestionAlgorithm.valueOf(System.getProperty("d.cc")));
        Faults faults = Faults.none(LinkCapabilities.plain(1_500), 10 * Faults.MS, 100_000_000, 250_000).withLoss(Double.parseDouble(System.getProperty("d.loss", "0")));
        SimWorld world = new SimWorld(1, new SplittableRandom(1), faults, GuestNetworkConfig.defaults().withTcp(tcp), List.of(FlowPlan.download(0, 8 << 20, 4 << 20)));
        world.trace.follow(Path.of("target", "simulation", "debug.pcap"));
        world.run();
        System.out.println(world.network.counters());
    }
}
