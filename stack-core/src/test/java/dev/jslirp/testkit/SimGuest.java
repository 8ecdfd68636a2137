package dev.jslirp.testkit;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Offload;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;

/// A guest made of packets: it sends what it is told and keeps what it gets. Its encoders and parsers are
/// its own, so an error that the stack makes in the same way on both directions shows.
///
/// Every frame from the stack is checked when it is taken. ARP requests for the guest's address are
/// answered by themselves, in a later round, unless [#setAnswersArp] says no.
public final class SimGuest {
    /// 52:54:00:12:34:56.
    public static final long DEFAULT_MAC = 0x5254_0012_3456L;

    private final SimReactor reactor;
    private final SimLink link;
    private final AddressPlan plan;
    private final long mac;
    private final int ip;
    private final ArrayDeque<Received> inbox = new ArrayDeque<>();
    private Consumer<Received> tap = received -> {};
    private boolean answersArp = true;

    /// One frame from the stack.
    ///
    /// @param checksumOpen whether the transport checksum is left to the guest (`NEEDS_CSUM`)
    /// @param gsoSize      payload bytes per packet of a super-frame, 0 for an ordinary frame
    public record Received(EthernetFrame frame, boolean checksumOpen, int gsoSize, long atNs) {
        /// The IPv4 packet in it, or null.
        public Ipv4Packet ipv4() {
            return frame.etherType() == EthernetFrame.IPV4 ? Ipv4Packet.parse(frame.payload()) : null;
        }

        /// The TCP segment in it, or null.
        public TcpSegment tcp() {
            Ipv4Packet packet = ipv4();
            return packet == null || packet.isFragment() || packet.protocol() != Ipv4Packet.TCP ? null
                    : TcpSegment.parse(packet, checksumOpen);
        }

        /// The UDP datagram in it, or null.
        public UdpDatagram udp() {
            Ipv4Packet packet = ipv4();
            return packet == null || packet.isFragment() || packet.protocol() != Ipv4Packet.UDP ? null
                    : UdpDatagram.parse(packet, checksumOpen);
        }

        /// The ICMP message in it, or null.
        public IcmpMessage icmp() {
            Ipv4Packet packet = ipv4();
            return packet == null || packet.isFragment() || packet.protocol() != Ipv4Packet.ICMP ? null
                    : IcmpMessage.parse(packet.payload());
        }

        /// The ARP message in it, or null.
        public ArpMessage arp() {
            return frame.etherType() == EthernetFrame.ARP ? ArpMessage.parse(frame.payload()) : null;
        }
    }

    /// A guest on `link` with this station and IPv4 address.
    public SimGuest(SimReactor reactor, SimLink link, AddressPlan plan, long mac, int ip) {
        this.reactor = reactor;
        this.link = link;
        this.plan = plan;
        this.mac = mac;
        this.ip = ip;
        link.onTransmit(this::receive);
    }

    private void receive(SimLink.SentFrame sent) {
        EthernetFrame frame = EthernetFrame.parse(sent.bytes());
        boolean open = (Offload.flags(sent.offload()) & Offload.NEEDS_CSUM) != 0;
        Received received = new Received(frame, open, Offload.gsoSize(sent.offload()), sent.atNs());
        ArpMessage arp = received.arp();
        tap.accept(received);
        if (arp != null && answersArp && arp.operation() == ArpMessage.REQUEST && arp.targetIp() == ip) {
            ArpMessage reply = new ArpMessage(ArpMessage.REPLY, mac, ip, arp.senderMac(), arp.senderIp());
            reactor.schedule(reactor.nowNs(), () -> send(arp.senderMac(), EthernetFrame.ARP, reply.encode()));
            return;
        }
        inbox.add(received);
    }

    /// Sends a frame to any station.
    public void send(long dstMac, int etherType, byte[] payload) {
        link.deliver(new EthernetFrame(dstMac, mac, etherType, payload).encode());
    }

    /// Sends an IPv4 packet to the gateway's station.
    public void send(Ipv4Packet packet) {
        send(plan.gatewayMac().bits(), EthernetFrame.IPV4, packet.encode());
    }

    /// Sends a TCP segment.
    public void send(int dst, TcpSegment segment) {
        send(Ipv4Packet.of(Ipv4Packet.TCP, ip, dst, segment.encode(ip, dst)));
    }

    /// Sends a UDP datagram.
    public void send(int dst, UdpDatagram datagram) {
        send(Ipv4Packet.of(Ipv4Packet.UDP, ip, dst, datagram.encode(ip, dst)));
    }

    /// Sends an ICMP message.
    public void send(int dst, IcmpMessage message) {
        send(Ipv4Packet.of(Ipv4Packet.ICMP, ip, dst, message.encode()));
    }

    /// Asks by ARP for an address, which also tells the stack who we are.
    public void askFor(IpAddress address) {
        ArpMessage request = new ArpMessage(ArpMessage.REQUEST, mac, ip, 0, address.v4Bits());
        send(0xffff_ffff_ffffL, EthernetFrame.ARP, request.encode());
    }

    /// The oldest frame not yet taken, or null.
    public Received poll() {
        return inbox.poll();
    }

    /// Removes and returns all frames not yet taken.
    public List<Received> takeAll() {
        List<Received> taken = List.copyOf(inbox);
        inbox.clear();
        return taken;
    }

    /// Frames not yet taken, oldest first.
    public ArrayDeque<Received> inbox() {
        return inbox;
    }

    /// Called with every frame as it arrives.
    public void onReceive(Consumer<Received> listener) {
        tap = listener;
    }

    /// Whether ARP requests are answered.
    public void setAnswersArp(boolean answers) {
        answersArp = answers;
    }

    /// Station address.
    public long mac() {
        return mac;
    }

    /// IPv4 address.
    public int ip() {
        return ip;
    }
}
