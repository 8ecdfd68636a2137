package dev.jslirp.tap.vhost;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.testkit.ArpMessage;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.SimHostNetwork;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.SimReactor;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.IpAddress;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A whole network behind the back end: rings on one side, a simulated host on the other.
class StackOverVhostTest {
    private static final int RX = 0;
    private static final int TX = 1;
    private static final int RX_BUFFER = 4_096;
    private static final long TX_BUFFERS = FrontEnd.HALF;
    private static final long MAC = 0x5254_0012_3456L;
    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final int IP = 0x0a00_020f;
    private static final int GATEWAY = 0x0a00_0202;
    private static final int FAR = 0xc000_0209;
    private static final int HEADERS = 14 + 20 + 20;

    @TempDir
    private Path directory;
    private final SimReactor reactor = new SimReactor();
    private LinkFixture fixture;
    private SimHostNetwork host;
    private GuestNetwork network;
    private FrontEnd guest;
    private long gatewayMac;

    @BeforeEach
    void connect() throws IOException {
        fixture = new LinkFixture(directory.resolve("s"), VhostUserConfig.ofMtu(1_500));
        fixture.inLoop(() -> {
            host = new SimHostNetwork(reactor, fixture.allocator);
            network = new GuestNetwork(GuestNetworkConfig.defaults(), fixture.link, host, reactor, new SplittableRandom(1),
                    fixture.allocator);
            reactor.round(network::start);
            return null;
        });
        guest = new FrontEnd(fixture, 256, 2);
        guest.start(FrontEnd.ALL);
        for (int i = 0; i < 256; i++) {
            guest.rings[RX].descriptor(i, FrontEnd.address(FrontEnd.BUFFERS + (long) i * RX_BUFFER), RX_BUFFER, DriverRing.WRITE, 0);
            guest.rings[RX].offer(i);
        }
        guest.rings[RX].publish(0);
    }

    @AfterEach
    void close() {
        guest.close();
        fixture.inLoop(() -> {
            reactor.round(network::close);
            reactor.settle();
            return null;
        });
        fixture.close();
    }

    /// Sends one frame, with a virtio-net header if it is a super-frame.
    private void send(byte[] frame, int gsoSize) {
        DriverRing tx = guest.rings[TX];
        byte[] header = new byte[12];
        if (gsoSize != 0) {
            header = new byte[] {1, 1, HEADERS, 0, (byte) gsoSize, (byte) (gsoSize >> 8), 34, 0, 16, 0, 0, 0};
        }
        MemorySegment.copy(header, 0, guest.memory, ValueLayout.JAVA_BYTE, TX_BUFFERS, header.length);
        MemorySegment.copy(frame, 0, guest.memory, ValueLayout.JAVA_BYTE, TX_BUFFERS + 12, frame.length);
        tx.descriptor(0, FrontEnd.address(TX_BUFFERS), 12 + frame.length, 0, 0);
        tx.offer(0);
        tx.publish(0);
        tx.kick();
        settle();
    }

    private void settle() {
        guest.settle();
        fixture.inLoop(() -> {
            reactor.settle();
            return null;
        });
    }

    private void send(TcpSegment segment, int gsoSize) {
        byte[] packet = Ipv4Packet.of(Ipv4Packet.TCP, IP, FAR, segment.encode(IP, FAR)).encode();
        send(new EthernetFrame(gatewayMac, MAC, EthernetFrame.IPV4, packet).encode(), gsoSize);
    }

    /// The frames received since last asked; their buffers are offered again.
    private List<EthernetFrame> received() {
        DriverRing rx = guest.rings[RX];
        List<EthernetFrame> frames = new ArrayList<>();
        while (rx.usedCount() > 0) {
            byte[] whole = new byte[0];
            int buffers = 1;
            for (int i = 0; i < buffers; i++) {
                long entry = rx.takeUsed();
                int length = (int) (entry >>> 32);
                byte[] part = guest.memory.asSlice(FrontEnd.BUFFERS + (entry & 0xffff) * RX_BUFFER, length).toArray(ValueLayout.JAVA_BYTE);
                buffers = i == 0 ? part[10] & 0xff : buffers;
                whole = Arrays.copyOf(whole, whole.length + length);
                System.arraycopy(part, 0, whole, whole.length - length, length);
                rx.offer((int) entry & 0xffff);
            }
            frames.add(EthernetFrame.parse(Arrays.copyOfRange(whole, 12, whole.length)));
        }
        rx.publish(0);
        return frames;
    }

    private List<TcpSegment> segments() {
        List<TcpSegment> segments = new ArrayList<>();
        for (EthernetFrame frame : received()) {
            if (frame.etherType() == EthernetFrame.IPV4) {
                segments.add(TcpSegment.parse(Ipv4Packet.parse(frame.payload()), true));
            }
        }
        return segments;
    }

    private void introduce() {
        byte[] request = new ArpMessage(ArpMessage.REQUEST, MAC, IP, 0, GATEWAY).encode();
        send(new EthernetFrame(BROADCAST, MAC, EthernetFrame.ARP, request).encode(), 0);
        ArpMessage reply = ArpMessage.parse(received().getFirst().payload());
        assertEquals(ArpMessage.REPLY, reply.operation());
        assertEquals(GATEWAY, reply.senderIp());
        gatewayMac = reply.senderMac();
    }

    @Test
    void aLeaseIsOffered() {
        byte[] discover = new WireWriter().u8(1).u8(1).u8(6).u8(0).u32(7).u16(0).u16(0).u32(0).u32(0).u32(0).u32(0).mac(MAC).padTo(236)
                .u32(0x6382_5363).u8(53).u8(1).u8(1).u8(255).toByteArray();
        send(new EthernetFrame(BROADCAST, MAC, EthernetFrame.IPV4,
                Ipv4Packet.of(Ipv4Packet.UDP, 0, -1, new UdpDatagram(68, 67, discover).encode(0, -1)).encode()).encode(), 0);
        UdpDatagram offer = UdpDatagram.parse(Ipv4Packet.parse(received().getFirst().payload()), true);
        assertEquals(68, offer.dstPort());
        assertArrayEquals(new byte[] {10, 0, 2, 15}, Arrays.copyOfRange(offer.payload(), 16, 20));
    }

    @Test
    void aFlowCarriesSuperFramesBothWays() {
        introduce();
        send(new TcpSegment(5_000, 80, 1_000, 0, TcpSegment.SYN, 0xffff, 0,
                List.of(TcpSegment.Option.of(TcpSegment.MSS, new byte[] {5, (byte) 0xb4})), new byte[0]), 0);
        TcpSegment synAck = segments().getFirst();
        assertTrue(synAck.has(TcpSegment.SYN | TcpSegment.ACK));
        int ack = synAck.seq() + 1;
        byte[] upload = new byte[40_000];
        new SplittableRandom(2).nextBytes(upload);
        send(new TcpSegment(5_000, 80, 1_001, ack, TcpSegment.ACK | TcpSegment.PSH, 0xffff, 0, List.of(), upload), 1_460);
        SimHostStream peer = fixture.inLoop(() -> host.stream(new InetSocketAddress(IpAddress.v4(FAR).toInetAddress(), 80)));
        assertArrayEquals(upload, fixture.inLoop(peer::takePeerReceived));
        segments();

        byte[] download = new byte[12_000];
        new SplittableRandom(3).nextBytes(download);
        fixture.inLoop(() -> {
            reactor.round(() -> peer.peerSend(download));
            reactor.settle();
            return null;
        });
        byte[] got = new byte[0];
        int frames = 0;
        for (TcpSegment segment : segments()) {
            assertEquals(ack + got.length, segment.seq());
            int before = got.length;
            got = Arrays.copyOf(got, before + segment.payload().length);
            System.arraycopy(segment.payload(), 0, got, before, segment.payload().length);
            frames++;
        }
        assertArrayEquals(download, got);
        assertTrue(frames < 5, frames + " frames");
    }
}
