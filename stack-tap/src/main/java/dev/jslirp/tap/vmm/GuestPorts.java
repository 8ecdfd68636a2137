package dev.jslirp.tap.vmm;

import dev.jslirp.link.Link;

/// What ties guests to the network: the side of it that faces them. In-loop.
interface GuestPorts {
    /// Ties a guest to the network and starts it. The link stays the caller's.
    ///
    /// @return whether there was room for it; if not, nothing has happened
    boolean attach(Link guest);

    /// Unties a guest, which gets nothing more and is not heard any more.
    void detach(Link guest);
}
