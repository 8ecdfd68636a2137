package dev.jslirp.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// The life of a connection without data: SYN, connect, SYN-ACK, ACK, FIN each way. Its garbage is the flow's objects.
public class ConnectBenchmark extends BenchmarkBase {
    private static final int FIRST_PORT = 1_024;
    private static final int LAST_PORT = 65_535;

    @Param({"MTU_1500_CSUM"})
    public LinkKind link;
    private BenchNetwork net;
    private int port = FIRST_PORT;

    @Setup
    public void setUp() {
        net = new BenchNetwork(link);
        connectAndClose();
        if (net.network.flowCount() != 0) {
            throw new IllegalStateException(net.network.flowCount() + " flows are left");
        }
    }

    @TearDown
    public void tearDown() {
        net.close();
    }

    @Benchmark
    public void connectAndClose() {
        port = port == LAST_PORT ? FIRST_PORT : port + 1;
        net.connect(port);
        net.close(port);
    }
}
