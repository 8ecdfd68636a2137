package dev.jslirp;

import dev.jslirp.host.HostNetwork;
import dev.jslirp.link.Link;
import dev.jslirp.nat.PortForwards;
import dev.jslirp.stats.Counters;
import dev.jslirp.time.Reactor;
import io.netty.buffer.ByteBufAllocator;
import java.util.random.RandomGenerator;

/// Placeholder for the façade: one guest network.
public final class GuestNetwork implements AutoCloseable {
    /// Wires a network. Nothing happens before [#start].
    public GuestNetwork(GuestNetworkConfig config, Link link, HostNetwork host, Reactor reactor, RandomGenerator random,
            ByteBufAllocator allocator) {}

    /// Begins to serve the guest. In-loop.
    public void start() {}

    /// The port forwards. In-loop.
    public PortForwards forwards() {
        return null;
    }

    /// The counters; written by the owning thread.
    public Counters counters() {
        return null;
    }

    /// Resets every flow, closes link and host network. In-loop; idempotent.
    @Override
    public void close() {}
}
