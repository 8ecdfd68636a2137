package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The options of a DHCP message by code, in order of insertion (RFC 2132). For the control plane: it allocates, in
/// proportion to the bytes received.
public final class DhcpOptions {
    /// Codes of RFC 2132 and those that extend it.
    public static final int PAD = 0, SUBNET_MASK = 1, ROUTER = 3, DNS_SERVERS = 6, HOST_NAME = 12, DOMAIN_NAME = 15, MTU = 26,
            BROADCAST_ADDRESS = 28, REQUESTED_ADDRESS = 50, LEASE_TIME = 51, OVERLOAD = 52, MESSAGE_TYPE = 53, SERVER_ID = 54,
            PARAMETER_LIST = 55, MESSAGE = 56, MAX_MESSAGE_SIZE = 57, RENEWAL_TIME = 58, REBINDING_TIME = 59, CLIENT_ID = 61,
            TFTP_SERVER = 66, BOOT_FILE = 67, RAPID_COMMIT = 80, CLIENT_FQDN = 81, DOMAIN_SEARCH = 119, END = 255;

    private static final int VALUE_MAX = 255;

    private final Map<Integer, byte[]> values = new LinkedHashMap<>();

    /// Sets an option; 1 … 254.
    public DhcpOptions put(int code, byte... value) {
        if (code <= PAD || code >= END) {
            throw new IllegalArgumentException("DHCP option " + code + " is outside 1 to 254");
        }
        values.put(code, value);
        return this;
    }

    /// Sets a 32-bit value: an address, or a time in seconds.
    public DhcpOptions putInt(int code, int value) {
        return put(code, (byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value);
    }

    /// Sets a text, without a terminating NUL.
    public DhcpOptions putText(int code, String text) {
        return put(code, text.getBytes(StandardCharsets.UTF_8));
    }

    /// Takes an option out, if it is there.
    public void remove(int code) {
        values.remove(code);
    }

    /// The bytes of an option, null when it is absent. Not a copy.
    public byte[] get(int code) {
        return values.get(code);
    }

    /// Whether the option is there, with whatever length.
    public boolean has(int code) {
        return values.containsKey(code);
    }

    /// An option of 1, 2 or 4 bytes as an unsigned number; `absent` when it is not there or has another length.
    public long number(int code, int bytes, long absent) {
        byte[] value = values.get(code);
        if (value == null || value.length != bytes) {
            return absent;
        }
        long number = 0;
        for (byte octet : value) {
            number = number << 8 | octet & 0xff;
        }
        return number;
    }

    /// The codes, in order.
    public List<Integer> codes() {
        return List.copyOf(values.keySet());
    }

    /// Reads options from `off` to `end`, or to the END option; **borrows** `buf`. An option that occurs
    /// again is one long option in parts (RFC 3396 §7).
    ///
    /// @return false if an option runs past `end`
    boolean parse(ByteBuf buf, int off, int end) {
        int at = off;
        while (at < end) {
            int code = buf.getUnsignedByte(at++);
            if (code == PAD) {
                continue;
            }
            if (code == END) {
                return true;
            }
            if (at == end) {
                return false;
            }
            int length = buf.getUnsignedByte(at++);
            if (length > end - at) {
                return false;
            }
            byte[] before = values.getOrDefault(code, new byte[0]);
            byte[] value = Arrays.copyOf(before, before.length + length);
            buf.getBytes(at, value, before.length, length);
            values.put(code, value);
            at += length;
        }
        return true;
    }

    /// Writes the options in order and END at the writer index of `buf`, within `room` bytes; **borrows** `buf`.
    /// Values over 255 bytes are written in parts (RFC 3396 §5). An option that does not fit is left out: a
    /// client lists the options it wants in order of importance (RFC 2132 §9.8), so the last ones give way.
    void write(ByteBuf buf, int room) {
        int left = room - 1;
        for (Map.Entry<Integer, byte[]> option : values.entrySet()) {
            byte[] value = option.getValue();
            int parts = Math.max(1, (value.length + VALUE_MAX - 1) / VALUE_MAX);
            if (value.length + 2 * parts > left) {
                continue;
            }
            left -= value.length + 2 * parts;
            for (int part = 0; part < parts; part++) {
                int from = part * VALUE_MAX;
                int length = Math.min(VALUE_MAX, value.length - from);
                buf.writeByte(option.getKey()).writeByte(length).writeBytes(value, from, length);
            }
        }
        buf.writeByte(END);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("{");
        values.forEach((code, value) -> text.append(text.length() > 1 ? ", " : "").append(code).append('=')
                .append(java.util.HexFormat.of().formatHex(value)));
        return text.append('}').toString();
    }
}
