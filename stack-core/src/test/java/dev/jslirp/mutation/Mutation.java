package dev.jslirp.mutation;

import java.util.List;

/// One deliberate bug.
///
/// @param name        what the mutant does, in lowerCamelCase; unique
/// @param rule        the rule it breaks
/// @param file        the source file, below `dev/jslirp` of the main sources
/// @param fragment    text that occurs in it exactly once
/// @param replacement what takes its place
/// @param suites      the test classes that must notice, below `dev.jslirp`
record Mutation(String name, String rule, String file, String fragment, String replacement, List<String> suites) {
    static Mutation of(String name, String rule, String file, String fragment, String replacement, String... suites) {
        return new Mutation(name, rule, file, fragment, replacement, List.of(suites));
    }

    /// The changed source.
    ///
    /// @throws AssertionError if the fragment is not found exactly once
    String applyTo(String source) {
        int at = source.indexOf(fragment);
        if (at < 0) {
            throw new AssertionError("stale: " + file + " no longer contains: " + fragment);
        }
        if (source.indexOf(fragment, at + 1) >= 0) {
            throw new AssertionError("stale: " + file + " contains more than once: " + fragment);
        }
        return source.substring(0, at) + replacement + source.substring(at + fragment.length());
    }
}
