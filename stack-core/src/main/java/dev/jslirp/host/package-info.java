/// The layer-4 seam: the host's sockets as the stack sees them.
///
/// **Purpose.** [dev.jslirp.host.HostNetwork] opens streams, listeners, datagram and echo sockets.
/// Everything is non-blocking and belongs to the owning thread; nothing is called back from inside the
/// call that caused it. The unspecified addresses are unreachable: an operating system would take them for its loopback.
///
/// **Past the link.** A host network that has sockets on the guest's side as well is also a [dev.jslirp.host.StreamSplicer]: it joins an
/// accepted connection with a guest's server and moves the bytes itself. The stack asks for it, connection by connection.
///
/// **Ownership.** `write`, `send`, `request` borrow. The one sink of this package is
/// `HostStreamListener.onBytes`, which consumes: bytes from the host are born owned.
///
/// **Back-pressure.** Towards the host: the caller bounds `unsentBytes()` by the window it offers the
/// guest. Towards the guest: `pauseReads`/`resumeReads`.
///
/// **Errors.** Opening a stream never throws for the network's sake: failures arrive as a [dev.jslirp.host.HostError], once, as the
/// last event of the stream. Opening a socket that must be had (listener, UDP, echo) throws an
/// `IOException` whose message names the address.
///
/// **Imports**: nothing of ours.
package dev.jslirp.host;
