package dev.jslirp.lan;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimGuest;
import dev.jslirp.testkit.SimHostNetwork;
import dev.jslirp.testkit.SimLink;
import dev.jslirp.testkit.SimReactor;
import dev.jslirp.testkit.TrackingAllocator;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Offload;
import java.util.SplittableRandom;

/// A whole guest network behind a switch, whose stations come and go as a test says.
final class LanFixture implements AutoCloseable {
    static final AddressPlan PLAN = AddressPlan.defaults();
    static final long GATEWAY_MAC = PLAN.gatewayMac().bits();
    static final int GATEWAY = PLAN.gateway().v4Bits();
    static final long BROADCAST = 0xffff_ffff_ffffL;
    static final LinkCapabilities PLAIN = LinkCapabilities.plain(1500);
    static final LinkCapabilities OFFLOADING = LinkCapabilities.offloading(1500, true);
    static final long S = 1_000_000_000L;

    final SimReactor reactor = new SimReactor();
    final TrackingAllocator allocator = new TrackingAllocator();
    final SimHostNetwork host = new SimHostNetwork(reactor, allocator);
    final VirtualSwitch lan;
    final GuestNetwork network;

    LanFixture() {
        this(GuestNetworkConfig.defaults(), SwitchConfig.defaults(1500));
    }

    LanFixture(GuestNetworkConfig config, SwitchConfig switchConfig) {
        lan = new VirtualSwitch(switchConfig, PLAN, reactor, new SplittableRandom(7), allocator);
        network = new GuestNetwork(config, lan, host, reactor, new SplittableRandom(1), allocator);
        network.onLease(lease -> lan.lease(lease.mac(), lease.address()));
        reactor.round(network::start);
    }

    /// A station: its link, the guest behind it, and its port.
    record Station(LanFixture net, SimLink link, SimGuest guest, SwitchPort port) {
        long mac() {
            return guest.mac();
        }

        int ip() {
            return guest.ip();
        }

        /// Sends an IPv4 packet straight to another station.
        void send(Station to, int protocol, byte[] payload) {
            guest.send(to.mac(), EthernetFrame.IPV4, Ipv4Packet.of(protocol, ip(), to.ip(), payload).encode());
            net.reactor.settle();
        }

        /// Sends any frame.
        void send(long dst, long src, int etherType, byte[] payload) {
            send(new EthernetFrame(dst, src, etherType, payload).encode(), Offload.NONE);
        }

        void send(byte[] frame, long offload) {
            link.deliver(frame, offload);
            net.reactor.settle();
        }

        /// Asks by ARP for another station's address, by broadcast.
        void askFor(int address) {
            guest.send(BROADCAST, EthernetFrame.ARP, new ArpMessage(ArpMessage.REQUEST, mac(), ip(), 0, address).encode());
            net.reactor.settle();
        }

        int got() {
            return link.takeSent().size();
        }

        long drops(PortDrop reason) {
            return port.dropped(reason);
        }
    }

    /// A station `number` at an open port: 52:54:00:00:00:number, 10.0.2.number.
    Station station(int number, LinkCapabilities capabilities) {
        return station(number, capabilities, PortConfig.open("port" + number));
    }

    Station station(int number, LinkCapabilities capabilities, PortConfig config) {
        SimLink link = new SimLink(reactor, capabilities, allocator);
        SimGuest guest = new SimGuest(reactor, link, PLAN, mac(number), ip(number));
        return new Station(this, link, guest, lan.add(config, link));
    }

    /// Stations that have made themselves heard, and have received nothing yet.
    Station[] stations(LinkCapabilities capabilities, int... numbers) {
        Station[] stations = new Station[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            stations[i] = station(numbers[i], capabilities);
        }
        for (Station station : stations) {
            station.askFor(GATEWAY);
        }
        for (Station station : stations) {
            station.guest.takeAll();
            station.link.takeSent();
        }
        return stations;
    }

    static long mac(int number) {
        return 0x5254_0000_0000L + number;
    }

    static int ip(int number) {
        return IpAddress.parse("10.0.2.0").v4Bits() + number;
    }

    @Override
    public void close() {
        reactor.round(network::close);
        reactor.settle();
        allocator.assertAllReleased();
    }
}
