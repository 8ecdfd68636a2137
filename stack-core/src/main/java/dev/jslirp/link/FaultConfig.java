package dev.jslirp.link;

/// How often a [FaultLink] does what to a frame: probabilities, 0 to 1 each and together.
///
/// @param loss      the frame disappears
/// @param duplicate the frame arrives twice
/// @param reorder   the frame is overtaken by later ones
/// @param corrupt   one bit of the frame is flipped
public record FaultConfig(double loss, double duplicate, double reorder, double corrupt) {
    /// No faults.
    public static final FaultConfig NONE = new FaultConfig(0, 0, 0, 0);

    public FaultConfig {
        require("loss", loss);
        require("duplicate", duplicate);
        require("reorder", reorder);
        require("corrupt", corrupt);
        // A frame meets one fault at most; the margin is for sums like 0.7 + 0.2 + 0.1.
        if (loss + duplicate + reorder + corrupt > 1 + 1e-9) {
            throw new IllegalArgumentException("the faults together are more than 100%");
        }
    }

    private static void require(String name, double probability) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException(name + " is not within 0% to 100%");
        }
    }

    /// Reads `loss=1%,reorder=1%,duplicate=0.5%,corrupt=0.001`: any of the four in any order, as percentage or fraction.
    ///
    /// @throws IllegalArgumentException saying which part is wrong
    public static FaultConfig parse(String text) {
        FaultConfig config = NONE;
        for (String part : text.split(",", -1)) {
            int equals = part.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("'" + part + "': expected FAULT=PROBABILITY like loss=1%");
            }
            double probability = probability(part, part.substring(equals + 1));
            config = switch (part.substring(0, equals)) {
                case "loss" -> new FaultConfig(probability, config.duplicate, config.reorder, config.corrupt);
                case "duplicate" -> new FaultConfig(config.loss, probability, config.reorder, config.corrupt);
                case "reorder" -> new FaultConfig(config.loss, config.duplicate, probability, config.corrupt);
                case "corrupt" -> new FaultConfig(config.loss, config.duplicate, config.reorder, probability);
                default -> throw new IllegalArgumentException("'" + part + "': expected loss, duplicate, reorder or corrupt");
            };
        }
        return config;
    }

    private static double probability(String part, String value) {
        boolean percent = value.endsWith("%");
        String number = percent ? value.substring(0, value.length() - 1) : value;
        if (!number.matches("\\d{1,9}(\\.\\d{1,9})?")) {
            throw new IllegalArgumentException("'" + part + "': expected a probability like 1% or 0.01");
        }
        return Double.parseDouble(number) / (percent ? 100 : 1);
    }
}
