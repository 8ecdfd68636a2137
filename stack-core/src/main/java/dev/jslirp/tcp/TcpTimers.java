package dev.jslirp.tcp;

/// The timers of one connection as values: the moment each is due, or [#OFF].
final class TcpTimers {
    static final long OFF = Long.MAX_VALUE;

    /// Retransmission, or persist when [#persisting].
    long retransmitAtNs = OFF;
    boolean persisting;
    int persistBackoff;
    long delayedAckAtNs = OFF;
    long keepAliveAtNs = OFF;
    /// End of TIME_WAIT.
    long lifeAtNs = OFF;

    static boolean isDue(long atNs, long nowNs) {
        return atNs != OFF && atNs - nowNs <= 0;
    }

    private static long earlier(long a, long b) {
        if (a == OFF || b == OFF) {
            return a == OFF ? b : a;
        }
        return a - b < 0 ? a : b;
    }

    long nextNs() {
        return earlier(earlier(retransmitAtNs, delayedAckAtNs), earlier(keepAliveAtNs, lifeAtNs));
    }

    void allOff() {
        retransmitAtNs = OFF;
        persisting = false;
        delayedAckAtNs = OFF;
        keepAliveAtNs = OFF;
        lifeAtNs = OFF;
    }
}
