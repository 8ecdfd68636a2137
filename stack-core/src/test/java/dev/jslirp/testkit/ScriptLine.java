package dev.jslirp.testkit;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One event of a script: when, and what.
///
/// @param number    line number, from 1
/// @param text      the whole line
/// @param sameBatch whether it belongs to the batch of the line above (`&`)
/// @param anyTime   whether it may happen at any time (`*`)
/// @param relative  whether the times count from the event above
/// @param fromNs    earliest time
/// @param toNs      latest time; equal to `fromNs` when the line names one time
/// @param action    what follows the time
record ScriptLine(int number, String text, boolean sameBatch, boolean anyTime, boolean relative, long fromNs, long toNs, String action) {
    private static final Pattern LINE = Pattern.compile("(\\+?)([\\d.]+)(?:~\\+?([\\d.]+))?\\s+(\\S.*)|([*&])\\s+(\\S.*)");

    /// @throws IllegalArgumentException if the line has no time or no action
    static ScriptLine parse(int number, String text) {
        Matcher matcher = LINE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("a line is TIME ACTION, with TIME one of 0.1, +0.1, +0~.04, *, &");
        }
        if (matcher.group(5) != null) {
            return new ScriptLine(number, text, matcher.group(5).equals("&"), matcher.group(5).equals("*"), true, 0, 0, matcher.group(6));
        }
        long fromNs = ScriptWords.durationNs(matcher.group(2), "time");
        long toNs = matcher.group(3) == null ? fromNs : ScriptWords.durationNs(matcher.group(3), "time");
        return new ScriptLine(number, text, false, false, !matcher.group(1).isEmpty(), fromNs, toNs, matcher.group(4));
    }
}
