package dev.jslirp.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/// As much DNS (RFC 1035) as scripts need: one question, and one address as its answer.
///
/// @param answer the address answered, 0 when there is none
record ScriptDns(int id, boolean response, int rcode, int type, String name, int answer) {
    static final int TYPE_A = 1, TYPE_AAAA = 28;

    /// A recursive query.
    static byte[] query(int id, int type, String name) {
        return new WireWriter().u16(id).u16(0x0100).u16(1).u16(0).u16(0).u16(0).bytes(encode(name)).u16(type).u16(1).toByteArray();
    }

    /// The answer of a resolver to `query`: its question, and one A record.
    static byte[] answer(byte[] query, int address) {
        ScriptDns asked = parse(query);
        return new WireWriter().u16(asked.id).u16(0x8180).u16(1).u16(1).u16(0).u16(0)
                .bytes(encodeAsAsked(query)).u16(0xc00c).u16(TYPE_A).u16(1).u32(60).u16(4).u32(address).toByteArray();
    }

    /// Name, type and class of the question, byte for byte: resolvers keep its letter case.
    private static byte[] encodeAsAsked(byte[] query) {
        int end = 12;
        while (query[end] != 0) {
            end += query[end] + 1;
        }
        return Arrays.copyOfRange(query, 12, end + 5);
    }

    private static byte[] encode(String name) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (String label : name.split("\\.")) {
            out.write(label.length());
            out.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        out.write(0);
        return out.toByteArray();
    }

    /// The message in these bytes; of the answers, the first A record counts.
    static ScriptDns parse(byte[] bytes) {
        WireReader in = new WireReader(bytes);
        int id = in.u16();
        int flags = in.u16();
        in.u16();
        int answers = in.u16();
        in.u32();
        String name = name(in);
        int type = in.u16();
        in.u16();
        int address = 0;
        for (int i = 0; i < answers; i++) {
            name(in);
            int recordType = in.u16();
            in.u16();
            in.u32();
            byte[] data = in.bytes(in.u16());
            address = recordType == TYPE_A && address == 0 ? new WireReader(data).u32() : address;
        }
        return new ScriptDns(id, (flags & 0x8000) != 0, flags & 0xf, type, name, address);
    }

    /// A name in lower case; what a compression pointer points to is left out.
    private static String name(WireReader in) {
        StringBuilder name = new StringBuilder();
        while (true) {
            int length = in.u8();
            if (length >= 0xc0) {
                in.u8();
                return name.toString();
            }
            if (length == 0) {
                return name.toString();
            }
            name.append(name.isEmpty() ? "" : ".").append(new String(in.bytes(length), StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT));
        }
    }
}
