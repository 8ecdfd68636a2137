package dev.jslirp.tap.vmm;

import dev.jslirp.link.Link;

/// Whoever made a guest's link is told of its end, once, from inside the loop but never from inside a call of the link.
interface GuestOwner {
    /// The guest's socket is of no use any more; the link is to be closed.
    ///
    /// @param reason    in words
    /// @param violation whether the guest has broken the rules
    void onGone(Link guest, String reason, boolean violation);
}
