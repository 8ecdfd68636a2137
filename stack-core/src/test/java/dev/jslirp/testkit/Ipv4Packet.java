package dev.jslirp.testkit;

import dev.jslirp.wire.IpAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// An IPv4 packet (RFC 791). `fragmentOffset` in bytes.
public record Ipv4Packet(int id, boolean dontFragment, boolean moreFragments, int fragmentOffset, int ttl, int protocol, int src, int dst,
        byte[] payload) {
    /// Protocols.
    public static final int ICMP = 1, TCP = 6, UDP = 17;

    /// An ordinary packet.
    public static Ipv4Packet of(int protocol, int src, int dst, byte[] payload) {
        return new Ipv4Packet(1, false, false, 0, 64, protocol, src, dst, payload);
    }

    /// The same packet with another time to live.
    public Ipv4Packet withTtl(int changed) {
        return new Ipv4Packet(id, dontFragment, moreFragments, fragmentOffset, changed, protocol, src, dst, payload);
    }

    /// The same packet with "don't fragment".
    public Ipv4Packet withDontFragment() {
        return new Ipv4Packet(id, true, moreFragments, fragmentOffset, ttl, protocol, src, dst, payload);
    }

    /// This packet in pieces whose payloads have at most `bytes` bytes (a multiple of 8).
    public List<Ipv4Packet> fragments(int bytes) {
        List<Ipv4Packet> pieces = new ArrayList<>();
        for (int at = 0; at < payload.length; at += bytes) {
            int end = Math.min(payload.length, at + bytes);
            pieces.add(new Ipv4Packet(id, false, end < payload.length, at, ttl, protocol, src, dst, Arrays.copyOfRange(payload, at, end)));
        }
        return pieces;
    }

    /// Whether this is a piece of a packet.
    public boolean isFragment() {
        return moreFragments || fragmentOffset != 0;
    }

    /// The payload of the Ethernet frame.
    public byte[] encode() {
        int flags = (dontFragment ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0) | fragmentOffset / 8;
        byte[] header = new WireWriter().u8(0x45).u8(0).u16(20 + payload.length).u16(id).u16(flags).u8(ttl).u8(protocol).u16(0)
                .u32(src).u32(dst).toByteArray();
        int checksum = SlowChecksum.of(header);
        header[10] = (byte) (checksum >> 8);
        header[11] = (byte) checksum;
        return new WireWriter().bytes(header).bytes(payload).toByteArray();
    }

    /// The packet in these bytes; padding behind it is dropped.
    ///
    /// @throws AssertionError if lengths or checksum are wrong
    public static Ipv4Packet parse(byte[] bytes) {
        WireReader in = new WireReader(bytes);
        int versionAndLength = in.u8();
        in.u8();
        int totalLength = in.u16();
        int id = in.u16();
        int flags = in.u16();
        int ttl = in.u8();
        int protocol = in.u8();
        in.u16();
        int src = in.u32();
        int dst = in.u32();
        if (versionAndLength != 0x45 || totalLength < 20 || totalLength > bytes.length) {
            throw new AssertionError("IPv4 version and header length 0x" + Integer.toHexString(versionAndLength) + ", total length "
                    + totalLength + " of " + bytes.length);
        }
        if (SlowChecksum.sum(Arrays.copyOf(bytes, 20)) != 0xffff) {
            throw new AssertionError("IPv4 header checksum is wrong");
        }
        if (ttl == 0) {
            throw new AssertionError("IPv4 TTL is 0");
        }
        return new Ipv4Packet(id, (flags & 0x4000) != 0, (flags & 0x2000) != 0, (flags & 0x1fff) * 8, ttl, protocol, src, dst,
                Arrays.copyOfRange(bytes, 20, totalLength));
    }

    @Override
    public String toString() {
        return "ip " + IpAddress.v4(src) + " > " + IpAddress.v4(dst) + " protocol " + protocol + " (" + payload.length + ")"
                + (isFragment() ? " fragment at " + fragmentOffset + (moreFragments ? " more" : " last") : "");
    }
}
