/// The `jslirp` program: TAP links, the bridge that runs inside a namespace, the daemon, the command line.
///
/// **Purpose.** Gives a network namespace, whoever holds a TAP descriptor, or virtual machines a network by wiring a
/// [dev.jslirp.GuestNetwork] between a [dev.jslirp.tap.TapLink] or a [dev.jslirp.tap.vmm.VmmLink] and the host's sockets.
///
/// **Theory of operation.** One thread, a [dev.jslirp.tap.linux.EpollLoop], owns everything: the TAP, the host's sockets
/// ([dev.jslirp.tap.host.LinuxHostNetwork]), the stack. `Main` is the entry of the jar: it either becomes
/// the `Bridge` (nothing but the bindings is loaded then, so it starts fast) or hands over to the command line.
///
/// `run`: the daemon starts `unshare … bridge`; the bridge creates and configures the TAP inside, passes
/// its descriptor out over a unix socket, waits for the word that the network is served, and becomes the command in
/// place. So the process the daemon waits for *is* the command. `attach` does the same through `nsenter`, with a
/// bridge that ends; as root a thread enters the namespace instead. `serve` waits for guests at sockets.
///
/// **Limits.** Frames read per readiness: `TapLink.FRAMES_PER_READINESS`. Frames the TAP does not take are dropped
/// and counted in `Link.dropped()`.
///
/// **Ownership.** The link owns the TAP descriptor, the daemon everything else.
///
/// **Imports**: all of stack-core but `host.netty`, picocli (command line only).
package dev.jslirp.tap;
