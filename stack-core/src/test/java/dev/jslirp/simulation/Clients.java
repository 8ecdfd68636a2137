package dev.jslirp.simulation;

import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.SimHostEcho;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireReader;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Offload;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/// The guest's datagrams: UDP to an echoing peer, pings, DNS queries, DHCP. Datagrams may be lost; what does arrive must be an answer to
/// something that was sent, byte for byte.
final class Clients {
    static final InetSocketAddress RESOLVER = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.253"), 53);
    private static final int ECHO_IP = IpAddress.parse("203.0.113.7").v4Bits();
    private static final int ECHO_PORT = 7, UDP_PORT = 5_000, DNS_PORT = 5_300, PING_ID = 77;

    private final SimWorld world;
    private final RandomGenerator random;
    private final boolean on;
    private final Map<Integer, byte[]> udpSent = new HashMap<>();
    private final Map<Integer, byte[]> pingsSent = new HashMap<>();
    private final int dhcpXid;
    private int socketsSeen;
    private int echoesSeen;
    private final Map<SimHostEcho, Integer> answered = new HashMap<>();
    private int nextId;
    private int leasedIp;

    Clients(SimWorld world, RandomGenerator random) {
        this.world = world;
        this.random = random;
        on = random.nextBoolean();
        dhcpXid = random.nextInt();
    }

    void start() {
        if (!on) {
            return;
        }
        int count = random.nextInt(1, 20);
        for (int i = 0; i < count; i++) {
            int kind = random.nextInt(4);
            world.reactor.schedule(world.nowNs() + random.nextLong(5 * Faults.S), switch (kind) {
                case 0 -> this::ping;
                case 1 -> this::resolve;
                case 2 -> this::discover;
                default -> this::sendUdp;
            });
        }
    }

    private byte[] body(int id) {
        byte[] bytes = new byte[4 + random.nextInt(random.nextInt(4) == 0 ? 4_000 : 500)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i < 4 ? id >>> 24 - 8 * i : id + 13 * i);
        }
        return bytes;
    }

    private void sendUdp() {
        byte[] body = body(nextId);
        udpSent.put(nextId++, body);
        int dst = ECHO_IP;
        world.station.send(Ipv4Packet.UDP, dst, new UdpDatagram(UDP_PORT, ECHO_PORT, body).encode(world.station.ip(), dst));
    }

    private void ping() {
        byte[] body = body(nextId);
        pingsSent.put(nextId & 0xffff, body);
        int rest = PING_ID << 16 | nextId++ & 0xffff;
        int dst = random.nextBoolean() ? ECHO_IP : world.config.addresses().gateway().v4Bits();
        world.station.send(Ipv4Packet.ICMP, dst, new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, rest, body).encode());
    }

    private void resolve() {
        byte[] name = {3, 'a', 'b', (byte) ('a' + nextId % 26), 4, 't', 'e', 's', 't', 0};
        byte[] query = new WireWriter().u16(nextId++ & 0xffff).u16(0x0100).u16(1).u16(0).u16(0).u16(0).bytes(name).u16(1).u16(1)
                .toByteArray();
        int dst = world.config.addresses().dns().v4Bits();
        world.station.send(Ipv4Packet.UDP, dst, new UdpDatagram(DNS_PORT, 53, query).encode(world.station.ip(), dst));
    }

    private void discover() {
        send(dhcp(1));
    }

    private byte[] dhcp(int type) {
        WireWriter out = new WireWriter().u8(1).u8(1).u8(6).u8(0).u32(dhcpXid).u32(0).u32(0).u32(0).u32(0).u32(0).mac(GuestStation.MAC)
                .bytes(new byte[10 + 64 + 128]).u32(0x63825363).u8(53).u8(1).u8(type);
        if (type == 3) {
            out.u8(50).u8(4).u32(leasedIp).u8(54).u8(4).u32(world.config.addresses().gateway().v4Bits());
        }
        return out.u8(255).padTo(300).toByteArray();
    }

    private void send(byte[] dhcp) {
        byte[] packet = Ipv4Packet.of(Ipv4Packet.UDP, 0, -1, new UdpDatagram(68, 67, dhcp).encode(0, -1)).encode();
        if (packet.length <= world.faults.link().mtuBytes()) {
            world.up(new EthernetFrame(0xffff_ffff_ffffL, GuestStation.MAC, EthernetFrame.IPV4, packet).encode(), 0);
        }
    }

    /// A packet for the guest that is not TCP. Fragments are not put together here: the decoders have seen their headers.
    void receive(Ipv4Packet packet, int flags) {
        if (packet.isFragment()) {
            return;
        }
        if (packet.protocol() == Ipv4Packet.ICMP) {
            receiveIcmp(IcmpMessage.parse(packet.payload()));
        } else if (packet.protocol() == Ipv4Packet.UDP) {
            receiveUdp(UdpDatagram.parse(packet, (flags & Offload.NEEDS_CSUM) != 0));
        }
    }

    private void receiveIcmp(IcmpMessage message) {
        if (message.type() == IcmpMessage.ECHO_REPLY) {
            require(message.id() == PING_ID && Arrays.equals(message.payload(), pingsSent.get(message.sequence())), "echo reply");
        }
    }

    private void receiveUdp(UdpDatagram datagram) {
        WireReader in = new WireReader(datagram.payload());
        switch (datagram.dstPort()) {
            case UDP_PORT -> require(datagram.srcPort() == ECHO_PORT && Arrays.equals(datagram.payload(), udpSent.get(in.u32())),
                    "UDP answer");
            case DNS_PORT -> {
                int id = in.u16();
                require(id < nextId && (in.u16() & 0x8000) != 0, "DNS answer");
            }
            case 68 -> receiveDhcp(datagram.payload());
            default -> throw new AssertionError("a datagram for port " + datagram.dstPort());
        }
    }

    private void receiveDhcp(byte[] payload) {
        WireReader in = new WireReader(payload);
        require(in.seek(4).u32() == dhcpXid, "DHCP xid");
        int ip = in.seek(16).u32();
        int type = in.seek(242).u8();
        require(type == 2 || type == 5, "DHCP answer of type " + type);
        require(leasedIp == 0 || leasedIp == ip, "DHCP address, which changed");
        leasedIp = ip;
        if (type == 2) {
            world.reactor.schedule(world.nowNs(), () -> send(dhcp(3)));
        }
    }

    private static void require(boolean ok, String what) {
        if (!ok) {
            throw new AssertionError("unexpected " + what);
        }
    }

    /// Called after every event: plays the host's side of new sockets.
    void work() {
        for (; socketsSeen < world.host.datagrams().size(); socketsSeen++) {
            SimHostDatagrams socket = world.host.datagrams().get(socketsSeen);
            socket.sent().forEach(datagram -> answer(socket, datagram));
            socket.onSent(datagram -> answer(socket, datagram));
        }
        for (; echoesSeen < world.host.echoes().size(); echoesSeen++) {
            answered.put(world.host.echoes().get(echoesSeen), 0);
        }
        answered.replaceAll((echo, count) -> {
            for (SimHostEcho.Request request : echo.requests().subList(count, echo.requests().size())) {
                if (random.nextInt(4) != 0) {
                    echo.peerReply(request.sequence(), 60, request.data());
                }
            }
            return echo.requests().size();
        });
    }

    private void answer(SimHostDatagrams socket, SimHostDatagrams.Datagram datagram) {
        if (random.nextInt(8) == 0) {
            return;
        }
        byte[] bytes = datagram.bytes().clone();
        if (datagram.peer().equals(RESOLVER)) {
            bytes[2] |= (byte) 0x80;
        }
        socket.peerSend(datagram.peer(), bytes);
    }
}
