package dev.jslirp.tap.linux;

import java.io.IOException;

/// A set-up step the kernel refused. The message is one line: what failed, the error's name, what to do.
public final class TapException extends IOException {
    private static final long serialVersionUID = 1L;

    private final Errno errno;

    TapException(String what, int errno, String advice) {
        super(what + ": " + Errno.describe(errno) + (advice.isEmpty() ? "" : " (" + advice + ")"));
        this.errno = Errno.of(errno);
    }

    /// Why the kernel refused.
    public Errno errno() {
        return errno;
    }

    /// `result` if it is no error.
    ///
    /// @param result as [Libc] returns it: the value, or the negated error number
    /// @throws TapException if it is one
    static int check(long result, String what) throws TapException {
        return check(result, what, "");
    }

    static int check(long result, String what, String advice) throws TapException {
        if (result < 0) {
            throw new TapException(what, (int) -result, advice);
        }
        return (int) result;
    }
}
