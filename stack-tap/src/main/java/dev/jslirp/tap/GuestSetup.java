package dev.jslirp.tap;

import dev.jslirp.tap.linux.Interfaces;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.Sockets;
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
/// @param sockets      TCP sockets to be made there for the daemon
record GuestSetup(String tapName, int mtuBytes, MacAddress mac, boolean offload, int queues, IpAddress address, int prefixLength,
        IpAddress gateway, int sockets) {
    private static final int FIELDS = 9;

    /// As program arguments.
    List<String> toArguments() {
        return List.of(tapName, Integer.toString(mtuBytes), text(mac), Boolean.toString(offload),
                Integer.toString(queues), text(address), Integer.toString(prefixLength), text(gateway), Integer.toString(sockets));
    }

    /// From the first program arguments, which are removed from `arguments`.
    static GuestSetup fromArguments(ArrayList<String> arguments) {
        List<String> fields = arguments.subList(0, FIELDS);
        GuestSetup setup = new GuestSetup(fields.get(0), Integer.parseInt(fields.get(1)),
                fields.get(2).isEmpty() ? null : MacAddress.parse(fields.get(2)), Boolean.parseBoolean(fields.get(3)),
                Integer.parseInt(fields.get(4)), address(fields.get(5)), Integer.parseInt(fields.get(6)), address(fields.get(7)),
                Integer.parseInt(fields.get(8)));
        fields.clear();
        return setup;
    }

    private static String text(Object value) {
        return value == null ? "" : value.toString();
    }

    private static IpAddress address(String text) {
        return text.isEmpty() ? null : IpAddress.parse(text);
    }

    /// Makes interface and sockets in the calling thread's network namespace.
    ///
    /// @return their descriptors; the caller owns them
    GuestDescriptors create() throws TapException {
        Interfaces.up("lo");
        int[] tap = TapDevice.create(tapName, offload, queues);
        try {
            configureTap();
            return sockets == 0 ? new GuestDescriptors(tap) : new GuestDescriptors(tap, Sockets.openStreams(sockets));
        } catch (TapException e) {
            new GuestDescriptors(tap).close();
            throw e;
        }
    }

    private void configureTap() throws TapException {
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
    }
}
