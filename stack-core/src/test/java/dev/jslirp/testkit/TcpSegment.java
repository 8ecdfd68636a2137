package dev.jslirp.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A TCP segment (RFC 9293 §3.1). `options` lists every option in order, NOPs and end included.
public record TcpSegment(int srcPort, int dstPort, int seq, int ack, int flags, int window, int urgent, List<Option> options,
        byte[] payload) {
    /// Control bits.
    public static final int FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128;
    /// Option kinds.
    public static final int END = 0, NOP = 1, MSS = 2, WINDOW_SCALE = 3, SACK_PERMITTED = 4, SACK = 5, TIMESTAMPS = 8;

    /// One option: its kind, and the bytes behind the length octet.
    ///
    /// @param declaredLength the length octet as sent, normally `data.length + 2`; unused for NOP and end
    public record Option(int kind, int declaredLength, byte[] data) {
        /// A well-formed option.
        public static Option of(int kind, byte[] data) {
            return new Option(kind, data.length + 2, data);
        }
    }

    /// Whether all flags of `mask` are set.
    public boolean has(int mask) {
        return (flags & mask) == mask;
    }

    /// The payload of the IP packet, checksum included.
    public byte[] encode(int src, int dst) {
        byte[] optionBytes = encodeOptions();
        int headerLength = 20 + optionBytes.length;
        byte[] bytes = new WireWriter().u16(srcPort).u16(dstPort).u32(seq).u32(ack).u8(headerLength / 4 << 4).u8(flags).u16(window)
                .u16(0).u16(urgent).bytes(optionBytes).bytes(payload).toByteArray();
        int checksum = SlowChecksum.of(SlowChecksum.pseudoHeader(src, dst, Ipv4Packet.TCP, bytes.length), bytes);
        bytes[16] = (byte) (checksum >> 8);
        bytes[17] = (byte) checksum;
        return bytes;
    }

    private byte[] encodeOptions() {
        WireWriter out = new WireWriter();
        for (Option option : options) {
            out.u8(option.kind);
            if (option.kind > NOP) {
                out.u8(option.declaredLength).bytes(option.data);
            }
        }
        byte[] bytes = out.toByteArray();
        return Arrays.copyOf(bytes, (bytes.length + 3) / 4 * 4);
    }

    /// The segment in `packet`, checked: offsets, option lengths, and the checksum (the pseudo-header's sum alone
    /// when `checksumOpen` leaves the rest to the guest).
    public static TcpSegment parse(Ipv4Packet packet, boolean checksumOpen) {
        byte[] bytes = packet.payload();
        WireReader in = new WireReader(bytes);
        int srcPort = in.u16();
        int dstPort = in.u16();
        int seq = in.u32();
        int ack = in.u32();
        int headerLength = in.u8() / 16 * 4;
        int flags = in.u8();
        int window = in.u16();
        int checksum = in.u16();
        int urgent = in.u16();
        byte[] pseudo = SlowChecksum.pseudoHeader(packet.src(), packet.dst(), Ipv4Packet.TCP, bytes.length);
        boolean valid = checksumOpen ? checksum == SlowChecksum.sum(pseudo) : SlowChecksum.sum(pseudo, bytes) == 0xffff;
        if (!valid || headerLength < 20) {
            throw new AssertionError("TCP checksum 0x" + Integer.toHexString(checksum) + " or header length " + headerLength + " is wrong");
        }
        List<Option> options = parseOptions(new WireReader(in.bytes(headerLength - 20)));
        return new TcpSegment(srcPort, dstPort, seq, ack, flags, window, urgent, options, in.rest());
    }

    private static List<Option> parseOptions(WireReader in) {
        List<Option> options = new ArrayList<>();
        while (in.remaining() > 0) {
            int kind = in.u8();
            if (kind == END) {
                return options;
            }
            if (kind == NOP) {
                options.add(new Option(NOP, 1, new byte[0]));
                continue;
            }
            int length = in.u8();
            options.add(new Option(kind, length, in.bytes(length - 2)));
        }
        return options;
    }
}
