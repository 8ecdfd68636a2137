package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// A TCP segment as text, in packetdrill's notation: `S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>`.
///
/// Numbers are as on the wire: absolute, windows unscaled. For traces and tests; it allocates.
public final class SegmentText {
    private static final String FLAG_LETTERS = "FSRP.UEW";

    private SegmentText() {}

    /// The text of the segment that [TcpHeader#decode] has put in `view`; **borrows** `frame`, of which only the header is read.
    public static String of(ByteBuf frame, PacketView view) {
        StringBuilder text = new StringBuilder();
        appendTo(text, frame, view);
        return text.toString();
    }

    static void appendTo(StringBuilder text, ByteBuf frame, PacketView view) {
        appendFlags(text, view.flags);
        text.append(' ').append(unsigned(view.seq)).append(':').append(unsigned(view.seq + view.payloadLength))
                .append('(').append(view.payloadLength).append(')');
        if (view.hasFlags(TcpHeader.ACK)) {
            text.append(" ack ").append(unsigned(view.ack));
        }
        text.append(" win ").append(view.window);
        if (view.hasFlags(TcpHeader.URG)) {
            text.append(" urg ").append(view.urgentPointer);
        }
        int options = view.l4Offset + TcpHeader.MIN_LENGTH;
        if (options < view.payloadOffset) {
            text.append(" <");
            appendOptions(text, frame, options, view.payloadOffset);
            text.append('>');
        }
    }

    private static void appendFlags(StringBuilder text, int flags) {
        for (int bit = 0; bit < FLAG_LETTERS.length(); bit++) {
            if ((flags & 1 << bit) != 0) {
                text.append(FLAG_LETTERS.charAt(bit));
            }
        }
        if (flags == 0) {
            text.append('-');
        }
    }

    /// The list as it stands, padding included, up to its end or to what is malformed.
    private static void appendOptions(StringBuilder text, ByteBuf frame, int from, int end) {
        int at = from;
        while (at < end) {
            text.append(at == from ? "" : ",");
            int kind = frame.getUnsignedByte(at);
            if (kind == TcpOptions.END) {
                text.append("eol");
                return;
            }
            if (kind == TcpOptions.NOP) {
                text.append("nop");
                at++;
                continue;
            }
            int length = at + 1 < end ? frame.getUnsignedByte(at + 1) : 0;
            if (length < 2 || length > end - at) {
                text.append("malformed ").append(kind);
                return;
            }
            appendOption(text, frame, at, kind, length);
            at += length;
        }
    }

    private static void appendOption(StringBuilder text, ByteBuf frame, int at, int kind, int length) {
        if (kind == TcpOptions.MSS && length == 4) {
            text.append("mss ").append(frame.getUnsignedShort(at + 2));
        } else if (kind == TcpOptions.WINDOW_SCALE && length == 3) {
            text.append("wscale ").append(frame.getUnsignedByte(at + 2));
        } else if (kind == TcpOptions.SACK_PERMITTED && length == 2) {
            text.append("sackOK");
        } else if (kind == TcpOptions.TIMESTAMPS && length == 10) {
            text.append("TS val ").append(frame.getUnsignedInt(at + 2)).append(" ecr ").append(frame.getUnsignedInt(at + 6));
        } else if (kind == TcpOptions.SACK && length % 8 == 2) {
            text.append("sack");
            for (int block = at + 2; block < at + length; block += 8) {
                text.append(' ').append(frame.getUnsignedInt(block)).append(':').append(frame.getUnsignedInt(block + 4));
            }
        } else {
            text.append("raw ").append(kind).append(' ').append(length);
        }
    }

    private static String unsigned(int number) {
        return Integer.toUnsignedString(number);
    }
}
