package dev.jslirp.service;

/// Told of leases, on the owning thread.
@FunctionalInterface
public interface LeaseListener {
    /// Listens to nothing.
    LeaseListener NONE = lease -> { };

    /// A guest got an address, or prolonged its lease.
    void onLease(Lease lease);
}
