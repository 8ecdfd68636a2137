package dev.jslirp.testkit;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// TCP in script notation: builds segments of the guest, matches segments of the stack, and writes either as text.
final class ScriptTcp {
    private static final Pattern RANGE = Pattern.compile("(-?\\d+):(-?\\d+)\\((\\d+)\\)");
    private static final String FLAG_LETTERS = "FSRP.UEW";

    private ScriptTcp() {}

    /// Whether this word is a set of flags, as `S.` is.
    static boolean isFlags(String word) {
        return word.matches("[FSRPUEW.]+|-");
    }

    /// The segment a `<` line describes.
    static TcpSegment build(ScriptFlow flow, ScriptWords words) {
        int flags = flags(words.next("flags"));
        Matcher range = range(words.next("sequence numbers"));
        int relativeSeq = Integer.parseInt(range.group(1));
        int length = Integer.parseInt(range.group(3));
        int ack = words.accept("ack") ? flow.stackIss + words.number("ack") : 0;
        int window = words.accept("win") ? words.number("win") : 65_535;
        int urgent = words.accept("urg") ? words.number("urg") : 0;
        List<TcpSegment.Option> options = words.peek().startsWith("<") ? buildOptions(flow, words.next("options")) : List.of();
        words.end();
        int dataSeq = relativeSeq + ((flags & TcpSegment.SYN) != 0 ? 1 : 0);
        byte[] payload = ScriptFlow.pattern(dataSeq - 1L, length);
        return new TcpSegment(flow.guestPort, flow.remotePort, flow.guestIss + relativeSeq, ack, flags, window, urgent, options, payload);
    }

    private static int flags(String word) {
        int flags = 0;
        for (char letter : word.toCharArray()) {
            flags |= letter == '-' ? 0 : 1 << FLAG_LETTERS.indexOf(letter);
        }
        return flags;
    }

    private static Matcher range(String word) {
        Matcher matcher = RANGE.matcher(word);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("FIRST:END(LENGTH) expected, not '" + word + "'");
        }
        if (Integer.parseInt(matcher.group(2)) - Integer.parseInt(matcher.group(1)) != Integer.parseInt(matcher.group(3))) {
            throw new IllegalArgumentException(word + " does not add up");
        }
        return matcher;
    }

    private static List<TcpSegment.Option> buildOptions(ScriptFlow flow, String text) {
        List<TcpSegment.Option> options = new ArrayList<>();
        for (String option : splitOptions(text)) {
            ScriptWords words = new ScriptWords(option);
            String name = words.next("option");
            options.add(switch (name) {
                case "nop" -> TcpSegment.Option.of(TcpSegment.NOP, new byte[0]);
                case "eol" -> TcpSegment.Option.of(TcpSegment.END, new byte[0]);
                case "mss" -> TcpSegment.Option.of(TcpSegment.MSS, new WireWriter().u16(words.number("mss")).toByteArray());
                case "wscale" -> TcpSegment.Option.of(TcpSegment.WINDOW_SCALE, new byte[] {(byte) words.number("shift")});
                case "sackOK" -> TcpSegment.Option.of(TcpSegment.SACK_PERMITTED, new byte[0]);
                case "sack" -> TcpSegment.Option.of(TcpSegment.SACK, sackBytes(flow.stackIss, words));
                case "TS" -> TcpSegment.Option.of(TcpSegment.TIMESTAMPS, timestampBytes(flow, words));
                case "raw" -> new TcpSegment.Option(words.number("kind"), words.number("length"),
                        words.hasNext() ? HexFormat.of().parseHex(words.next("hex")) : new byte[0]);
                default -> throw new IllegalArgumentException("no such TCP option: '" + name + "'");
            });
            words.end();
        }
        return options;
    }

    private static List<String> splitOptions(String text) {
        String inside = text.substring(1, text.length() - 1).strip();
        return inside.isEmpty() ? List.of() : List.of(inside.split("\\s*,\\s*"));
    }

    private static byte[] sackBytes(int iss, ScriptWords words) {
        WireWriter out = new WireWriter();
        while (words.hasNext()) {
            String[] edges = words.next("block").split(":");
            out.u32(iss + Integer.parseInt(edges[0])).u32(iss + Integer.parseInt(edges[1]));
        }
        return out.toByteArray();
    }

    private static byte[] timestampBytes(ScriptFlow flow, ScriptWords words) {
        words.expect("val");
        int val = (int) (long) Long.decode(words.next("TSval"));
        words.expect("ecr");
        int ecr = words.accept("last") ? flow.lastTsVal : (int) (long) Long.decode(words.next("TSecr"));
        return new WireWriter().u32(val).u32(ecr).toByteArray();
    }

    /// What of `segment` differs from a `>` line; empty when it matches.
    static List<String> mismatches(ScriptFlow flow, ScriptWords words, SimGuest.Received received) {
        TcpSegment segment = received.tcp();
        List<String> wrong = new ArrayList<>();
        String flagWord = words.next("flags");
        // PSH is the sender's choice (RFC 9293 §3.8.2): compared only where the line says P.
        int compared = flagWord.contains("P") ? 0xff : 0xff & ~TcpSegment.PSH;
        if ((segment.flags() & compared) != flags(flagWord)) {
            wrong.add("flags");
        }
        if (!words.accept("...")) {
            matchFields(flow, words, received, segment, wrong);
            words.end();
        }
        checkPayload(flow, segment, wrong);
        return wrong;
    }

    private static void matchFields(ScriptFlow flow, ScriptWords words, SimGuest.Received received, TcpSegment segment,
            List<String> wrong) {
        if (!words.accept("*")) {
            Matcher range = range(words.next("sequence numbers"));
            compare("sequence number", segment.seq() - flow.stackIss, Integer.parseInt(range.group(1)), wrong);
            compare("length", segment.payload().length, Integer.parseInt(range.group(3)), wrong);
        }
        if (words.accept("ack")) {
            compare("ack", segment.ack() - flow.guestIss, words.number("ack"), wrong);
        }
        if (words.accept("win")) {
            compareRange("win", segment.window(), words.next("win"), wrong);
        }
        if (words.accept("urg")) {
            compare("urg", segment.urgent(), words.number("urg"), wrong);
        }
        if (words.accept("gso")) {
            compare("gso", received.gsoSize(), words.number("gso"), wrong);
        }
        if (words.peek().startsWith("<")) {
            matchOptions(flow, words.next("options"), segment, wrong);
        }
    }

    private static void compare(String what, int actual, int expected, List<String> wrong) {
        if (actual != expected) {
            wrong.add(what + " " + actual + " instead of " + expected);
        }
    }

    /// `100`, `100..200`, `100..`, `..200`.
    private static void compareRange(String what, int actual, String range, List<String> wrong) {
        int dots = range.indexOf("..");
        String low = dots < 0 ? range : range.substring(0, dots);
        String high = dots < 0 ? range : range.substring(dots + 2);
        boolean matches = (low.isEmpty() || actual >= ScriptWords.number(low, what))
                && (high.isEmpty() || actual <= ScriptWords.number(high, what));
        if (!matches) {
            wrong.add(what + " " + actual + " instead of " + range);
        }
    }

    /// Options in any order, NOPs aside; `...` among them allows others.
    private static void matchOptions(ScriptFlow flow, String text, TcpSegment segment, List<String> wrong) {
        List<String> actual = new ArrayList<>(formatOptions(flow, segment));
        boolean open = false;
        for (String expected : splitOptions(text)) {
            if (expected.equals("...")) {
                open = true;
            } else if (!expected.equals("nop") && !actual.removeIf(option -> option.matches(wildcards(expected)))) {
                wrong.add("no option '" + expected + "'");
            }
        }
        if (!open && !actual.isEmpty()) {
            wrong.add("extra options " + actual);
        }
    }

    private static String wildcards(String expected) {
        return Pattern.quote(expected).replace("any", "\\E-?\\d+\\Q");
    }

    /// Whatever the script says, payload must be the bytes of the stream at that place.
    private static void checkPayload(ScriptFlow flow, TcpSegment segment, List<String> wrong) {
        byte[] payload = segment.payload();
        int position = segment.seq() - flow.stackIss - 1;
        for (int i = 0; i < payload.length; i++) {
            if (payload[i] != ScriptFlow.pattern((position + i) & 0xffff_ffffL)) {
                wrong.add("payload byte " + i + " is not the stream's");
                return;
            }
        }
    }

    /// Notes what later relative numbers count from.
    static void learn(ScriptFlow flow, TcpSegment segment) {
        if (segment.has(TcpSegment.SYN)) {
            flow.stackIss = segment.seq();
            flow.timestampsSeen = false;
        }
        for (TcpSegment.Option option : segment.options()) {
            if (option.kind() == TcpSegment.TIMESTAMPS) {
                int val = new WireReader(option.data()).u32();
                if (flow.timestampsSeen && val - flow.lastTsVal < 0) {
                    throw new AssertionError("TSval went back from " + flow.lastTsVal + " to " + val);
                }
                flow.lastTsVal = val;
                flow.timestampsSeen = true;
            }
        }
    }

    /// A segment as a script would write it. `toGuest` tells whose numbers count from whose beginning.
    static String format(ScriptFlow flow, TcpSegment segment, boolean toGuest) {
        int seqBase = toGuest ? flow.stackIss : flow.guestIss;
        int ackBase = toGuest ? flow.guestIss : flow.stackIss;
        StringBuilder text = new StringBuilder(flow.index == 1 ? "" : "[" + flow.index + "] ");
        for (int bit = 0; bit < FLAG_LETTERS.length(); bit++) {
            text.append((segment.flags() & 1 << bit) != 0 ? FLAG_LETTERS.substring(bit, bit + 1) : "");
        }
        int seq = segment.seq() - seqBase;
        int length = segment.payload().length;
        text.append(segment.flags() == 0 ? "- " : " ").append(seq).append(':').append(seq + length).append('(').append(length).append(')');
        if (segment.has(TcpSegment.ACK)) {
            text.append(" ack ").append(segment.ack() - ackBase);
        }
        text.append(" win ").append(segment.window());
        if (segment.has(TcpSegment.URG)) {
            text.append(" urg ").append(segment.urgent());
        }
        List<String> options = toGuest ? formatOptions(flow, segment) : List.of();
        return options.isEmpty() ? text.toString() : text.append(" <").append(String.join(",", options)).append('>').toString();
    }

    private static List<String> formatOptions(ScriptFlow flow, TcpSegment segment) {
        List<String> texts = new ArrayList<>();
        for (TcpSegment.Option option : segment.options()) {
            WireReader in = new WireReader(option.data());
            switch (option.kind()) {
                case TcpSegment.NOP -> { }
                case TcpSegment.MSS -> texts.add("mss " + in.u16());
                case TcpSegment.WINDOW_SCALE -> texts.add("wscale " + in.u8());
                case TcpSegment.SACK_PERMITTED -> texts.add("sackOK");
                case TcpSegment.TIMESTAMPS -> texts.add("TS val " + Integer.toUnsignedString(in.u32()) + " ecr "
                        + Integer.toUnsignedString(in.u32()));
                case TcpSegment.SACK -> {
                    StringBuilder blocks = new StringBuilder("sack");
                    while (in.remaining() > 0) {
                        blocks.append(' ').append(in.u32() - flow.guestIss).append(':').append(in.u32() - flow.guestIss);
                    }
                    texts.add(blocks.toString());
                }
                default -> texts.add("raw " + option.kind() + " " + option.declaredLength() + " "
                        + HexFormat.of().formatHex(option.data()));
            }
        }
        return texts;
    }
}
