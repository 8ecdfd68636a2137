package dev.jslirp.net;

/// Placeholder: IP address → MAC address of guests, bounded, aged.
public final class NeighborTable {
    /// The MAC address of a guest, or -1 when unknown or too old.
    public long find(long hi, long lo, long nowNs) {
        return -1;
    }
}
