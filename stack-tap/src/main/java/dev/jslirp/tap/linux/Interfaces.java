package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Configures network interfaces of the calling thread's network namespace by ioctl, so that no `ip` program is needed.
public final class Interfaces {
    private Interfaces() {}

    /// Sets the Ethernet address. The interface must be down.
    public static void setMac(String name, MacAddress mac) throws TapException {
        request(name, SIOCSIFHWADDR, "cannot set the MAC address of " + name + " to " + mac, request -> {
            request.set(ValueLayout.JAVA_SHORT, 16, (short) ARPHRD_ETHER);
            for (int i = 0; i < 6; i++) {
                request.set(ValueLayout.JAVA_BYTE, 18 + i, (byte) (mac.bits() >> 40 - 8 * i));
            }
        });
    }

    /// Sets the MTU.
    public static void setMtu(String name, int mtuBytes) throws TapException {
        request(name, SIOCSIFMTU, "cannot set the MTU of " + name + " to " + mtuBytes,
                request -> request.set(ValueLayout.JAVA_INT, 16, mtuBytes));
    }

    /// The MTU in force.
    public static int mtu(String name) throws TapException {
        return request(name, SIOCGIFMTU, "cannot read the MTU of " + name, _ -> {});
    }

    /// Sets IPv4 address and netmask.
    public static void setAddress(String name, IpAddress address, int prefixLength) throws TapException {
        request(name, SIOCSIFADDR, "cannot set the address of " + name + " to " + address,
                request -> Structs.putSockaddr(request, 16, address.v4Bits()));
        request(name, SIOCSIFNETMASK, "cannot set the netmask of " + name + " to /" + prefixLength,
                request -> Structs.putSockaddr(request, 16, -1 << 32 - prefixLength));
    }

    /// Brings the interface up.
    public static void up(String name) throws TapException {
        int flags = request(name, SIOCGIFFLAGS, "cannot read the flags of " + name, _ -> {}) & 0xffff;
        request(name, SIOCSIFFLAGS, "cannot bring " + name + " up",
                request -> request.set(ValueLayout.JAVA_SHORT, 16, (short) (flags | IFF_UP)));
    }

    /// Adds an IPv4 default route.
    public static void addDefaultRoute(IpAddress gateway) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment route = arena.allocate(Structs.RTENTRY);
            Structs.putSockaddr(route, Structs.offset(Structs.RTENTRY, "destination"), 0);
            Structs.putSockaddr(route, Structs.offset(Structs.RTENTRY, "gateway"), gateway.v4Bits());
            Structs.putSockaddr(route, Structs.offset(Structs.RTENTRY, "mask"), 0);
            route.set(ValueLayout.JAVA_SHORT, Structs.offset(Structs.RTENTRY, "flags"), (short) (RTF_UP | RTF_GATEWAY));
            control(SIOCADDRT, route, "cannot add the default route via " + gateway);
        }
    }

    private interface Filler {
        void fill(MemorySegment request);
    }

    private static int request(String name, long command, String what, Filler filler) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = TapDevice.interfaceRequest(arena, name);
            filler.fill(request);
            control(command, request, what);
            return request.get(ValueLayout.JAVA_INT, 16);
        }
    }

    private static void control(long command, MemorySegment argument, String what) throws TapException {
        int socket = TapException.check(Libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "cannot open a control socket");
        try {
            TapException.check(Libc.ioctl(socket, command, argument.address()), what);
        } finally {
            Libc.close(socket);
        }
    }
}
