package dev.jslirp.service;

/// The names guests gave themselves, for as long as their leases last.
interface GuestNames {
    /// The IPv4 address of the guest that has this label (lower case), 0 when none has.
    int addressOf(String label, long nowNs);

    /// The label of the guest at this IPv4 address, empty when it has none.
    String labelOf(int address, long nowNs);
}
