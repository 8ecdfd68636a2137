package dev.jslirp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.host.HostStreamListener;
import dev.jslirp.link.EmbeddedLink;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostNetwork;
import dev.jslirp.testkit.SimReactor;
import dev.jslirp.testkit.TrackingAllocator;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GuestNetworkTest {
    @Test
    void aNetworkAtRestAsksForNoWakeUp() {
        try (NetworkFixture net = NetworkFixture.ready()) {
            net.reactor.advance(3_600_000_000_000L);

            assertEquals(Long.MAX_VALUE, net.reactor.wakeAtNs());
        }
    }

    @Test
    void closingTwiceReleasesOnce() {
        try (NetworkFixture net = NetworkFixture.ready()) {
            net.guest.send(IpAddress.parse("1.2.3.4").v4Bits(), new UdpDatagram(5000, 53, new byte[10]));
            net.reactor.settle();
            assertEquals(1, net.host.socketsOpen());

            net.reactor.round(net.network::close);
            net.reactor.round(net.network::close);

            assertEquals(0, net.host.socketsOpen());
            assertTrue(net.link.isClosed());
        }
    }

    @Test
    void aDiscoverIsOffered() {
        try (NetworkFixture net = NetworkFixture.ready()) {
            int broadcast = 0xffff_ffff;
            byte[] discover = new WireWriter().u8(1).u8(1).u8(6).u8(0).u32(0x1234).u32(0).u32(0).u32(0).u32(0).u32(0)
                    .bytes(new byte[] {0x52, 0x54, 0, 0x12, 0x34, 0x56}).bytes(new byte[10 + 192]).u32(0x6382_5363)
                    .bytes(new byte[] {53, 1, 1, (byte) 255}).toByteArray();
            net.guest.send(0xffff_ffff_ffffL, 0x0800,
                    Ipv4Packet.of(Ipv4Packet.UDP, 0, broadcast, new UdpDatagram(68, 67, discover).encode(0, broadcast)).encode());
            net.reactor.settle();

            assertEquals(1, net.count(Counter.DHCP_OFFERS));
            Received offer = net.guest.poll();
            assertEquals(67, offer.udp().srcPort());
        }
    }

    @Test
    void aNameLookUpReachesTheHostsResolver() {
        InetSocketAddress resolver = new InetSocketAddress(IpAddress.parse("9.9.9.9").toInetAddress(), 53);
        GuestNetworkConfig config = GuestNetworkConfig.defaults().withDns(DnsConfig.forwardingTo(() -> List.of(resolver)));
        try (NetworkFixture net = NetworkFixture.ready(config, LinkCapabilities.plain(1500))) {
            byte[] query = new WireWriter().u16(77).u16(0x0100).u16(1).u16(0).u16(0).u16(0).u8(1).u8('a').u8(0).u16(1).u16(1).toByteArray();
            net.guest.send(IpAddress.parse("10.0.2.3").v4Bits(), new UdpDatagram(5000, 53, query));
            net.reactor.settle();

            assertEquals(1, net.count(Counter.DNS_FORWARDED));
            assertEquals(resolver, net.host.datagrams().getFirst().sent().getFirst().peer());
        }
    }

    @Test
    void aNetworkNeverStartedCanBeClosedAndAClosedOneNotStarted() {
        SimReactor reactor = new SimReactor();
        TrackingAllocator allocator = new TrackingAllocator();
        SimHostNetwork host = new SimHostNetwork(reactor, allocator);
        EmbeddedLink link = new EmbeddedLink(LinkCapabilities.plain(1500), _ -> true);
        GuestNetwork network = new GuestNetwork(GuestNetworkConfig.defaults(), link, host, reactor, new SplittableRandom(1), allocator);
        reactor.round(network::close);
        reactor.round(network::close);
        assertThrows(IllegalStateException.class, network::start);
        allocator.assertAllReleased();
    }

    @Test
    void aNetworkStartsOnce() {
        try (NetworkFixture net = NetworkFixture.ready()) {
            assertThrows(IllegalStateException.class, net.network::start);
        }
    }

    @Test
    void aListenerOfAStreamMayCloseTheNetwork() {
        try (NetworkFixture net = NetworkFixture.ready()) {
            List<String> events = new ArrayList<>();
            HostStreamListener closing = (HostStreamListener) Proxy.newProxyInstance(getClass().getClassLoader(),
                    new Class<?>[] {HostStreamListener.class}, (_, method, _) -> {
                        events.add(method.getName());
                        net.network.close();
                        return null;
                    });
            net.reactor.round(() -> net.network.dial(IpAddress.v4(net.guest.ip()), 22, closing).close());
            net.reactor.round(() -> net.network.dial(IpAddress.v4(net.guest.ip()), 22, closing));
            net.reactor.advance(600_000_000_000L);

            assertEquals(List.of("onConnectFailed"), events);
            assertEquals(0, net.network.flowCount());
            net.reactor.round(() -> net.network.dial(IpAddress.v4(net.guest.ip()), 22, closing));
            assertEquals(List.of("onConnectFailed", "onConnectFailed"), events);
        }
    }

    @Test
    void aSnapshotStaysAsItWas() {
        try (NetworkFixture net = NetworkFixture.ready()) {
            GuestNetworkStats before = net.network.stats();
            assertEquals(1, before.get(Counter.ARP_REPLIES_SENT));
            net.guest.send(IpAddress.parse("1.2.3.4").v4Bits(), new UdpDatagram(5000, 53, new byte[10]));
            net.guest.send(0x5254_0000_0001L, 0x0800, new byte[20]);
            net.reactor.settle();

            GuestNetworkStats after = net.network.stats();
            assertEquals(0, before.flows());
            assertEquals(1, after.flows());
            assertEquals(0, before.get(DropReason.NOT_FOR_US));
            assertEquals(1, after.get(DropReason.NOT_FOR_US));
            assertEquals(0, after.linkDrops());
        }
    }
}
