package dev.jslirp.tap;

/// Something the user can put right: the message is the one line that is shown, the status what the program ends with.
final class UsageException extends Exception {
    private static final long serialVersionUID = 1L;

    /// Wrong arguments, as picocli has it.
    static final int USAGE = 2;
    /// The environment does not allow it.
    static final int SETUP = 1;

    private final int status;

    UsageException(int status, String message) {
        super(message);
        this.status = status;
    }

    int status() {
        return status;
    }
}
