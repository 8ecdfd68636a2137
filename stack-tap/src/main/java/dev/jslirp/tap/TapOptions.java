package dev.jslirp.tap;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.wire.MacAddress;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/// The options of commands that make a TAP.
final class TapOptions {
    /// The interface inside.
    static final class Interface {
        @Option(names = "--mac", paramLabel = "MAC", description = "Ethernet address of the interface inside (default: random).")
        MacAddress mac;
        @Option(names = "--tap-name", paramLabel = "NAME", defaultValue = "tap0", description = "Name of the interface (default: ${DEFAULT-VALUE}).")
        String tapName;
        @Option(names = "--no-offload", description = "No checksum and segmentation offload at the TAP (slower; for comparison).")
        boolean noOffload;
    }

    @ArgGroup(validate = false, heading = "%nInterface:%n")
    Interface inside = new Interface();

    /// Finds what is wrong before anything is created.
    ///
    /// @throws IllegalArgumentException saying which option is wrong
    void check() {
        if (!inside.tapName.matches("[^/\\s]{1,15}")) {
            throw new IllegalArgumentException("--tap-name '" + inside.tapName + "': expected 1 to 15 characters without blank or slash");
        }
    }

    /// How the interface inside is made.
    GuestSetup setup(NetworkOptions options, boolean configure) {
        AddressPlan plan = options.plan();
        return new GuestSetup(inside.tapName, options.addresses.mtu, inside.mac, !inside.noOffload,
                configure ? plan.firstLease() : null, plan.prefixLength(), plan.gateway());
    }
}
