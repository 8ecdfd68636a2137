/// The host's sockets by Linux system calls, on the loop that also owns the guest's link.
///
/// **Purpose.** The same seam as `dev.jslirp.host.netty`, for the daemon: fewer system calls per byte, per datagram and per connection.
/// Both pass the same tests.
///
/// **Theory of operation.** Streams are watched edge-triggered, once, for everything; what is ready is remembered, so that
/// pausing, resuming and waiting for room cost no system call. A stream with bytes left when its turn is over, or resumed with
/// bytes waiting, joins the network's list of ready streams, which has its turn after the next look at the descriptors. A short read
/// means that a socket is empty, so most reads need no second one to find that out; not after the end of the stream or an urgent byte was
/// told of.
/// Datagrams: small ones are gathered in one buffer until the batch ends (or another socket's come between), then sent by one
/// `sendmmsg`, runs of equal size to one destination as one message (`UDP_SEGMENT`); they are received 16 at a time
/// (`recvmmsg`, `UDP_GRO`), and runs handed on as one.
///
/// **Joined connections** (`Splicer`). Unconnected sockets of a guest's network namespace are kept in a pool. A forwarded connection is
/// joined with the server in there by one of them, bound to the guest's address; where that is not an address of the namespace (no DHCP
/// lease yet, or a guest beyond a bridge), where no socket or no descriptor for the pipes is left, or connecting fails at once (all ports
/// tried are in TIME_WAIT), it is not joined. Each direction (`SpliceEnd`) has a pipe, which `splice` fills from one socket when it is
/// empty, and empties into the other before it is filled again. What the peer sent before the connection inside is there waits in its
/// socket. FINs are passed after the last byte. A failure is passed on as a reset, after what arrived before it, as far as the other end
/// takes that at once. At the end the socket inside is disconnected (`AF_UNSPEC`), which resets what is still open, and goes back to the
/// pool. One that lets sockets bind to addresses it does
/// not have (`ip_nonlocal_bind`) gets its connections joined to nothing. A guest's tricks with addresses, routes or filters can at most lead such a connection where its own connections are led: to its
/// interface.
///
/// States of a pair: CONNECTING (inside) → OPEN → FINISHING (FIN both ways, but the guest has yet to acknowledge the last bytes, which the
/// disconnect would drop) → ENDED.
///
/// **States** of a stream: CONNECTING → OPEN → CLOSING (its queue is being written) → CLOSED; FAILING while the terminal event of a
/// failure inside a call of the user is on its way.
///
/// **Limits.** Per turn and stream 256 KB read, per turn and socket 64 datagrams, per turn and listener 64 connections, per turn and
/// direction of a joined connection `Splicer.PIPE_BYTES`. A datagram the kernel has no room for is dropped, and told as `NO_RESOURCES`.
/// Connections joined at a time: the sockets given to `spliceBy`; each has six descriptors (two sockets, two pipes). Bytes on their way in
/// a joined connection: `Splicer.PIPE_BYTES` each way and what the two kernels hold, for as long as their peer lets them wait.
///
/// **Ownership.** A socket owns its descriptor; the network owns the buffers all sockets share.
///
/// **Imports**: `host`, `wire` (addresses), `tap.linux`.
package dev.jslirp.tap.host;
