package dev.jslirp.tap;

import dev.jslirp.nat.PortForward;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.service.Lease;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DropReason;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Collectors;

/// The few lines on standard error that say what the guest has got, and in the end what happened.
final class Summary {
    private Summary() {}

    /// Prints what a DHCP client got.
    static void print(Lease lease) {
        System.err.println("jslirp: lease " + lease.address() + " to " + lease.mac() + (lease.hostname().isEmpty() ? "" : " " + lease.hostname()));
    }

    /// Prints them, unless `--quiet`.
    static void print(NetworkOptions options, GuestSetup setup, Daemon daemon) {
        if (options.operation.quiet) {
            return;
        }
        AddressPlan plan = options.plan();
        StringBuilder text = new StringBuilder();
        String how = setup.address() == null ? " by DHCP" : "";
        text.append("jslirp: ").append(setup.tapName()).append(' ').append(plan.firstLease()).append('/').append(plan.prefixLength())
                .append(how).append(", gateway ").append(plan.gateway()).append(", DNS ").append(plan.dns())
                .append(", MTU ").append(setup.mtuBytes()).append('\n');
        List<InetSocketAddress> resolvers = options.config().dns().upstreams().get();
        text.append("jslirp: DNS is forwarded to ").append(resolvers.isEmpty() ? "nobody: the host names no resolver" : resolvers.stream()
                .map(a -> a.getAddress().getHostAddress() + (a.getPort() == 53 ? "" : ":" + a.getPort()))
                .collect(Collectors.joining(", "))).append('\n');
        for (PortForward rule : daemon.forwards()) {
            text.append("jslirp: forward ").append(rule).append('\n');
        }
        if (daemon.echoForbidden() != null) {
            text.append("jslirp: ").append(daemon.echoForbidden()).append('\n');
        }
        System.err.print(text);
    }

    /// Prints what was counted: events, then drops, then the buffers that were never released.
    static void print(Counters counters, long buffersInUse) {
        StringBuilder text = new StringBuilder();
        for (Counter counter : Counter.values()) {
            appendUnlessZero(text, counter, counters.get(counter));
        }
        for (DropReason reason : DropReason.values()) {
            appendUnlessZero(text, reason, counters.get(reason));
        }
        System.err.print(text.append("buffers in use ").append(buffersInUse).append('\n'));
    }

    private static void appendUnlessZero(StringBuilder text, Enum<?> name, long count) {
        if (count != 0) {
            text.append(name).append(' ').append(count).append('\n');
        }
    }
}
