package dev.jslirp.simulation;

import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.WireReader;
import dev.jslirp.wire.Offload;

/// Parses every frame with the testkit's independent decoders, which check lengths and checksums, and hands TCP to its [WatchedFlow].
final class WireWatch {
    private final SimWorld world;

    WireWatch(SimWorld world) {
        this.world = world;
    }

    void sentByStack(byte[] bytes, long offload) {
        Ipv4Packet packet = parse(bytes);
        WatchedFlow flow = tcpFlow(packet, false);
        if (flow != null) {
            if (bytes.length > world.faults.link().mtuBytes() + 14 && Offload.gsoType(offload) == Offload.GSO_NONE) {
                throw new AssertionError("a frame of " + bytes.length + " bytes");
            }
            flow.sent(false, segment(packet, offload), Offload.gsoSize(offload));
        } else if (packet != null && packet.protocol() == Ipv4Packet.TCP) {
            segment(packet, offload);
        }
    }

    void sentByGuest(byte[] bytes, long offload) {
        Ipv4Packet packet = parse(bytes);
        WatchedFlow flow = tcpFlow(packet, true);
        if (flow != null) {
            flow.sent(true, segment(packet, offload), Offload.gsoSize(offload));
        }
    }

    void arrived(FaultyPipe.Carried frame, boolean byGuest) {
        Ipv4Packet packet = parse(frame.bytes());
        WatchedFlow flow = tcpFlow(packet, byGuest);
        if (flow != null) {
            flow.arrived(byGuest, segment(packet, frame.offload()));
        }
    }

    /// The flow of this frame, null for other frames.
    WatchedFlow flowOf(byte[] bytes, boolean byGuest) {
        return tcpFlow(parse(bytes), byGuest);
    }

    private static Ipv4Packet parse(byte[] bytes) {
        EthernetFrame frame = EthernetFrame.parse(bytes);
        return frame.etherType() == EthernetFrame.IPV4 ? Ipv4Packet.parse(frame.payload()) : null;
    }

    private static TcpSegment segment(Ipv4Packet packet, long offload) {
        return TcpSegment.parse(packet, (Offload.flags(offload) & Offload.NEEDS_CSUM) != 0);
    }

    private WatchedFlow tcpFlow(Ipv4Packet packet, boolean byGuest) {
        if (packet == null || packet.protocol() != Ipv4Packet.TCP || packet.isFragment()) {
            return null;
        }
        WireReader ports = new WireReader(packet.payload());
        int srcPort = ports.u16();
        int dstPort = ports.u16();
        SimFlow flow = byGuest ? world.flowOf(packet.src(), srcPort, packet.dst()) : world.flowOf(packet.dst(), dstPort, packet.src());
        if (flow == null) {
            return null;
        }
        if (flow.watched == null) {
            int index = flow.plan.index();
            flow.watched = new WatchedFlow(String.valueOf(index), (up, position) -> SimFlow.content(index, up, position),
                    world.faults.link().mtuBytes() - 40);
        }
        return flow.watched;
    }
}
