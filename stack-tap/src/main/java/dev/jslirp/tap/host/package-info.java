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
/// **States** of a stream: CONNECTING → OPEN → CLOSING (its queue is being written) → CLOSED; FAILING while the terminal event of a
/// failure inside a call of the user is on its way.
///
/// **Limits.** Per turn and stream 256 KB read, per turn and socket 64 datagrams, per turn and listener 64 connections. A datagram the
/// kernel has no room for is dropped, and told as `NO_RESOURCES`.
///
/// **Ownership.** A socket owns its descriptor; the network owns the buffers all sockets share.
///
/// **Imports**: `host`, `wire` (addresses), `tap.linux`.
package dev.jslirp.tap.host;
