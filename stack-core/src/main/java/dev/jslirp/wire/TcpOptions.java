package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// The options of the segment in hand, decoded once into fields that are overwritten by the next.
///
/// Unknown options are skipped by their length. A malformed list ends the decoding: what was read so
/// far stands, the rest is ignored, as RFC 9293 §3.1 (MUST-7) asks for robustness.
public final class TcpOptions {
    /// Option kinds (IANA TCP parameters).
    public static final int END = 0, NOP = 1, MSS = 2, WINDOW_SCALE = 3, SACK_PERMITTED = 4, SACK = 5, TIMESTAMPS = 8;

    /// Value of the MSS option, 0 when absent.
    public int mss;
    /// Shift count as sent (0…255; RFC 7323 §2.3 caps its use at 14), -1 when absent.
    public int windowScale;
    /// Whether SACK-permitted is present.
    public boolean sackPermitted;
    /// Whether the timestamp option is present.
    public boolean timestamps;
    /// TSval, TSecr when [#timestamps].
    public int tsVal, tsEcr;
    /// SACK blocks present, at most 4.
    public int sackBlocks;
    /// Left edges at even indexes, right edges at odd ones.
    public final int[] sack = new int[8];

    /// Back to "no options".
    public void clear() {
        mss = 0;
        windowScale = -1;
        sackPermitted = false;
        timestamps = false;
        tsVal = 0;
        tsEcr = 0;
        sackBlocks = 0;
    }

    /// Decodes `length` option bytes at `off`; **borrows** `buf`. Never reads outside the range.
    public void decode(ByteBuf buf, int off, int length) {
        clear();
        // NOP, NOP, timestamps: what nearly every segment of an established connection carries.
        if (length == 12 && buf.getInt(off) == 0x0101_080a) {
            timestamps = true;
            tsVal = buf.getInt(off + 4);
            tsEcr = buf.getInt(off + 8);
            return;
        }
        int at = off;
        int end = off + length;
        while (at < end) {
            int kind = buf.getByte(at) & 0xff;
            if (kind == END) {
                return;
            }
            if (kind == NOP) {
                at++;
                continue;
            }
            if (at + 1 >= end) {
                return;
            }
            int optionLength = buf.getByte(at + 1) & 0xff;
            if (optionLength < 2 || at + optionLength > end) {
                return;
            }
            option(buf, kind, at, optionLength);
            at += optionLength;
        }
    }

    private void option(ByteBuf buf, int kind, int at, int optionLength) {
        switch (kind) {
            case MSS -> {
                if (optionLength == 4) {
                    mss = buf.getUnsignedShort(at + 2);
                }
            }
            case WINDOW_SCALE -> {
                if (optionLength == 3) {
                    windowScale = buf.getUnsignedByte(at + 2);
                }
            }
            case SACK_PERMITTED -> sackPermitted |= optionLength == 2;
            case SACK -> {
                if ((optionLength - 2) % 8 == 0) {
                    sackBlocks = Math.min(4, (optionLength - 2) / 8);
                    for (int i = 0; i < 2 * sackBlocks; i++) {
                        sack[i] = buf.getInt(at + 2 + 4 * i);
                    }
                }
            }
            case TIMESTAMPS -> {
                if (optionLength == 10) {
                    timestamps = true;
                    tsVal = buf.getInt(at + 2);
                    tsEcr = buf.getInt(at + 6);
                }
            }
            default -> {
                // Skipped by length.
            }
        }
    }
}
