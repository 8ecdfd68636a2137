package dev.jslirp.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counters;
import dev.jslirp.time.TimerWheel;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// The whole package wired to a recording link, in time that stands still unless a test moves it, with slow
/// builders and checks of frames that share no code with what they check.
final class NetFixture implements AutoCloseable {
    static final long S = 1_000_000_000L;
    static final long MS = 1_000_000L;
    static final long GUEST_MAC = 0x5254_0012_3456L;
    static final long OTHER_MAC = 0x5254_0012_3457L;
    static final long GATEWAY_MAC = AddressPlan.DEFAULT_GATEWAY_MAC.bits();
    static final int GUEST = 0x0a00_020f;
    static final int OTHER_GUEST = 0x0a00_0210;
    static final int GATEWAY = 0x0a00_0202;
    static final int DNS = 0x0a00_0203;
    static final int OUTSIDE = 0xcb00_7107;
    static final int NET_BROADCAST = 0x0a00_02ff;

    /// A packet a handler was given, copied.
    record Seen(long srcLo, long dstLo, int protocol, int l3Length, byte[] transport) {}

    /// Without the leak detector, which allocates at every access: [#close] counts what is left itself.
    final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
    final Counters counters = new Counters();
    final AddressPlan plan = AddressPlan.defaults();
    final RecordingLink link;
    final TimerWheel wheel;
    final GuestLink guestLink;
    final NeighborTable neighbors;
    final FrameOutput output;
    final Ipv4Reassembler reassembler;
    final Ipv4Input ipv4;
    final UdpInput udp;
    final FrameInput input;
    final List<Seen> nat = new ArrayList<>();
    final List<Seen> echoes = new ArrayList<>();
    final List<String> errors = new ArrayList<>();
    long nowNs = -5 * S;

    NetFixture() {
        this(LinkCapabilities.plain(1_500), NetConfig.defaults());
    }

    NetFixture(LinkCapabilities capabilities, NetConfig config) {
        link = new RecordingLink(capabilities);
        wheel = new TimerWheel(8, nowNs);
        guestLink = new GuestLink(link, counters, allocator);
        neighbors = new NeighborTable(guestLink, plan, config, wheel, counters, allocator);
        output = new FrameOutput(guestLink, plan, config, neighbors, counters, new SplittableRandom(1));
        reassembler = new Ipv4Reassembler(config, output, wheel, counters, allocator);
        ipv4 = new Ipv4Input(plan, neighbors, reassembler, output, counters);
        udp = new UdpInput(plan, output, (view, frame, now) -> nat.add(seen(view, frame)), counters);
        ipv4.register(Ipv4Header.UDP, udp);
        ipv4.register(Ipv4Header.ICMP, new IcmpResponder(plan, output, (view, frame, now) -> echoes.add(seen(view, frame)),
                (type, code, rest, protocol, peerHi, peerLo, peerPort, guestHi, guestLo, guestPort, now) -> errors.add(type + "/" + code
                        + " rest " + rest + " proto " + protocol + " " + new IpAddress(peerHi, peerLo) + ":" + peerPort + " > "
                        + new IpAddress(guestHi, guestLo) + ":" + guestPort), counters));
        input = new FrameInput(() -> nowNs, plan, capabilities.maxFrameBytes(), new ArpResponder(guestLink, plan, neighbors, counters),
                ipv4, counters);
    }

    static Seen seen(PacketView view, ByteBuf frame) {
        byte[] transport = new byte[view.l4Length];
        frame.getBytes(view.l4Offset, transport);
        return new Seen(view.srcLo, view.dstLo, view.protocol, view.l3Length, transport);
    }

    /// Releases everything and checks that nothing is left.
    @Override
    public void close() {
        reassembler.close();
        neighbors.close();
        guestLink.close();
        assertEquals(0, allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory(), "memory still held");
        assertEquals(0, counters.get(DropReason.INTERNAL), "an exception on the frame path");
    }

    /// The guest is known without a frame of its own.
    NetFixture knowGuest() {
        neighbors.heard(0, IpAddress.v4Lo(GUEST), GUEST_MAC, nowNs);
        return this;
    }

    void receive(byte[] frame) {
        receive(frame, Offload.NONE);
    }

    void receive(byte[] frame, long offload) {
        input.onFrame(Unpooled.wrappedBuffer(frame), offload);
    }

    /// The oldest frame sent and not yet taken.
    ByteBuf next() {
        assertFalse(link.sent.isEmpty(), "no frame was sent");
        return link.sent.poll().bytes();
    }

    void assertSilent() {
        assertTrue(link.sent.isEmpty(), () -> link.sent.size() + " frames were sent");
    }

    /// Moves time to `deadlineNs` and fires what is due.
    void advanceTo(long deadlineNs) {
        nowNs = deadlineNs;
        wheel.poll(nowNs, 64);
    }

    // Builders

    static byte[] ethernet(long dst, long src, int type, byte[] payload) {
        ByteBuf frame = Unpooled.buffer();
        frame.writeLong(dst << 16).writerIndex(6).writeLong(src << 16).writerIndex(12).writeShort(type).writeBytes(payload);
        return bytes(frame);
    }

    static byte[] arp(long dst, int operation, long senderMac, int senderIp, long targetMac, int targetIp) {
        ByteBuf arp = Unpooled.buffer();
        arp.writeShort(1).writeShort(0x0800).writeByte(6).writeByte(4).writeShort(operation);
        arp.writeLong(senderMac << 16).writerIndex(14).writeInt(senderIp);
        arp.writeLong(targetMac << 16).writerIndex(24).writeInt(targetIp);
        return ethernet(dst, senderMac, 0x0806, bytes(arp));
    }

    /// An IPv4 packet; `fragment` is the 16-bit flags-and-offset field.
    static byte[] ip(int src, int dst, int protocol, int ttl, int id, int fragment, byte[] payload) {
        ByteBuf packet = Unpooled.buffer();
        packet.writeByte(0x45).writeByte(0).writeShort(20 + payload.length).writeShort(id).writeShort(fragment);
        packet.writeByte(ttl).writeByte(protocol).writeShort(0).writeInt(src).writeInt(dst);
        packet.setShort(10, slowChecksum(Arrays.copyOf(packet.array(), 20)));
        packet.writeBytes(payload);
        return bytes(packet);
    }

    /// A frame of the guest to the gateway with an unfragmented packet of TTL 64.
    static byte[] fromGuest(int dst, int protocol, byte[] payload) {
        return ethernet(GATEWAY_MAC, GUEST_MAC, 0x0800, ip(GUEST, dst, protocol, 64, 1, 0, payload));
    }

    static byte[] udp(int src, int srcPort, int dst, int dstPort, byte[] payload) {
        ByteBuf datagram = Unpooled.buffer();
        datagram.writeShort(srcPort).writeShort(dstPort).writeShort(8 + payload.length).writeShort(0).writeBytes(payload);
        int checksum = slowChecksum(pseudo(src, dst, 17, bytes(datagram)));
        datagram.setShort(6, checksum == 0 ? 0xffff : checksum);
        return bytes(datagram);
    }

    static byte[] icmp(int type, int code, int rest, byte[] payload) {
        ByteBuf message = Unpooled.buffer();
        message.writeByte(type).writeByte(code).writeShort(0).writeInt(rest).writeBytes(payload);
        message.setShort(2, slowChecksum(bytes(message)));
        return bytes(message);
    }

    static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }

    // Checks

    /// RFC 1071, the slow way: one byte at a time.
    static int slowChecksum(byte[] bytes) {
        int sum = 0;
        for (int i = 0; i < bytes.length; i++) {
            sum += (bytes[i] & 0xff) << ((i & 1) == 0 ? 8 : 0);
            if (sum > 0xffff) {
                sum = (sum & 0xffff) + 1;
            }
        }
        return ~sum & 0xffff;
    }

    static byte[] pseudo(int src, int dst, int protocol, byte[] transport) {
        return bytes(Unpooled.buffer().writeInt(src).writeInt(dst).writeByte(0).writeByte(protocol).writeShort(transport.length)
                .writeBytes(transport));
    }

    /// Checks Ethernet and IPv4 header of a frame to the guest. @return the packet behind the Ethernet header
    static byte[] checkedIp(ByteBuf frame, long dstMac, int src, int dst, int protocol) {
        assertEquals(dstMac, frame.getLong(0) >>> 16, "destination MAC");
        assertEquals(GATEWAY_MAC, frame.getLong(6) >>> 16, "source MAC");
        assertEquals(0x0800, frame.getUnsignedShort(12), "EtherType");
        byte[] packet = new byte[frame.readableBytes() - 14];
        frame.getBytes(14, packet);
        ByteBuf ip = Unpooled.wrappedBuffer(packet);
        assertEquals(0x45, ip.getByte(0));
        assertEquals(packet.length, ip.getUnsignedShort(2), "total length");
        assertEquals(0, slowChecksum(Arrays.copyOf(packet, 20)), "IPv4 checksum");
        assertEquals(protocol, ip.getByte(9));
        assertEquals(IpAddress.v4(src), IpAddress.v4(ip.getInt(12)), "source");
        assertEquals(IpAddress.v4(dst), IpAddress.v4(ip.getInt(16)), "destination");
        return packet;
    }

    /// The next frame must be an ICMP error to the guest. @return the ICMP message
    byte[] nextIcmp(int src) {
        byte[] packet = checkedIp(next(), GUEST_MAC, src, GUEST, 1);
        byte[] message = Arrays.copyOfRange(packet, 20, packet.length);
        assertEquals(0, slowChecksum(message), "ICMP checksum");
        return message;
    }

    /// Puts the packets of all frames sent together, in order of offset, and checks that they are fragments of one.
    /// @return the transport message
    byte[] joinFragments(int src, int dst, int protocol, int mtu) {
        ByteBuf whole = Unpooled.buffer();
        int id = -1;
        while (!link.sent.isEmpty()) {
            byte[] packet = checkedIp(next(), GUEST_MAC, src, dst, protocol);
            assertTrue(packet.length <= mtu, "fragment above the MTU");
            ByteBuf ip = Unpooled.wrappedBuffer(packet);
            int flags = ip.getUnsignedShort(6);
            assertEquals(whole.writerIndex(), (flags & 0x1fff) * 8, "fragment offset");
            assertEquals(!link.sent.isEmpty(), (flags & 0x2000) != 0, "more fragments");
            assertEquals(0, flags & 0xc000, "other flags");
            assertTrue(id == -1 || id == ip.getUnsignedShort(4), "identification");
            id = ip.getUnsignedShort(4);
            whole.writeBytes(packet, 20, packet.length - 20);
        }
        return bytes(whole);
    }

    static byte[] bytes(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.getBytes(buffer.readerIndex(), bytes);
        return bytes;
    }

    static long lo(int address) {
        return IpAddress.v4Lo(address);
    }

    static long macOf(ByteBuf frame) {
        return frame.getLong(0) >>> 16;
    }

    static boolean isBroadcast(ByteBuf frame) {
        return macOf(frame) == MacAddress.BROADCAST;
    }
}
