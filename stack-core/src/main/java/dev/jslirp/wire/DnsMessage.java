package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;
import java.util.List;

/// A DNS message as far as a forwarder reads it (RFC 1035 §4.1, RFC 6891 §6.1).
///
/// @param id          the 16-bit id
/// @param flags       second word of the header: QR, opcode, AA, TC, RD, RA, AD, CD, rcode
/// @param name        the name asked for, as text (see [DnsName]); null when there is not exactly one well-formed question
/// @param type        QTYPE
/// @param qclass      QCLASS
/// @param questionEnd bytes up to the end of the question section, from the start of the message; 12 without a question
/// @param udpPayload  the sender's UDP payload size (EDNS), 0 without EDNS
public record DnsMessage(int id, int flags, String name, int type, int qclass, int questionEnd, int udpPayload) {
    /// Bytes of the header.
    public static final int HEADER_LENGTH = 12;
    /// Flags.
    public static final int QR = 0x8000, TC = 0x0200, RD = 0x0100, RA = 0x0080, OPCODE = 0x7800, RCODE = 0xf, AA = 0x0400;
    /// Response codes.
    public static final int NOERROR = 0, FORMERR = 1, SERVFAIL = 2, NXDOMAIN = 3, NOTIMP = 4, REFUSED = 5;
    /// Record types.
    public static final int A = 1, SOA = 6, PTR = 12, AAAA = 28, OPT = 41, ANY = 255;
    /// Class Internet.
    public static final int IN = 1;
    /// The UDP payload everybody takes (RFC 1035 §4.2.1).
    public static final int UDP_PAYLOAD_MIN = 512;
    /// What this side says it takes: fits a frame of 1280 bytes.
    public static final int UDP_PAYLOAD_OURS = 1232;

    private static final int COUNTS = 4, AUTHORITIES = 8, RECORD_FIXED = 10, NAME_POINTER = 0xc000 | HEADER_LENGTH;
    /// RFC 6303 §3: what an empty zone says of itself.
    private static final String SOA_MAILBOX = "nobody.invalid";
    private static final int SOA_SERIAL = 1, SOA_REFRESH = 3_600, SOA_RETRY = 1_200, SOA_EXPIRE = 604_800;

    /// Reads the message in `length` bytes at `off`; **borrows** `buf`.
    ///
    /// @return null if not even the header is there
    public static DnsMessage parse(ByteBuf buf, int off, int length) {
        if (length < HEADER_LENGTH) {
            return null;
        }
        int id = buf.getUnsignedShort(off);
        int flags = buf.getUnsignedShort(off + 2);
        int end = off + length;
        StringBuilder name = new StringBuilder();
        int at = buf.getUnsignedShort(off + COUNTS) == 1 ? DnsName.read(buf, off, end, off + HEADER_LENGTH, name) : -1;
        if (at < 0 || end - at < 4) {
            return new DnsMessage(id, flags, null, 0, 0, HEADER_LENGTH, 0);
        }
        int udpPayload = findUdpPayload(buf, off, end, at + 4);
        return new DnsMessage(id, flags, name.toString(), buf.getUnsignedShort(at), buf.getUnsignedShort(at + 2), at + 4 - off, udpPayload);
    }

    /// Walks the records for OPT; a malformed record ends the search, the resolver may judge it.
    private static int findUdpPayload(ByteBuf buf, int off, int end, int recordsAt) {
        int records = buf.getUnsignedShort(off + 6) + buf.getUnsignedShort(off + 8) + buf.getUnsignedShort(off + 10);
        int at = recordsAt;
        for (int i = 0; i < records; i++) {
            at = DnsName.read(buf, off, end, at, null);
            if (at < 0 || end - at < RECORD_FIXED) {
                return 0;
            }
            if (buf.getUnsignedShort(at) == OPT) {
                return Math.max(UDP_PAYLOAD_MIN, buf.getUnsignedShort(at + 2));
            }
            at += RECORD_FIXED + buf.getUnsignedShort(at + 8);
            if (at > end) {
                return 0;
            }
        }
        return 0;
    }

    /// Whether this is an answer.
    public boolean isResponse() {
        return (flags & QR) != 0;
    }

    /// The four bits that say what is asked; 0 is a query.
    public int opcode() {
        return (flags & OPCODE) >> 11;
    }

    /// The response code.
    public int rcode() {
        return flags & RCODE;
    }

    /// Whether both ask the same, but for the case of the name.
    public boolean sameQuestion(DnsMessage other) {
        return name != null && name.equals(other.name) && type == other.type && qclass == other.qclass;
    }

    /// Bytes of an answer that whoever sent this query takes over UDP.
    public int answerLengthMax() {
        return Math.max(UDP_PAYLOAD_MIN, udpPayload);
    }

    /// Writes an answer without records to this query: an error, "no such data", or with [#TC] in `extraFlags` the
    /// advice to use TCP. **Borrows** `out` (written at its writer index) and `query`, where this message was read at `off`.
    public void writeEmpty(ByteBuf out, ByteBuf query, int off, int rcode, int extraFlags) {
        writeHead(out, query, off, rcode | extraFlags, 0);
        writeOpt(out);
    }

    /// Writes an answer that denies, NXDOMAIN or "no such data", in the name of the zone that the last `zoneLabels` labels of the name
    /// are, and may be remembered for `ttlSeconds` (RFC 2308 §2, §5); other parameters as for [#writeEmpty].
    ///
    /// @param zoneLabels if the name has no more labels than that, the zone is the name itself
    public void writeDenial(ByteBuf out, ByteBuf query, int off, int rcode, int zoneLabels, int ttlSeconds) {
        int start = out.writerIndex();
        writeHead(out, query, off, AA | rcode, 0);
        out.setShort(start + AUTHORITIES, 1);
        int zone = 0xc000 | zoneOffset(out, start, zoneLabels);
        out.writeShort(zone).writeShort(SOA).writeShort(IN).writeInt(ttlSeconds);
        int lengthAt = out.writerIndex();
        out.writeShort(0).writeShort(zone);
        DnsName.write(out, SOA_MAILBOX);
        out.writeInt(SOA_SERIAL).writeInt(SOA_REFRESH).writeInt(SOA_RETRY).writeInt(SOA_EXPIRE).writeInt(ttlSeconds);
        out.setShort(lengthAt, out.writerIndex() - lengthAt - 2);
        writeOpt(out);
    }

    /// Where in the message at `start` the last `labels` labels of the question's name begin. The name is whole: it is the first of the
    /// message, so there is nothing a compression pointer in it could lead to.
    private static int zoneOffset(ByteBuf message, int start, int labels) {
        int surplus = -labels;
        for (int at = start + HEADER_LENGTH; message.getByte(at) != 0; at += message.getByte(at) + 1) {
            surplus++;
        }
        int at = start + HEADER_LENGTH;
        for (; surplus > 0; surplus--) {
            at += message.getByte(at) + 1;
        }
        return at - start;
    }

    /// Writes an answer with A and AAAA records; parameters as for [#writeEmpty].
    public void writeAddresses(ByteBuf out, ByteBuf query, int off, List<IpAddress> addresses, int ttlSeconds) {
        writeHead(out, query, off, AA, addresses.size());
        for (IpAddress address : addresses) {
            if (address.isV4()) {
                writeRecordHead(out, A, ttlSeconds).writeShort(4).writeInt(address.v4Bits());
            } else {
                writeRecordHead(out, AAAA, ttlSeconds).writeShort(16).writeLong(address.hi()).writeLong(address.lo());
            }
        }
        writeOpt(out);
    }

    /// Writes an answer with one PTR record; parameters as for [#writeEmpty].
    public void writePointer(ByteBuf out, ByteBuf query, int off, String target, int ttlSeconds) {
        writeHead(out, query, off, AA, 1);
        writeRecordHead(out, PTR, ttlSeconds);
        int lengthAt = out.writerIndex();
        out.writeShort(0);
        DnsName.write(out, target);
        out.setShort(lengthAt, out.writerIndex() - lengthAt - 2);
        writeOpt(out);
    }

    private void writeHead(ByteBuf out, ByteBuf query, int off, int answerFlags, int answers) {
        out.writeShort(id).writeShort(QR | RA | flags & (OPCODE | RD) | answerFlags);
        out.writeShort(name == null ? 0 : 1).writeShort(answers).writeShort(0).writeShort(udpPayload == 0 ? 0 : 1);
        out.writeBytes(query, off + HEADER_LENGTH, questionEnd - HEADER_LENGTH);
    }

    private ByteBuf writeRecordHead(ByteBuf out, int recordType, int ttlSeconds) {
        return out.writeShort(NAME_POINTER).writeShort(recordType).writeShort(IN).writeInt(ttlSeconds);
    }

    /// RFC 6891 §6.1.1: who is asked with OPT answers with OPT.
    private void writeOpt(ByteBuf out) {
        if (udpPayload != 0) {
            out.writeByte(0).writeShort(OPT).writeShort(UDP_PAYLOAD_OURS).writeInt(0).writeShort(0);
        }
    }
}
