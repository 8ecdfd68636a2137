package dev.jslirp.simulation;

import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.WireReader;
import dev.jslirp.wire.Offload;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;

/// What happened at the stack's end of the link: a hash of everything, the last lines as text, and on request all lines and a capture.
final class Trace implements AutoCloseable {
    private static final int KEPT = 50;
    private static final String FLAG_LETTERS = "FSRP.UEW";

    private final ArrayDeque<Line> last = new ArrayDeque<>();
    private final CRC32C hash = new CRC32C();
    private final long startNs;
    private long lines;
    private DataOutputStream capture;
    private boolean verbose;

    /// One line, formatted only when somebody reads it.
    private record Line(long atNs, char direction, byte[] frame, long offload, boolean damaged, WatchedFlow flow, String note) {}

    Trace(long startNs) {
        this.startNs = startNs;
    }

    /// Prints every line from now on and writes a capture file (pcap with nanoseconds, Ethernet).
    void follow(Path file) throws IOException {
        verbose = true;
        Files.createDirectories(file.getParent());
        capture = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)));
        capture.writeInt(0xa1b23c4d);
        capture.writeShort(2);
        capture.writeShort(4);
        capture.writeLong(0);
        capture.writeInt(262_144);
        capture.writeInt(1);
    }

    /// A frame into the stack (`<`) or out of it (`>`).
    void frame(long atNs, char direction, byte[] bytes, long offload, boolean damaged, WatchedFlow flow, String note) {
        mix(atNs);
        mix(direction);
        hash.update(bytes);
        add(new Line(atNs, direction, bytes, offload, damaged, flow, note));
        if (capture != null) {
            capture(atNs, bytes);
        }
    }

    /// Something else, at the host or inside the guest.
    void note(long atNs, String text) {
        mix(atNs);
        hash.update(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        add(new Line(atNs, ' ', null, 0, false, null, text));
    }

    private void mix(long value) {
        for (int shift = 0; shift < 64; shift += 8) {
            hash.update((int) (value >> shift));
        }
    }

    private void add(Line line) {
        lines++;
        if (verbose) {
            System.out.println(format(line));
        }
        if (last.size() == KEPT) {
            last.poll();
        }
        last.add(line);
    }

    private void capture(long atNs, byte[] bytes) {
        long sinceNs = atNs - startNs;
        try {
            capture.writeInt((int) (sinceNs / Faults.S));
            capture.writeInt((int) (sinceNs % Faults.S));
            capture.writeInt(bytes.length);
            capture.writeInt(bytes.length);
            capture.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A number that two equal runs share and two different ones do not.
    String fingerprint() {
        return Long.toHexString(hash.getValue()) + "-" + lines;
    }

    /// The last lines, oldest first.
    String tail() {
        List<String> texts = new ArrayList<>();
        last.forEach(line -> texts.add(format(line)));
        return String.join("\n", texts);
    }

    private String format(Line line) {
        String time = String.format(Locale.ROOT, "%.6f", (line.atNs - startNs) / 1e9);
        if (line.frame == null) {
            return time + " // " + line.note;
        }
        String text = line.damaged ? "(damaged, " + line.frame.length + " bytes)" : describe(line);
        return time + " " + line.direction + " " + text + (line.note.isEmpty() ? "" : "  // " + line.note);
    }

    private static String describe(Line line) {
        EthernetFrame frame = EthernetFrame.parse(line.frame);
        if (frame.etherType() != EthernetFrame.IPV4) {
            return frame.toString();
        }
        Ipv4Packet packet = Ipv4Packet.parse(frame.payload());
        if (packet.protocol() != Ipv4Packet.TCP || packet.isFragment() || line.flow == null) {
            return packet.toString();
        }
        TcpSegment segment = TcpSegment.parse(packet, (Offload.flags(line.offload) & Offload.NEEDS_CSUM) != 0);
        return describe(line.flow, segment, line.direction == '>', Offload.gsoSize(line.offload));
    }

    /// A segment in the notation of packet scripts: numbers count from the sender's initial sequence number.
    private static String describe(WatchedFlow flow, TcpSegment segment, boolean toGuest, int gsoSize) {
        int seqBase = toGuest ? flow.stack.iss : flow.guest.iss;
        int ackBase = toGuest ? flow.guest.iss : flow.stack.iss;
        StringBuilder text = new StringBuilder("[" + flow.name + "] ");
        for (int bit = 0; bit < FLAG_LETTERS.length(); bit++) {
            text.append((segment.flags() & 1 << bit) != 0 ? FLAG_LETTERS.substring(bit, bit + 1) : "");
        }
        int seq = segment.has(TcpSegment.SYN) ? 0 : segment.seq() - seqBase;
        int length = segment.payload().length;
        text.append(' ').append(seq).append(':').append(seq + length).append('(').append(length).append(')');
        if (segment.has(TcpSegment.ACK)) {
            text.append(" ack ").append(segment.ack() - ackBase);
        }
        text.append(" win ").append(segment.window());
        if (gsoSize != 0) {
            text.append(" gso ").append(gsoSize);
        }
        for (TcpSegment.Option option : segment.options()) {
            WireReader in = new WireReader(option.data());
            switch (option.kind()) {
                case TcpSegment.MSS -> text.append(" mss ").append(in.u16());
                case TcpSegment.WINDOW_SCALE -> text.append(" wscale ").append(in.u8());
                case TcpSegment.SACK_PERMITTED -> text.append(" sackOK");
                case TcpSegment.TIMESTAMPS -> text.append(" TS val ").append(Integer.toUnsignedString(in.u32())).append(" ecr ")
                        .append(Integer.toUnsignedString(in.u32()));
                case TcpSegment.SACK -> {
                    text.append(" sack");
                    while (in.remaining() > 0) {
                        text.append(' ').append(in.u32() - ackBase).append(':').append(in.u32() - ackBase);
                    }
                }
                default -> { }
            }
        }
        return text.toString();
    }

    @Override
    public void close() {
        if (capture != null) {
            try {
                capture.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
