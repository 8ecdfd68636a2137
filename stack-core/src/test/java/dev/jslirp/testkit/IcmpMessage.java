package dev.jslirp.testkit;

/// An ICMP message (RFC 792): `rest` is the identifier and sequence number, or what the type says.
public record IcmpMessage(int type, int code, int rest, byte[] payload) {
    /// Types.
    public static final int ECHO_REPLY = 0, UNREACHABLE = 3, ECHO_REQUEST = 8, TIME_EXCEEDED = 11;

    /// The payload of the IP packet.
    public byte[] encode() {
        byte[] bytes = new WireWriter().u8(type).u8(code).u16(0).u32(rest).bytes(payload).toByteArray();
        int checksum = SlowChecksum.of(bytes);
        bytes[2] = (byte) (checksum >> 8);
        bytes[3] = (byte) checksum;
        return bytes;
    }

    /// The message in these bytes.
    ///
    /// @throws AssertionError if the checksum is wrong
    public static IcmpMessage parse(byte[] bytes) {
        if (SlowChecksum.sum(bytes) != 0xffff) {
            throw new AssertionError("ICMP checksum is wrong");
        }
        WireReader in = new WireReader(bytes);
        int type = in.u8();
        int code = in.u8();
        in.u16();
        return new IcmpMessage(type, code, in.u32(), in.rest());
    }

    /// Echo identifier.
    public int id() {
        return rest >>> 16;
    }

    /// Echo sequence number.
    public int sequence() {
        return rest & 0xffff;
    }
}
