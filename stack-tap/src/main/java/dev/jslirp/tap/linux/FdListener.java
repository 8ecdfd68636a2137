package dev.jslirp.tap.linux;

/// Hears of a descriptor that an [EpollLoop] watches.
@FunctionalInterface
public interface FdListener {
    /// The descriptor is ready for these [EpollLoop] events. In-loop.
    void onEvents(int events);
}
