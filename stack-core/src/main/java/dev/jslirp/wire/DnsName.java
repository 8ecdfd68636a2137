package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Domain names (RFC 1035 §3.1, §4.1.4).
///
/// As text a name is in lower case without the final dot, the root is empty; octets that are no
/// letter, digit, `-` or `_` are written `\DDD` (RFC 1035 §5.1), so texts are equal when names are.
public final class DnsName {
    private static final int LABEL_MAX = 63, NAME_MAX = 255, POINTER = 0xc0, POINTER_TARGET_MAX = 0x3fff;

    private DnsName() {}

    /// Reads the name at `at` of the message in `[start, end)` into `text`; **borrows** `buf`. A compression pointer must lead
    /// backwards, behind the header, from run to run, which ends every loop. With `text` null the name is skipped: a pointer is its
    /// end, so that skipping many names is no more work than the message is long.
    ///
    /// @return the index behind the name at `at`, or -1 if it is malformed
    static int read(ByteBuf buf, int start, int end, int at, StringBuilder text) {
        int behind = -1;
        int runStart = at;
        int length = 1;
        int index = at;
        while (index < end) {
            int label = buf.getUnsignedByte(index);
            if (label == 0) {
                return behind < 0 ? index + 1 : behind;
            }
            if ((label & POINTER) == POINTER) {
                if (index + 2 > end) {
                    return -1;
                }
                if (text == null) {
                    return index + 2;
                }
                behind = behind < 0 ? index + 2 : behind;
                index = start + (buf.getUnsignedShort(index) & POINTER_TARGET_MAX);
                if (index >= runStart || index < start + DnsMessage.HEADER_LENGTH) {
                    return -1;
                }
                runStart = index;
                continue;
            }
            length += label + 1;
            if (label > LABEL_MAX || length > NAME_MAX || label >= end - index) {
                return -1;
            }
            if (text != null) {
                appendLabel(buf, index + 1, label, text);
            }
            index += label + 1;
        }
        return -1;
    }

    private static void appendLabel(ByteBuf buf, int off, int length, StringBuilder text) {
        if (!text.isEmpty()) {
            text.append('.');
        }
        for (int i = 0; i < length; i++) {
            int octet = buf.getUnsignedByte(off + i);
            if (octet >= 'A' && octet <= 'Z') {
                text.append((char) (octet | 0x20));
            } else if (octet >= 'a' && octet <= 'z' || octet >= '0' && octet <= '9' || octet == '-' || octet == '_') {
                text.append((char) octet);
            } else {
                text.append('\\').append((char) ('0' + octet / 100))
                        .append((char) ('0' + octet / 10 % 10)).append((char) ('0' + octet % 10));
            }
        }
    }

    /// Checks a host or domain name of the configuration (letters, digits, `-`, `_`, dots; a final dot is allowed).
    ///
    /// @return the name in lower case without the final dot
    /// @throws IllegalArgumentException naming what is wrong
    public static String require(String what, String name) {
        String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        if (bare.length() > NAME_MAX - 2) {
            throw new IllegalArgumentException(what + " '" + name + "' is longer than 253 characters");
        }
        for (String label : bare.split("\\.", -1)) {
            if (label.isEmpty() || label.length() > LABEL_MAX) {
                throw new IllegalArgumentException(what + " '" + name + "': a label must have 1 to 63 characters, not '" + label + "'");
            }
            if (!label.matches("[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?")) {
                throw new IllegalArgumentException(what + " '" + name + "': label '" + label
                        + "' may hold letters, digits, '_' and inner '-' only");
            }
        }
        return bare.toLowerCase(Locale.ROOT);
    }

    /// Writes a name that passed [#require], uncompressed, at the writer index; **borrows** `buf`.
    static void write(ByteBuf buf, String name) {
        for (String label : name.split("\\.")) {
            buf.writeByte(label.length());
            buf.writeCharSequence(label, StandardCharsets.US_ASCII);
        }
        buf.writeByte(0);
    }

    /// A list of names that passed [#require], as option 119 holds it: each compressed against those before it (RFC 3397 §2).
    public static byte[] searchList(List<String> names) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Map<String, Integer> offsets = new HashMap<>();
        for (String name : names) {
            String rest = name;
            while (!rest.isEmpty() && !offsets.containsKey(rest)) {
                if (out.size() <= POINTER_TARGET_MAX) {
                    offsets.put(rest, out.size());
                }
                int dot = rest.indexOf('.');
                byte[] label = (dot < 0 ? rest : rest.substring(0, dot)).getBytes(StandardCharsets.US_ASCII);
                out.write(label.length);
                out.write(label, 0, label.length);
                rest = dot < 0 ? "" : rest.substring(dot + 1);
            }
            if (rest.isEmpty()) {
                out.write(0);
            } else {
                int target = offsets.get(rest);
                out.write(POINTER | target >> 8);
                out.write(target);
            }
        }
        return out.toByteArray();
    }
}
