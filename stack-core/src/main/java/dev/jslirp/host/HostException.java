package dev.jslirp.host;

import java.io.IOException;

/// A socket could not be had. The message is for the operator, [#error] for the guest.
public final class HostException extends IOException {
    private static final long serialVersionUID = 1L;

    private final HostError error;

    /// `message` says what failed, why, and what to do.
    public HostException(HostError error, String message) {
        super(message);
        this.error = error;
    }

    /// What the guest can be told.
    public HostError error() {
        return error;
    }
}
