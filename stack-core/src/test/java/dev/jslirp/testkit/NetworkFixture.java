package dev.jslirp.testkit;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.TcpState;
import dev.jslirp.wire.IpAddress;
import java.util.SplittableRandom;

/// A whole guest network between a simulated link and a simulated host, from one seed:
///
/// ```
/// try (NetworkFixture net = NetworkFixture.ready()) {
///     net.guest.send(dst, new UdpDatagram(5000, 53, query));
///     net.reactor.settle();
///     …
/// }
/// ```
/// Closing it closes the network and checks that every buffer and every host socket was given back.
public final class NetworkFixture implements AutoCloseable {
    /// Virtual time.
    public final SimReactor reactor = new SimReactor();
    /// Where all buffers come from.
    public final TrackingAllocator allocator = new TrackingAllocator();
    /// Towards the guest.
    public final SimLink link;
    /// The host and its peers.
    public final SimHostNetwork host;
    /// The guest, at the plan's first lease address.
    public final SimGuest guest;
    /// The network under test.
    public final GuestNetwork network;
    private boolean abandoned;

    /// Wires and starts a network; its random choices come from `seed`.
    public NetworkFixture(GuestNetworkConfig config, LinkCapabilities capabilities, long seed) {
        link = new SimLink(reactor, capabilities, allocator);
        host = new SimHostNetwork(reactor, allocator);
        guest = new SimGuest(reactor, link, config.addresses(), SimGuest.DEFAULT_MAC, config.addresses().firstLease().v4Bits());
        network = new GuestNetwork(config, link, host, reactor, new SplittableRandom(seed), allocator);
        reactor.round(network::start);
    }

    /// A network of default configuration on a plain 1500-byte link, whose guest is known.
    public static NetworkFixture ready() {
        return ready(GuestNetworkConfig.defaults(), LinkCapabilities.plain(1500));
    }

    /// A network whose guest is known: it has asked for the gateway by ARP and been answered.
    public static NetworkFixture ready(GuestNetworkConfig config, LinkCapabilities capabilities) {
        NetworkFixture fixture = new NetworkFixture(config, capabilities, 1);
        fixture.guest.askFor(config.addresses().gateway());
        fixture.reactor.settle();
        fixture.guest.takeAll();
        return fixture;
    }

    /// The value of a counter.
    public long count(Counter counter) {
        return network.counters().get(counter);
    }

    /// The state of the guest's TCP flow between these endpoints; `CLOSED` when there is none.
    public TcpState tcpState(int guestPort, int remoteIp, int remotePort) {
        return network.tcpState(IpAddress.v4(guest.ip()), guestPort, IpAddress.v4(remoteIp), remotePort);
    }

    /// Closes without the checks, for a test that has failed already.
    public void abandon() {
        abandoned = true;
        close();
    }

    @Override
    public void close() {
        reactor.round(network::close);
        reactor.settle();
        if (abandoned) {
            return;
        }
        allocator.assertAllReleased();
        if (host.socketsOpen() != 0) {
            throw new AssertionError(host.socketsOpen() + " host sockets are still open");
        }
    }
}
