package dev.jslirp.nat;

import dev.jslirp.host.HostNetwork;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.net.FrameOutput;
import dev.jslirp.stats.Counters;
import dev.jslirp.time.Batch;
import dev.jslirp.time.TimerWheel;
import java.util.random.RandomGenerator;

/// What all flows of one network share.
///
/// @param config   limits and policies
/// @param policy   which host address a far address stands for
/// @param plan     who is who on the guest network
/// @param host     the host's sockets
/// @param output   the way to the guest
/// @param batch    the round of work
/// @param wheel    the network's timers
/// @param flows    every flow of every protocol
/// @param limits   bytes held in total
/// @param counters counters of the network
public record NatShared(NatConfig config, NatPolicy policy, AddressPlan plan, HostNetwork host, FrameOutput output, Batch batch,
        TimerWheel wheel, FlowTable flows, FlowLimits limits, Counters counters) {
    /// The state of a network without flows.
    public static NatShared create(NatConfig config, FlowPolicy flowPolicy, AddressPlan plan, HostNetwork host, FrameOutput output,
            Batch batch, TimerWheel wheel, Counters counters, RandomGenerator random) {
        return new NatShared(config, new NatPolicy(config, plan, flowPolicy), plan, host, output, batch, wheel, new FlowTable(random),
                new FlowLimits(config, counters), counters);
    }

    /// Flows of all protocols that exist now.
    public int flowCount() {
        return flows.size();
    }

    /// Ends every flow: resets where the protocol has them, sockets closed, buffers released. There will be no others.
    public void shutDown(long nowNs) {
        flows.shut();
        flows.snapshot().forEach(flow -> flow.shutDown(nowNs));
    }
}
