package dev.jslirp.tap.linux;

/// One descriptor under the eyes of an [EpollLoop]. In-loop only.
public final class FdWatch {
    private final EpollLoop loop;
    private final int fd;
    private FdListener listener;
    /// What the kernel hands back with each event: names the watch's place in the loop, and its occupancy.
    final long key;
    private int events;
    private boolean cancelled;

    FdWatch(EpollLoop loop, int fd, int events, FdListener listener, long key) {
        this.loop = loop;
        this.fd = fd;
        this.events = events;
        this.listener = listener;
        this.key = key;
    }

    /// Changes what is told of. Nothing but errors is told of with 0.
    public void interest(int newEvents) {
        if (newEvents != events && !cancelled) {
            events = newEvents;
            loop.modify(fd, newEvents, key);
        }
    }

    /// Has another listener from now on, also for events already fetched.
    public void tell(FdListener newListener) {
        listener = newListener;
    }

    /// Ends the watch: the listener is not called again, events already fetched included. Idempotent. The descriptor stays
    /// open; it is to be closed after this, not before.
    public void cancel() {
        if (!cancelled) {
            cancelled = true;
            loop.forget(fd, this);
        }
    }

    /// As [#cancel], and closes the descriptor, which must have no duplicate: the kernel then forgets it by itself.
    public void cancelAndClose() {
        if (!cancelled) {
            cancelled = true;
            loop.release(this);
            Libc.close(fd);
        }
    }

    void deliver(int ready) {
        listener.onEvents(ready);
    }
}
