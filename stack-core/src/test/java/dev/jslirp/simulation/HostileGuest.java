package dev.jslirp.simulation;

import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.wire.IpAddress;
import java.util.List;
import java.util.random.RandomGenerator;

/// A second guest that floods the stack with SYNs to addresses where nobody answers, and takes no notice of what comes back.
final class HostileGuest {
    private static final long MAC = 0x5254_0066_6666L;
    private static final int IP = IpAddress.parse("10.0.2.66").v4Bits();
    /// Addresses of 198.18/15 (RFC 2544): connects to them stay undecided.
    private static final int DEAD_NETWORK = IpAddress.parse("198.18.0.0").v4Bits();

    private final SimWorld world;
    private final RandomGenerator random;
    private int left;

    HostileGuest(SimWorld world, RandomGenerator random) {
        this.world = world;
        this.random = random;
        left = random.nextInt(100, 3_000);
    }

    void flood() {
        for (int i = random.nextInt(20); i > 0; i--) {
            left--;
            int dst = DEAD_NETWORK | random.nextInt(1 << 17);
            int port = random.nextInt(1, 65_536);
            TcpSegment syn = new TcpSegment(port, random.nextInt(1, 65_536), random.nextInt(), 0, TcpSegment.SYN, 1_024, 0, List.of(),
                    new byte[0]);
            Ipv4Packet packet = Ipv4Packet.of(Ipv4Packet.TCP, IP, dst, syn.encode(IP, dst));
            world.deliver(new FaultyPipe.Carried(new EthernetFrame(world.config.addresses().gatewayMac().bits(), MAC, EthernetFrame.IPV4,
                    packet.encode()).encode(), 0, false));
        }
        if (left > 0) {
            world.reactor.schedule(world.nowNs() + random.nextLong(20 * Faults.MS), this::flood);
        }
    }

    static boolean isDead(int ip) {
        return (ip & 0xfffe_0000) == DEAD_NETWORK;
    }
}
