package dev.jslirp.tap;

import dev.jslirp.tap.linux.Interfaces;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapDevice;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// How the TAP interface inside a namespace is to be made. Travels to the bridge as program arguments.
///
/// @param tapName      name of the interface
/// @param mtuBytes     its MTU
/// @param mac          its Ethernet address, or null for one the kernel chooses
/// @param offload      whether frames carry a virtio-net header
/// @param queues       how many queues it has
/// @param address      IPv4 address to configure, or null to leave that to a DHCP client inside
/// @param prefixLength of `address`
/// @param gateway      default route, used with `address`
record GuestSetup(String tapName, int mtuBytes, MacAddress mac, boolean offload, int queues, IpAddress address, int prefixLength,
        IpAddress gateway) {
    private static final int FIELDS = 8;

    /// As program arguments.
    List<String> toArguments() {
        return List.of(tapName, Integer.toString(mtuBytes), text(mac), Boolean.toString(offload),
                Integer.toString(queues), text(address), Integer.toString(prefixLength), text(gateway));
    }

    /// From the first program arguments, which are removed from `arguments`.
    static GuestSetup fromArguments(ArrayList<String> arguments) {
        List<String> fields = arguments.subList(0, FIELDS);
        GuestSetup setup = new GuestSetup(fields.get(0), Integer.parseInt(fields.get(1)),
                fields.get(2).isEmpty() ? null : MacAddress.parse(fields.get(2)), Boolean.parseBoolean(fields.get(3)),
                Integer.parseInt(fields.get(4)), address(fields.get(5)), Integer.parseInt(fields.get(6)), address(fields.get(7)));
        fields.clear();
        return setup;
    }

    private static String text(Object value) {
        return value == null ? "" : value.toString();
    }

    private static IpAddress address(String text) {
        return text.isEmpty() ? null : IpAddress.parse(text);
    }

    /// Makes the interface in the calling thread's network namespace.
    ///
    /// @return a descriptor for each of the TAP's queues; the caller owns them
    int[] createTap() throws TapException {
        Interfaces.up("lo");
        int[] fds = TapDevice.create(tapName, offload, queues);
        try {
            if (mac != null) {
                Interfaces.setMac(tapName, mac);
            }
            Interfaces.setMtu(tapName, mtuBytes);
            if (address != null) {
                Interfaces.setAddress(tapName, address, prefixLength);
            }
            Interfaces.up(tapName);
            if (address != null) {
                Interfaces.addDefaultRoute(gateway);
            }
            return fds;
        } catch (TapException e) {
            Arrays.stream(fds).forEach(Processes::close);
            throw e;
        }
    }
}
