package dev.jslirp.tap.linux;

import dev.jslirp.time.Reactor;

/// Lets a listening socket rest when descriptors or memory have run out: its connections stay in the backlog, ready, and would spin the
/// loop. In-loop only.
public final class AcceptPause {
    private static final long PAUSE_NS = 100_000_000;

    private final FdWatch watch;
    private final Reactor reactor;
    private final long pauseNs;
    private boolean scarce;

    /// For the socket under `watch`.
    public AcceptPause(EpollLoop loop, FdWatch watch) {
        this(loop, watch, PAUSE_NS);
    }

    AcceptPause(EpollLoop loop, FdWatch watch, long pauseNs) {
        this.watch = watch;
        this.pauseNs = pauseNs;
        reactor = loop.newReactor();
        reactor.onWake(() -> watch.interest(EpollLoop.IN));
    }

    /// To be told of every failure to accept, `EAGAIN` included.
    ///
    /// @param result the negated error number
    /// @return whether a shortage has begun, which is worth a line in the log; those that follow at once are not
    public boolean begins(int result) {
        boolean before = scarce;
        scarce = switch (Errno.of(-result)) {
            case EMFILE, ENFILE, ENOBUFS, ENOMEM -> true;
            // None waits, or one has failed before it was accepted (accept(2), "Error handling").
            default -> false;
        };
        if (scarce) {
            watch.interest(0);
            reactor.wakeAt(reactor.nowNs() + pauseNs);
        }
        return scarce && !before;
    }
}
