package dev.jslirp.testkit;

import dev.jslirp.wire.IpAddress;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The words of one script line, taken from left to right. `<…>` is one word, brackets included.
final class ScriptWords {
    private static final Pattern WORD = Pattern.compile("<(?!\\s)[^>]*>(?=\\s|$)|\\S+");
    private static final Pattern DURATION = Pattern.compile("(\\d*\\.?\\d+)(ns|us|ms|s|m)?");

    private final List<String> words = new ArrayList<>();
    private int at;

    ScriptWords(String text) {
        Matcher matcher = WORD.matcher(text);
        while (matcher.find()) {
            words.add(matcher.group());
        }
    }

    boolean hasNext() {
        return at < words.size();
    }

    String peek() {
        return hasNext() ? words.get(at) : "";
    }

    String next(String what) {
        if (!hasNext()) {
            throw new IllegalArgumentException("the line ends where " + what + " is expected");
        }
        return words.get(at++);
    }

    /// Takes the next word if it is `word`.
    boolean accept(String word) {
        boolean matches = peek().equals(word);
        at += matches ? 1 : 0;
        return matches;
    }

    void expect(String word) {
        if (!accept(word)) {
            throw new IllegalArgumentException("'" + word + "' expected, not '" + peek() + "'");
        }
    }

    int number(String what) {
        return number(next(what), what);
    }

    static int number(String word, String what) {
        try {
            return Math.toIntExact(Long.decode(word));
        } catch (NumberFormatException | ArithmeticException e) {
            throw new IllegalArgumentException(what + " expected, not '" + word + "'", e);
        }
    }

    /// A count in parentheses, as in `(100)`.
    int parenthesized(String what) {
        String word = next(what);
        if (!word.matches("\\(\\d+\\)")) {
            throw new IllegalArgumentException(what + " in parentheses expected, not '" + word + "'");
        }
        return Integer.parseInt(word.substring(1, word.length() - 1));
    }

    int address(String what) {
        return IpAddress.parse(next(what)).v4Bits();
    }

    InetSocketAddress endpoint(String what) {
        return endpoint(next(what), what);
    }

    static InetSocketAddress endpoint(String word, String what) {
        int colon = word.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException(what + " as address:port expected, not '" + word + "'");
        }
        int port = number(word.substring(colon + 1), "a port");
        return new InetSocketAddress(IpAddress.parse(word.substring(0, colon)).toInetAddress(), port);
    }

    long durationNs(String what) {
        return durationNs(next(what), what);
    }

    /// `20ms`, `1.5s`, `2m`, `.02` (seconds).
    static long durationNs(String word, String what) {
        Matcher matcher = DURATION.matcher(word);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(what + " as a duration expected, not '" + word + "'");
        }
        long unitNs = switch (matcher.group(2) == null ? "s" : matcher.group(2)) {
            case "ns" -> 1L;
            case "us" -> 1_000L;
            case "ms" -> 1_000_000L;
            case "m" -> 60_000_000_000L;
            default -> 1_000_000_000L;
        };
        return new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unitNs)).longValue();
    }

    /// Nothing may follow.
    void end() {
        if (hasNext()) {
            throw new IllegalArgumentException("'" + peek() + "' is not understood here");
        }
    }
}
