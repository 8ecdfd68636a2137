package dev.jslirp.link;

import java.util.Locale;

/// How bad a [FaultLink] is: probabilities, 0 … 1, for each frame.
///
/// @param loss      it is dropped
/// @param duplicate it arrives twice
/// @param reorder   it arrives after frames that follow it
/// @param corrupt   one of its bits is flipped
public record FaultConfig(double loss, double duplicate, double reorder, double corrupt) {
    /// @throws IllegalArgumentException if a probability is not within 0 and 1
    public FaultConfig {
        check("loss", loss);
        check("duplicate", duplicate);
        check("reorder", reorder);
        check("corrupt", corrupt);
    }

    private static void check(String name, double probability) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException("fault '" + name + "': " + probability + " is not within 0% and 100%");
        }
    }

    /// Reads `loss=1%,reorder=0.5%,duplicate=1%,corrupt=0.1%`; what is not named does not happen.
    ///
    /// @throws IllegalArgumentException naming the part that is wrong
    public static FaultConfig parse(String text) {
        double loss = 0;
        double duplicate = 0;
        double reorder = 0;
        double corrupt = 0;
        for (String part : text.split(",", -1)) {
            int equals = part.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("fault '" + part + "': expected NAME=PERCENT%, for example loss=1%");
            }
            double probability = percentage(part, part.substring(equals + 1));
            switch (part.substring(0, equals).toLowerCase(Locale.ROOT)) {
                case "loss" -> loss = probability;
                case "duplicate" -> duplicate = probability;
                case "reorder" -> reorder = probability;
                case "corrupt" -> corrupt = probability;
                default -> throw new IllegalArgumentException("fault '" + part + "': there are loss, duplicate, reorder and corrupt");
            }
        }
        return new FaultConfig(loss, duplicate, reorder, corrupt);
    }

    private static double percentage(String part, String value) {
        if (!value.matches("\\d{1,3}(\\.\\d{1,6})?%")) {
            throw new IllegalArgumentException("fault '" + part + "': expected a percentage like 1% or 0.5%");
        }
        return Double.parseDouble(value.substring(0, value.length() - 1)) / 100;
    }
}
