package dev.jslirp.tap.host;

import dev.jslirp.host.SplicedStream;
import dev.jslirp.host.SplicedStreamListener;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.Pipe;
import dev.jslirp.tap.linux.TapException;

/// A connection of the host and one in the guest's network namespace, joined. States: see the package.
final class SplicedPair implements SplicedStream {
    private enum State { CONNECTING, OPEN, FINISHING, ENDED }

    private final Splicer splicer;
    private final SplicedStreamListener listener;
    private final SpliceEnd guest;
    private final SpliceEnd host;
    private State state = State.CONNECTING;

    /// Joins `accepted`, which is the pair's from now on, with what the socket `guestFd` is connecting to. If that cannot be watched,
    /// the socket is closed, and nothing else has happened.
    SplicedPair(Splicer splicer, LinuxStream accepted, int guestFd, Pipe toGuest, Pipe toHost, SplicedStreamListener listener)
            throws TapException {
        this.splicer = splicer;
        this.listener = listener;
        guest = new SpliceEnd(splicer.network(), this, toHost, guestFd);
        host = new SpliceEnd(splicer.network(), this, toGuest, accepted);
    }

    /// An end is ready for something, or has its turn.
    void onReady() {
        switch (state) {
            case CONNECTING -> connect();
            case OPEN -> move();
            case FINISHING -> finish();
            case ENDED -> { }
        }
    }

    /// What the host's peer does meanwhile waits for the answer: its bytes in the socket, its reset in `host`.
    private void connect() {
        // A connection that was taken and reset since has another error than one that was refused; what it sent is passed on.
        boolean wasOpen = guest.error() == -Errno.ECONNRESET.number() || guest.error() == -Errno.EPIPE.number();
        if (guest.error() < 0 && !wasOpen) {
            fail(guest.error());
        } else if (guest.isWritable()) {
            state = State.OPEN;
            listener.onConnected();
            move();
        }
    }

    private void move() {
        long toGuest = host.moveTo(guest);
        long fromGuest = guest.moveTo(host);
        if (toGuest > 0 || fromGuest > 0) {
            listener.onMoved(toGuest, fromGuest);
        }
        if (guest.hasFailed()) {
            fail(guest.error());
        } else if (host.hasFailed()) {
            fail(host.error());
        } else if (host.isFinished() && guest.isFinished()) {
            state = State.FINISHING;
            host.close(false);
            finish();
        }
    }

    /// The host's socket delivers what it has without us. That of the guest's side would lose it if it were disconnected before.
    private void finish() {
        if (guest.error() < 0) {
            fail(guest.error());
        } else if (guest.isDelivered()) {
            release();
            listener.onEnd(null);
        }
    }

    private void fail(long error) {
        reset();
        listener.onEnd(HostErrors.of(error));
    }

    @Override
    public void reset() {
        if (state != State.ENDED) {
            host.close(true);
            release();
        }
    }

    private void release() {
        state = State.ENDED;
        splicer.giveBack(guest.release());
        splicer.giveBack(guest.pipe());
        splicer.giveBack(host.pipe());
    }
}
