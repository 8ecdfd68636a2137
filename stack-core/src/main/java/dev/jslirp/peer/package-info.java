/// The embedding program as a peer of the guest: connections and datagrams that never touch a socket of the host.
///
/// **Purpose.** [dev.jslirp.peer.Peers] lets a program dial the guest, listen where the guest will connect, and exchange datagrams with it,
/// under the gateway's address, one that the address plan lists in `peers`, or any address outside of the network. A machine
/// monitor uses it to ask the guest's agent, to serve metadata at 169.254.169.254, to answer names by itself, or to put a proxy in the way.
///
/// **Theory of operation.** A connection is a pair of [dev.jslirp.peer.PeerStream]s. The `nat` package holds one as the `HostStream` of a
/// TCP flow, exactly as it would hold a socket; the program holds the other, by the same interface. What one end writes is
/// a queue that the other end takes from at the end of the batch, while its reads are not paused. So flow control, half-close
/// and resets are those of the flow:
///
/// ```
///   program                                                        guest
///   write ─► queue ─► onBytes of the flow ─► send buffer ─► segments
///            unsentBytes()                   reads paused while the guest takes nothing
///   onBytes ◄─ queue ◄─ write of the flow ◄─ segments
///   pauseReads()  unsentBytes() closes the window the guest is offered
///   shutdownOutput ─► FIN      reset ─► RST      close, then more from the guest ─► RST
///   onConnected ◄─ the guest accepted            onConnectFailed ◄─ REFUSED by RST or ICMP, TIMED_OUT
/// ```
/// A stream that is dialled is open when the guest has accepted it; one that the guest opens begins with reads paused, as
/// `HostAcceptor` says.
///
/// **Limits.** What a guest sends and the program does not read counts in `hostBufferBytesMax`, what the program sends and the guest does
/// not take in `guestBufferBytesMax`, both of `NatConfig`; flows count in its limits. What the program writes beyond that waits in the
/// program's own queue, which it bounds by `unsentBytes()`, as with any `HostStream`. A dial for which no port or flow is left fails with
/// `NO_RESOURCES` (`FORWARDS_REFUSED`). Datagrams to an address that no guest can have are dropped (`UDP_SEND_FAILED`).
///
/// **Ownership.** As `host` says: `write` and `send` borrow, `onBytes` consumes, `onDatagram` borrows. Ranges that pin much more memory
/// than they are long are copied. Everything belongs to the network's owning thread; listeners of streams are called at the end
/// of a batch only, acceptors and listeners of datagrams while a frame is received.
///
/// **Imports**: `nat`, `net`, `tcp`, `host`, `time`, `wire`, `stats`.
package dev.jslirp.peer;
