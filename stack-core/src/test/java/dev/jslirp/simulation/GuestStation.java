package dev.jslirp.simulation;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.stats.Counters;
import dev.jslirp.tcp.TcpShared;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.wire.Checksum;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/// The guest's network stack: ARP, IPv4, and TCP by the engine. What is neither goes to the clients.
final class GuestStation {
    static final long MAC = 0x5254_0012_3456L;
    private static final int L3 = 14, L4 = 34;

    private final SimWorld world;
    private final AddressPlan plan;
    private final int ip;
    private final RandomGenerator random;
    private final Counters counters = new Counters();
    private final OutboundSegment segment = new OutboundSegment();
    private final PacketView view = new PacketView();
    private final Map<Long, GuestTcp> connections = new HashMap<>();
    private final Map<Integer, SimFlow> listening = new HashMap<>();
    private final ByteBuf scratch = Unpooled.buffer(70_000);
    private final int tsOffset;
    private int identification;

    GuestStation(SimWorld world, AddressPlan plan, RandomGenerator random) {
        this.world = world;
        this.plan = plan;
        this.random = random;
        ip = plan.firstLease().v4Bits();
        tsOffset = random.nextInt();
    }

    int ip() {
        return ip;
    }

    long nowNs() {
        return world.nowNs();
    }

    void at(long atNs, Runnable action) {
        world.reactor.schedule(atNs, action);
    }

    void atEndOfRound(Runnable task) {
        world.reactor.execute(task);
    }

    TcpShared shared(SimFlow flow) {
        int mtu = world.faults.link().mtuBytes();
        int most = world.faults.link().tcpSegmentation() ? 65_535 - 80 : mtu - 40;
        return new TcpShared(world.guestConfig(flow.plan), counters, world.allocator, segment, mtu - 40, most, tsOffset);
    }

    void connect(SimFlow flow, int localPort, int farIp, int farPort) {
        flow.guest = new GuestTcp(flow, this, localPort, farIp, farPort);
        connections.put(key(localPort, farIp, farPort), flow.guest);
        flow.guest.open(iss());
    }

    void listen(SimFlow flow, int port) {
        listening.put(port, flow);
    }

    void closed(GuestTcp connection) {
        connections.remove(key(connection.localPort, connection.farIp, connection.farPort));
    }

    /// Sequence numbers that wrap soon are worth trying often.
    private int iss() {
        return random.nextInt(4) == 0 ? -random.nextInt(30_000) : random.nextInt();
    }

    private static long key(int localPort, int farIp, int farPort) {
        return (long) farIp << 32 | (long) localPort << 16 | farPort;
    }

    // ---- in

    void receive(FaultyPipe.Carried carried) {
        EthernetFrame frame = EthernetFrame.parse(carried.bytes());
        if (frame.dstMac() != MAC && frame.dstMac() != 0xffff_ffff_ffffL) {
            return;
        }
        if (frame.etherType() == EthernetFrame.ARP) {
            receiveArp(ArpMessage.parse(frame.payload()));
            return;
        }
        ByteBuf bytes = Unpooled.wrappedBuffer(carried.bytes());
        view.offload = carried.offload();
        if (Ipv4Header.decode(bytes, L3, bytes.readableBytes() - L3, view) != DropReason.NONE || (int) view.dstLo != ip) {
            return;
        }
        if (view.protocol == Ipv4Header.TCP) {
            receiveTcp(bytes);
        } else if (!carried.damaged()) {
            Ipv4Packet packet = Ipv4Packet.parse(frame.payload());
            if (view.protocol == Ipv4Header.ICMP && !view.isFragment() && packet.payload()[0] == IcmpHeader.DESTINATION_UNREACHABLE) {
                receiveUnreachable(packet.payload());
            }
            world.clients.receive(packet, Offload.flags(carried.offload()));
        }
    }

    private void receiveArp(ArpMessage message) {
        if (message.operation() == ArpMessage.REQUEST && message.targetIp() == ip) {
            ArpMessage reply = new ArpMessage(ArpMessage.REPLY, MAC, ip, message.senderMac(), message.senderIp());
            at(nowNs(), () -> world.up(new EthernetFrame(message.senderMac(), MAC, EthernetFrame.ARP, reply.encode()).encode(), 0));
        }
    }

    private void receiveTcp(ByteBuf bytes) {
        if (TcpHeader.decode(bytes, view) != DropReason.NONE) {
            return;
        }
        GuestTcp connection = connections.get(key(view.dstPort, (int) view.srcLo, view.srcPort));
        if (connection != null) {
            connection.onSegment(view, bytes);
            return;
        }
        SimFlow flow = listening.get(view.dstPort);
        if (flow != null && flow.guest == null && (view.flags & (TcpHeader.SYN | TcpHeader.ACK | TcpHeader.RST)) == TcpHeader.SYN) {
            flow.guest = new GuestTcp(flow, this, view.dstPort, (int) view.srcLo, view.srcPort);
            connections.put(key(view.dstPort, (int) view.srcLo, view.srcPort), flow.guest);
            flow.guest.openedBy(view, iss());
        } else if (!view.hasFlags(TcpHeader.RST)) {
            refuse();
        }
    }

    /// RFC 9293 §3.10.7.1.
    private void refuse() {
        segment.clear();
        if (view.hasFlags(TcpHeader.ACK)) {
            segment.seq = view.ack;
            segment.flags = TcpHeader.RST;
        } else {
            segment.ack = view.seq + view.seqLength();
            segment.flags = TcpHeader.RST | TcpHeader.ACK;
        }
        sendTcp(view.dstPort, (int) view.srcLo, view.srcPort, segment);
    }

    private void receiveUnreachable(byte[] icmp) {
        ByteBuf quoted = Unpooled.wrappedBuffer(icmp, 8, icmp.length - 8);
        if (quoted.readableBytes() >= 28 && quoted.getByte(9) == Ipv4Header.TCP) {
            GuestTcp connection = connections.get(key(quoted.getUnsignedShort(20), quoted.getInt(16), quoted.getUnsignedShort(22)));
            if (connection != null) {
                connection.onUnreachable();
            }
        }
    }

    // ---- out

    void sendTcp(int localPort, int farIp, int farPort, OutboundSegment out) {
        int header = TcpHeader.write(scratch, L4, localPort, farPort, out);
        int length = header + out.payload.length();
        scratch.setIndex(0, L4 + header);
        out.payload.copyTo(scratch);
        long sum = Checksum.pseudoHeader(0, ip & 0xffff_ffffL, 0, farIp & 0xffff_ffffL, Ipv4Header.TCP, length);
        long offload = Offload.NONE;
        if (world.faults.link().checksumOffload()) {
            scratch.setShort(L4 + TcpHeader.CHECKSUM, Checksum.fold(sum));
            offload = Offload.pack(Offload.NEEDS_CSUM, out.gsoSize == 0 ? Offload.GSO_NONE : Offload.GSO_TCPV4, out.gsoSize, L4 + header, L4,
                    TcpHeader.CHECKSUM);
        } else {
            scratch.setShort(L4 + TcpHeader.CHECKSUM, ~Checksum.fold(sum + Checksum.sum(scratch, L4, length)));
        }
        Ipv4Header.write(scratch, L3, 0, L4 - L3 + length, 0, Ipv4Header.DONT_FRAGMENT, 64, Ipv4Header.TCP, ip, farIp);
        EthernetHeader.write(scratch, 0, plan.gatewayMac().bits(), MAC, EthernetHeader.TYPE_IPV4);
        byte[] frame = new byte[L4 + length];
        scratch.getBytes(0, frame);
        world.up(frame, offload);
    }

    /// Sends a packet of the clients.
    void send(int protocol, int dst, byte[] payload) {
        Ipv4Packet packet = new Ipv4Packet(identification++ & 0xffff, false, false, 0, 64, protocol, ip, dst, payload);
        int room = world.faults.link().mtuBytes() - 20 & ~7;
        for (Ipv4Packet piece : payload.length > world.faults.link().mtuBytes() - 20 ? packet.fragments(room) : java.util.List.of(packet)) {
            world.up(new EthernetFrame(plan.gatewayMac().bits(), MAC, EthernetFrame.IPV4, piece.encode()).encode(), 0);
        }
    }
}
