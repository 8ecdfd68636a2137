package dev.jslirp.tap.host;

import dev.jslirp.host.HostError;
import dev.jslirp.tap.linux.Errno;

/// The one place where error numbers become [HostError]s.
final class HostErrors {
    private HostErrors() {}

    /// @param result a negated error number
    static HostError of(long result) {
        return of(Errno.of((int) -result));
    }

    static HostError of(Errno errno) {
        return switch (errno) {
            case ECONNREFUSED -> HostError.REFUSED;
            case EHOSTUNREACH, EHOSTDOWN -> HostError.HOST_UNREACHABLE;
            case ENETUNREACH, ENETDOWN, EAFNOSUPPORT -> HostError.NETWORK_UNREACHABLE;
            case EACCES, EPERM -> HostError.PROHIBITED;
            case ETIMEDOUT -> HostError.TIMED_OUT;
            case ECONNRESET, EPIPE -> HostError.RESET;
            case EMSGSIZE -> HostError.TOO_BIG;
            case EMFILE, ENFILE, EADDRNOTAVAIL, EADDRINUSE, ENOBUFS, ENOMEM, EAGAIN -> HostError.NO_RESOURCES;
            default -> HostError.OTHER;
        };
    }
}
