package dev.jslirp.testkit;

/// RFC 1071 word by word, with the carry put back at every step: slow, obvious, and written without a look
/// at the production code.
public final class SlowChecksum {
    private SlowChecksum() {}

    /// The one's complement sum of all arrays in a row, each of even length but the last.
    public static int sum(byte[]... parts) {
        int sum = 0;
        for (byte[] part : parts) {
            for (int i = 0; i < part.length; i += 2) {
                int low = i + 1 < part.length ? part[i + 1] & 0xff : 0;
                sum += (part[i] & 0xff) * 256 + low;
                if (sum > 0xffff) {
                    sum -= 0xffff;
                }
            }
        }
        return sum;
    }

    /// The checksum field for these bytes, whose own checksum field is 0.
    public static int of(byte[]... parts) {
        return 0xffff - sum(parts);
    }

    /// The IPv4 pseudo-header of a transport packet of `length` bytes.
    public static byte[] pseudoHeader(int src, int dst, int protocol, int length) {
        return new WireWriter().u32(src).u32(dst).u8(0).u8(protocol).u16(length).toByteArray();
    }
}
