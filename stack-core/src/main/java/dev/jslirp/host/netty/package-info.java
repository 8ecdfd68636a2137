/// The portable host network: `java.nio` sockets on a Netty event loop.
///
/// **Theory of operation.** Sockets are registered as Netty 4.2 `IoHandle`s, not as Netty channels: the
/// loop delivers readiness, and this package reads and writes the `SocketChannel` itself. That avoids
/// pipelines, promises and outbound entries, which cost more than the stack they would serve.
///
/// **Imports**: `host`, `time`; the only package that may import `io.netty.channel`.
package dev.jslirp.host.netty;
