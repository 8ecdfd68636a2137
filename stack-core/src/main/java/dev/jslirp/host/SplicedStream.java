package dev.jslirp.host;

/// A connection of the host and one on the guest's side, joined by a [StreamSplicer]. What one peer says the other hears: bytes, a FIN as
/// a half-close after the bytes before it, a reset as a reset.
public interface SplicedStream {
    /// Resets both connections; no further event arrives. After the end it does nothing.
    void reset();
}
