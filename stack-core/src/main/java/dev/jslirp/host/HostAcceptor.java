package dev.jslirp.host;

/// Takes connections from a [HostListener].
public interface HostAcceptor {
    /// A connection was accepted; it begins with reads paused.
    ///
    /// @return who listens to it; null resets the connection, unless a [StreamSplicer] has taken it over
    HostStreamListener onAccepted(HostStream stream);
}
