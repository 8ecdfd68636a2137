package dev.jslirp.lan;

import dev.jslirp.wire.MacAddress;

/// One port of the switch.
///
/// @param name    what statistics and messages call it
/// @param guarded whether its guest is held to one MAC address and to the IPv4 address leased to that
/// @param mac     the MAC address of a guarded port; null for the first it sends from
public record PortConfig(String name, boolean guarded, MacAddress mac) {
    /// @throws IllegalArgumentException if there is no name, or a MAC address no guest can have
    public PortConfig {
        if (name == null || name.isEmpty()) {
            throw new IllegalArgumentException("a port needs a name");
        }
        if (mac != null && (!guarded || mac.bits() == 0 || MacAddress.isGroup(mac.bits()))) {
            throw new IllegalArgumentException("port " + name + ": MAC address " + mac
                    + (guarded ? " is not one of a station" : " is for a guarded port"));
        }
    }

    /// A port whose guest may use any addresses but the gateway's.
    public static PortConfig open(String name) {
        return new PortConfig(name, false, null);
    }

    /// A port whose guest is held to the first MAC address it sends from and the IPv4 address leased to it.
    public static PortConfig guarded(String name) {
        return new PortConfig(name, true, null);
    }

    /// As [#guarded(String)], with a MAC address known beforehand.
    public static PortConfig guarded(String name, MacAddress mac) {
        return new PortConfig(name, true, mac);
    }
}
