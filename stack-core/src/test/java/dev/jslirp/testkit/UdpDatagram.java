package dev.jslirp.testkit;

import java.util.Arrays;

/// A UDP datagram (RFC 768).
public record UdpDatagram(int srcPort, int dstPort, byte[] payload) {
    /// The payload of the IP packet, checksum included.
    public byte[] encode(int src, int dst) {
        byte[] bytes = new WireWriter().u16(srcPort).u16(dstPort).u16(8 + payload.length).u16(0).bytes(payload).toByteArray();
        int checksum = SlowChecksum.of(SlowChecksum.pseudoHeader(src, dst, Ipv4Packet.UDP, bytes.length), bytes);
        checksum = checksum == 0 ? 0xffff : checksum;
        bytes[6] = (byte) (checksum >> 8);
        bytes[7] = (byte) checksum;
        return bytes;
    }

    /// The datagram in `packet`, checked: length, and checksum unless `checksumOpen` leaves it to the guest.
    public static UdpDatagram parse(Ipv4Packet packet, boolean checksumOpen) {
        byte[] bytes = packet.payload();
        WireReader in = new WireReader(bytes);
        int srcPort = in.u16();
        int dstPort = in.u16();
        int length = in.u16();
        int checksum = in.u16();
        if (length != bytes.length) {
            throw new AssertionError("UDP length " + length + " in a payload of " + bytes.length);
        }
        byte[] pseudo = SlowChecksum.pseudoHeader(packet.src(), packet.dst(), Ipv4Packet.UDP, length);
        boolean valid = checksumOpen ? checksum == SlowChecksum.sum(pseudo) : checksum == 0 || SlowChecksum.sum(pseudo, bytes) == 0xffff;
        if (!valid) {
            throw new AssertionError("UDP checksum is wrong");
        }
        return new UdpDatagram(srcPort, dstPort, Arrays.copyOfRange(bytes, 8, length));
    }
}
