package dev.jslirp.tap;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.wire.MacAddress;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/// The options of commands that make a TAP.
final class TapOptions {
    private static final int LOOPS_MAX = 16;
    /// Connections that are joined at a time; others go through the interface.
    private static final int SPLICED_MAX = 64;
    /// A flow at full speed keeps three processors busy: one end, the stack, the other end. With fewer than four, a second loop only takes
    /// time from them; more than two loops are for who knows that the guest has so many busy flows.
    private static final int PROCESSORS_FOR_TWO_LOOPS = 4;

    /// The interface inside.
    static final class Interface {
        @Option(names = "--mac", paramLabel = "MAC", description = "Ethernet address of the interface inside (default: random).")
        MacAddress mac;
        @Option(names = "--tap-name", paramLabel = "NAME", defaultValue = "tap0", description = "Name of the interface (default: ${DEFAULT-VALUE}).")
        String tapName;
        @Option(names = "--no-offload", description = "No checksum and segmentation offload at the TAP (slower; for comparison).")
        boolean noOffload;
        @Option(names = "--loops", paramLabel = "N", description = {
                "Threads that share the guest's TCP flows, 1 to 16, each with a queue of the interface",
                "(default: 1; 2 on machines with 4 or more processors)."})
        Integer loops;
        @Option(names = "--splice", description = {
                "Join forwarded TCP connections with servers inside socket to socket, past the interface: less work per byte.",
                "A server then sees its peers at its own address instead of the gateway's.",
                "The interface, --pcap and --trace see nothing of it."})
        boolean splice;
    }

    @ArgGroup(validate = false, heading = "%nInterface:%n")
    Interface inside = new Interface();

    /// Finds what is wrong before anything is created.
    ///
    /// @param tapIsGiven whether the interface exists already
    /// @throws IllegalArgumentException saying which option is wrong
    void check(NetworkOptions options, boolean tapIsGiven) {
        if (inside.loops != null && (inside.loops < 1 || inside.loops > LOOPS_MAX)) {
            throw new IllegalArgumentException("--loops " + inside.loops + " is not within 1 to " + LOOPS_MAX);
        }
        if (inside.loops != null && inside.loops > 1 && mustBeOneLoop(options, tapIsGiven)) {
            throw new IllegalArgumentException("--loops " + inside.loops + (tapIsGiven ? " and --tap-fd exclude each other: it is one queue"
                    : " and --pcap exclude each other: a capture has one writer"));
        }
        if (inside.splice && tapIsGiven) {
            throw new IllegalArgumentException("--splice and --tap-fd exclude each other: sockets are made where the interface is made");
        }
        if (!inside.tapName.matches("[^/\\s]{1,15}")) {
            throw new IllegalArgumentException("--tap-name '" + inside.tapName + "': expected 1 to 15 characters without blank or slash");
        }
    }

    private static boolean mustBeOneLoop(NetworkOptions options, boolean tapIsGiven) {
        return tapIsGiven || options.operation.pcap != null;
    }

    private int loops(NetworkOptions options, boolean tapIsGiven) {
        if (inside.loops != null) {
            return inside.loops;
        }
        return !mustBeOneLoop(options, tapIsGiven) && Runtime.getRuntime().availableProcessors() >= PROCESSORS_FOR_TWO_LOOPS ? 2 : 1;
    }

    /// How the interface inside is made.
    ///
    /// @param tapIsGiven whether it exists already
    GuestSetup setup(NetworkOptions options, boolean configure, boolean tapIsGiven) {
        AddressPlan plan = options.plan();
        return new GuestSetup(inside.tapName, options.addresses.mtu, inside.mac, !inside.noOffload,
                loops(options, tapIsGiven), configure ? plan.firstLease() : null, plan.prefixLength(), plan.gateway(),
                inside.splice ? SPLICED_MAX : 0);
    }
}
