package dev.jslirp.tap;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.List;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/// The log: warnings and errors to standard error, unless told otherwise.
final class Logging {
    private static final List<String> LEVELS = List.of("error", "warn", "info", "debug", "trace");

    private Logging() {}

    /// Sets the level.
    ///
    /// @throws IllegalArgumentException if there is no such level
    static void level(String name) {
        if (!LEVELS.contains(name.toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException("--log-level '" + name + "': expected one of " + String.join(", ", LEVELS));
        }
        if (!name.equalsIgnoreCase("warn")) {
            ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.toLevel(name));
        }
    }
}
