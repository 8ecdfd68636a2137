package dev.jslirp.wire;

/// Serial arithmetic on 32-bit TCP sequence numbers (RFC 9293 §3.4, RFC 1982).
///
/// Two numbers compare correctly while they lie less than 2³¹ apart, which every window this stack
/// offers or accepts guarantees.
public final class SeqNum {
    private SeqNum() {}

    /// `a < b` on the circle.
    public static boolean lt(int a, int b) {
        return a - b < 0;
    }

    /// `a <= b` on the circle.
    public static boolean leq(int a, int b) {
        return a - b <= 0;
    }

    /// `a > b` on the circle.
    public static boolean gt(int a, int b) {
        return a - b > 0;
    }

    /// `a >= b` on the circle.
    public static boolean geq(int a, int b) {
        return a - b >= 0;
    }

    /// The later of the two.
    public static int max(int a, int b) {
        return gt(a, b) ? a : b;
    }

    /// The earlier of the two.
    public static int min(int a, int b) {
        return lt(a, b) ? a : b;
    }

    /// Whether `seq` lies in `[from, from + length)`.
    public static boolean inWindow(int seq, int from, int length) {
        return Integer.compareUnsigned(seq - from, length) < 0;
    }
}
