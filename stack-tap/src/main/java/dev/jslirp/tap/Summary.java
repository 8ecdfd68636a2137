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

/// The few lines on standard error that say what the guest has got.
final class Summary {
    /// What shows how work is spread over loops.
    private static final List<Counter> PER_LOOP = List.of(Counter.FRAMES_FROM_GUEST, Counter.FRAMES_TO_GUEST, Counter.TCP_FLOWS_OPENED,
            Counter.FRAMES_HANDED_OVER);

    private Summary() {}

    /// What a link has counted.
    ///
    /// @param drops  frames for guests that it had no room for
    /// @param report further lines
    static String link(long drops, String report) {
        StringBuilder text = new StringBuilder();
        line(text, "LINK_DROPS", drops);
        return text.append(report).toString();
    }

    /// Prints every counter that has moved, all loops together, and how many buffers were never given back.
    ///
    /// @param link see [#link]
    static void print(List<Counters> loops, String link, long buffersInUse) {
        Counters all = new Counters();
        loops.forEach(all::add);
        StringBuilder text = new StringBuilder("jslirp: counters\n");
        for (Counter counter : Counter.values()) {
            line(text, counter.name(), all.get(counter));
        }
        for (DropReason reason : DropReason.values()) {
            line(text, reason.name(), all.get(reason));
        }
        text.append(link);
        for (int i = 0; i < loops.size() && loops.size() > 1; i++) {
            for (Counter counter : PER_LOOP) {
                line(text, "loop " + i + ' ' + counter.name(), loops.get(i).get(counter));
            }
        }
        System.err.print(text.append("  buffers in use ").append(buffersInUse).append('\n'));
    }

    private static void line(StringBuilder text, String name, long value) {
        if (value != 0) {
            text.append("  ").append(name).append(' ').append(value).append('\n');
        }
    }

    /// Prints that somebody deleted the interface, which ends all networking.
    static void printGone(GuestSetup setup) {
        System.err.println("jslirp: " + setup.tapName() + " was deleted: there is no network any more");
    }

    /// Prints what a DHCP client got.
    static void print(Lease lease) {
        System.err.println("jslirp: lease " + lease.address() + " to " + lease.mac() + (lease.hostname().isEmpty() ? "" : " " + lease.hostname()));
    }

    /// What a TAP's guest is and has.
    static String guest(GuestSetup setup, AddressPlan plan) {
        return setup.tapName() + ' ' + plan.firstLease() + '/' + plan.prefixLength() + (setup.address() == null ? " by DHCP" : "");
    }

    /// Prints the lines, unless `--quiet`.
    ///
    /// @param guest who gets which address
    static void print(NetworkOptions options, String guest, Daemon daemon) {
        if (options.operation.quiet) {
            return;
        }
        AddressPlan plan = options.plan();
        StringBuilder text = new StringBuilder();
        text.append("jslirp: ").append(guest).append(", gateway ").append(plan.gateway()).append(", DNS ").append(plan.dns())
                .append(", MTU ").append(options.addresses.mtu).append('\n');
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
}
