package dev.jslirp.tap;

/// Entry of the jar: the bridge, or the command line.
public final class Main {
    private Main() {}

    /// Runs and ends the process.
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals(Bridge.COMMAND_WORD)) {
            System.exit(Bridge.main(arguments));
        }
        if (arguments.length > 0 && arguments[0].equals(AotTraining.COMMAND_WORD)) {
            AotTraining.run();
            System.exit(0);
        }
        System.exit(JslirpCommand.execute(arguments));
    }
}
