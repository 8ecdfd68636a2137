package dev.jslirp.tap.vhost;

import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.EventFd;
import dev.jslirp.tap.linux.FdWatch;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapException;
import java.util.function.Consumer;

/// A virtqueue with its event descriptors and its state: stopped, or started and then enabled or not.
final class Ring {
    private static final int NO_FD = -1;

    /// Place among the device's queues.
    final int index;
    final Virtqueue queue;
    /// Asks for another turn of the loop; one object per ring, so that asking allocates nothing.
    private final Runnable turn;
    private final Consumer<Ring> onTurn;
    private boolean turnAsked;
    private boolean started;
    private boolean enabled;
    private int kickFd = NO_FD;
    private int callFd = NO_FD;
    private int errorFd = NO_FD;
    private FdWatch kickWatch;

    Ring(int index, GuestMemory memory, Consumer<Ring> onTurn) {
        this.index = index;
        queue = new Virtqueue(memory);
        this.onTurn = onTurn;
        turn = () -> {
            turnAsked = false;
            onTurn.accept(this);
        };
    }

    /// Whether the guest sends by this ring.
    boolean isTransmit() {
        return (index & 1) != 0;
    }

    /// Whether the ring is to be processed.
    boolean running() {
        return started && queue.usable();
    }

    boolean enabled() {
        return enabled;
    }

    boolean started() {
        return started;
    }

    /// Whether frames may pass.
    boolean active() {
        return started && enabled && queue.usable();
    }

    void enable(boolean on) {
        enabled = on;
    }

    /// Watches `fd`, which becomes the ring's. By edge, each kick is an event, and nothing need be read.
    ///
    /// @throws TapException if it cannot be watched; it is closed then
    void kickBy(int fd, EpollLoop loop) throws TapException {
        dropKick();
        try {
            kickWatch = loop.watch(fd, EpollLoop.IN | EpollLoop.EDGE, _ -> kicked());
            kickFd = fd;
        } catch (TapException e) {
            Processes.close(fd);
            throw e;
        }
    }

    private void kicked() {
        started = true;
        // With a turn asked for already, that one will do.
        if (!turnAsked) {
            onTurn.accept(this);
        }
    }

    /// Asks for a turn after the loop has looked at its descriptors; one is enough.
    void askForTurn(EpollLoop loop) {
        if (!turnAsked) {
            turnAsked = true;
            loop.execute(turn);
        }
    }

    /// Calls by `fd`, which becomes the ring's, or by nothing (-1).
    void callBy(int fd) {
        close(callFd);
        callFd = fd;
    }

    /// Tells of errors by `fd`, which becomes the ring's, or by nothing (-1).
    void errorBy(int fd) {
        close(errorFd);
        errorFd = fd;
    }

    /// Shows the driver what was used, and calls it if it wants that.
    void tell() {
        if (queue.tell() && callFd != NO_FD) {
            EventFd.signal(callFd);
        }
    }

    /// Tells the front end that the ring is broken.
    void signalError() {
        if (errorFd != NO_FD) {
            EventFd.signal(errorFd);
        }
    }

    /// Stops until the next kick descriptor is kicked.
    void stop() {
        started = false;
        dropKick();
    }

    private void dropKick() {
        if (kickWatch != null) {
            kickWatch.cancel();
            kickWatch = null;
        }
        close(kickFd);
        kickFd = NO_FD;
    }

    private static void close(int fd) {
        if (fd != NO_FD) {
            Processes.close(fd);
        }
    }

    /// Stops for good and closes the descriptors.
    void release() {
        stop();
        queue.detach();
        callBy(NO_FD);
        errorBy(NO_FD);
    }
}
