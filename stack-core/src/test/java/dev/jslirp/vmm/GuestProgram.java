package dev.jslirp.vmm;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireReader;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.VnetHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/// What runs in the guest: an operating system's network in miniature. It asks for a lease, looks up names, fetches pages, serves
/// an echo. It knows its device only.
///
/// It leaves checksums to the device, as a Linux guest does, and acknowledges everything at once.
final class GuestProgram {
    private static final int HEADER = VnetHeader.LENGTH_WITH_BUFFER_COUNT;
    private static final long BROADCAST_MAC = 0xffff_ffff_ffffL;
    private static final int BROADCAST = 0xffff_ffff;
    private static final int MAGIC_COOKIE = 0x6382_5363;
    private static final int DISCOVER = 1, OFFER = 2, REQUEST = 3, ACKNOWLEDGE = 5;
    private static final int SYN = TcpSegment.SYN, ACK = TcpSegment.ACK, FIN = TcpSegment.FIN, PSH = TcpSegment.PSH;
    private static final int SEGMENT = 1_400;

    private final VirtioNic nic;
    private final long mac;
    private int ip;
    private int router;
    private int resolver;
    private long routerMac;
    private int nextPort = 40_000;
    /// Largest IP packet received: shows whether segmentation was left to us.
    int longestPacket;

    GuestProgram(VirtioNic nic, long mac) {
        this.nic = nic;
        this.mac = mac;
    }

    int ip() {
        return ip;
    }

    // ---- DHCP (RFC 2131)

    void lease() throws InterruptedException {
        WireReader offer = dhcp(DISCOVER, 0, 0);
        int offered = offer.seek(16).u32();
        int server = option(offer, 54);
        WireReader acknowledgement = dhcp(REQUEST, offered, server);
        ip = acknowledgement.seek(16).u32();
        router = option(acknowledgement, 3);
        resolver = option(acknowledgement, 6);
        send(BROADCAST_MAC, EthernetFrame.ARP, new ArpMessage(ArpMessage.REQUEST, mac, ip, 0, router).encode());
        routerMac = await(received -> received.etherType() == EthernetFrame.ARP ? ArpMessage.parse(received.payload()).senderMac() : null);
    }

    private WireReader dhcp(int type, int requested, int server) throws InterruptedException {
        WireWriter message = new WireWriter().u8(1).u8(1).u8(6).u8(0).u32(0x1234).u32(0).u32(0).u32(0).u32(0).u32(0)
                .mac(mac).bytes(new byte[10 + 192]).u32(MAGIC_COOKIE).bytes(new byte[] {53, 1, (byte) type, 55, 2, 3, 6});
        if (type == REQUEST) {
            message.u8(50).u8(4).u32(requested).u8(54).u8(4).u32(server);
        }
        byte[] datagram = new UdpDatagram(68, 67, message.u8(255).toByteArray()).encode(0, BROADCAST);
        send(BROADCAST_MAC, EthernetFrame.IPV4, Ipv4Packet.of(Ipv4Packet.UDP, 0, BROADCAST, datagram).encode());
        int answer = type == DISCOVER ? OFFER : ACKNOWLEDGE;
        return awaitDatagram(68, payload -> {
            WireReader reply = new WireReader(payload);
            return option(reply, 53) >>> 24 == answer ? reply : null;
        });
    }

    /// The first four bytes of an option.
    private static int option(WireReader message, int code) {
        message.seek(240);
        for (int found = message.u8(); found != 255; found = message.u8()) {
            byte[] value = found == 0 ? new byte[0] : message.bytes(message.u8());
            if (found == code) {
                return new WireReader(Arrays.copyOf(value, 4)).u32();
            }
        }
        throw new AssertionError("no option " + code);
    }

    // ---- DNS (RFC 1035)

    int addressOf(String name) throws InterruptedException {
        WireWriter query = new WireWriter().u16(77).u16(0x0100).u16(1).u16(0).u16(0).u16(0);
        for (String label : name.split("\\.")) {
            query.u8(label.length()).bytes(label.getBytes(US_ASCII));
        }
        byte[] question = query.u8(0).u16(1).u16(1).toByteArray();
        sendDatagram(resolver, new UdpDatagram(5_353, 53, question));
        return awaitDatagram(5_353, payload -> new WireReader(payload).seek(payload.length - 4).u32());
    }

    private void sendDatagram(int to, UdpDatagram datagram) throws InterruptedException {
        send(routerMac, EthernetFrame.IPV4, Ipv4Packet.of(Ipv4Packet.UDP, ip, to, datagram.encode(ip, to)).encode());
    }

    private <T> T awaitDatagram(int port, Function<byte[], T> wanted) throws InterruptedException {
        return await(frame -> {
            Ipv4Packet packet = frame.etherType() == EthernetFrame.IPV4 ? Ipv4Packet.parse(frame.payload()) : null;
            if (packet == null || packet.protocol() != Ipv4Packet.UDP) {
                return null;
            }
            UdpDatagram datagram = UdpDatagram.parse(packet, checksumOpen);
            return datagram.dstPort() == port ? wanted.apply(datagram.payload()) : null;
        });
    }

    // ---- TCP (RFC 9293), as much as a link without losses needs

    private final class Connection {
        private final int far;
        private final int farPort;
        private final int port;
        private int seq = 1_000;
        private int ack;
        private boolean ended;

        Connection(int port, int far, int farPort) {
            this.port = port;
            this.far = far;
            this.farPort = farPort;
        }

        void send(int flags, byte... payload) throws InterruptedException {
            List<byte[]> frames = new ArrayList<>();
            int at = 0;
            do {
                byte[] part = Arrays.copyOfRange(payload, at, Math.min(payload.length, at + SEGMENT));
                byte[] segment = new TcpSegment(port, farPort, seq + at, (flags & ACK) != 0 ? ack : 0, flags, 65_535, 0, List.of(), part)
                        .encode(ip, far);
                // The device completes checksums: what stands there must not matter.
                segment[16] ^= 0x55;
                frames.add(frame(routerMac, EthernetFrame.IPV4, Ipv4Packet.of(Ipv4Packet.TCP, ip, far, segment).encode(),
                        Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, 0, 34, 16)));
                at += SEGMENT;
            } while (at < payload.length);
            nic.transmit(frames);
            seq += payload.length + ((flags & (SYN | FIN)) != 0 ? 1 : 0);
        }

        /// The next segment in order, acknowledged unless it is empty.
        TcpSegment next() throws InterruptedException {
            while (true) {
                TcpSegment segment = await(frame -> segment(frame, port, farPort));
                if (segment.has(TcpSegment.RST)) {
                    throw new AssertionError("reset");
                }
                if (segment.has(SYN)) {
                    ack = segment.seq() + 1;
                    return segment;
                }
                if (segment.seq() == ack && (segment.payload().length > 0 || segment.has(FIN))) {
                    ended = segment.has(FIN);
                    ack += segment.payload().length + (ended ? 1 : 0);
                    send(ACK);
                    return segment;
                }
            }
        }
    }

    private TcpSegment segment(EthernetFrame frame, int port, int farPort) {
        Ipv4Packet packet = frame.etherType() == EthernetFrame.IPV4 ? Ipv4Packet.parse(frame.payload()) : null;
        if (packet == null || packet.protocol() != Ipv4Packet.TCP) {
            return null;
        }
        TcpSegment segment = TcpSegment.parse(packet, checksumOpen);
        return segment.dstPort() == port && (farPort == 0 || segment.srcPort() == farPort) ? segment : null;
    }

    /// Sends a request and takes everything until the peer ends.
    byte[] fetch(int far, int farPort, byte[] request) throws InterruptedException {
        Connection connection = new Connection(nextPort++, far, farPort);
        connection.send(SYN);
        connection.next();
        connection.send(ACK);
        connection.send(ACK | PSH, request);
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        while (!connection.ended) {
            answer.writeBytes(connection.next().payload());
        }
        connection.send(ACK | FIN);
        return answer.toByteArray();
    }

    /// Takes one connection at `port` and echoes it until the peer ends.
    void serveEcho(int port) throws InterruptedException {
        TcpSegment[] syn = new TcpSegment[1];
        int[] far = new int[1];
        await(frame -> {
            syn[0] = segment(frame, port, 0);
            far[0] = syn[0] == null ? 0 : Ipv4Packet.parse(frame.payload()).src();
            return syn[0];
        });
        Connection connection = new Connection(port, far[0], syn[0].srcPort());
        connection.ack = syn[0].seq() + 1;
        connection.send(SYN | ACK);
        while (!connection.ended) {
            byte[] bytes = connection.next().payload();
            if (bytes.length > 0) {
                connection.send(ACK | PSH, bytes);
            }
        }
        connection.send(ACK | FIN);
    }

    // ---- Ethernet

    private boolean checksumOpen;

    private void send(long to, int etherType, byte[] payload) throws InterruptedException {
        nic.transmit(List.of(frame(to, etherType, payload, Offload.NONE)));
    }

    private byte[] frame(long to, int etherType, byte[] payload, long offload) {
        ByteBuf header = Unpooled.buffer(HEADER);
        VnetHeader.write(header, offload, HEADER);
        byte[] bytes = new EthernetFrame(to, mac, etherType, payload).encode();
        byte[] buffer = Arrays.copyOf(header.array(), HEADER + bytes.length);
        System.arraycopy(bytes, 0, buffer, HEADER, bytes.length);
        return buffer;
    }

    /// Takes frames until one is `wanted`; answers ARP on the way.
    private <T> T await(Function<EthernetFrame, T> wanted) throws InterruptedException {
        while (true) {
            byte[] buffer = nic.receive();
            long offload = VnetHeader.decode(Unpooled.wrappedBuffer(buffer), 0);
            checksumOpen = (Offload.flags(offload) & Offload.NEEDS_CSUM) != 0;
            EthernetFrame frame = EthernetFrame.parse(Arrays.copyOfRange(buffer, HEADER, buffer.length));
            longestPacket = Math.max(longestPacket, frame.payload().length);
            answerArp(frame);
            T found = wanted.apply(frame);
            if (found != null) {
                return found;
            }
        }
    }

    private void answerArp(EthernetFrame frame) throws InterruptedException {
        ArpMessage arp = frame.etherType() == EthernetFrame.ARP ? ArpMessage.parse(frame.payload()) : null;
        if (arp != null && arp.operation() == ArpMessage.REQUEST && arp.targetIp() == ip) {
            send(arp.senderMac(), EthernetFrame.ARP, new ArpMessage(ArpMessage.REPLY, mac, ip, arp.senderMac(), arp.senderIp()).encode());
        }
    }
}
