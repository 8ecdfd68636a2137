/// The portable host network: `java.nio` sockets on a Netty event loop.
///
/// **Theory of operation.** Sockets are registered as Netty 4.2 `IoHandle`s, not as Netty channels: the
/// loop delivers readiness, and this package reads and writes the `SocketChannel` itself. That avoids
/// pipelines, promises and outbound entries, which cost more than the stack they would serve.
/// [dev.jslirp.host.netty.NettyHostNetwork] opens sockets and keeps a list of them; what they share (one chunk to read into, one datagram
/// buffer, one array for gathering writes) belongs to it, so an idle socket holds no buffer.
///
/// **Whose thread.** Usually the loop has one. [dev.jslirp.host.netty.PumpedLoop] has none: the embedding program runs it, and gives it
/// its clock.
///
/// **States of a stream.**
/// ```
///   connect ─► CONNECTING ──onConnected──► OPEN ──close──► CLOSING ──queue written──► CLOSED
///                  │ onConnectFailed         │ onReset, reset   │ write failed, reset    ▲
///                  └─────────────────────────┴──────────────────┴────────────────────────┘
/// ```
/// An error met inside a call of the user (`connect`, `flush`, `shutdownOutput`) closes the socket at once and
/// is told by a task of the loop (FAILING); an error met in a readiness event is told there. `close` while connecting gives up.
///
/// **Writing.** `write` retains the buffer, or copies the range if it pins much more than its own size; `flush` is a
/// gathering write. What is left waits for OP_WRITE, and each time some of it went, `onDrained` says so.
///
/// **Reading.** Level-triggered and only while wanted. With reads paused, or after the peer's FIN, java.nio shows
/// a reset of the peer only at the next write.
///
/// **Limits.** Bytes read, datagrams received and connections accepted for one readiness event; datagrams
/// and bytes queued per UDP socket, beyond which they are dropped. A listener that finds no descriptor left pauses.
/// A closed socket's descriptor is freed by the selector in the loop's next round, not at once.
///
/// **Ownership.** As `host` says. Everything belongs to the thread of the event loop.
///
/// **Imports**: `host`, `time`; the only package that may import `io.netty.channel`.
package dev.jslirp.host.netty;
