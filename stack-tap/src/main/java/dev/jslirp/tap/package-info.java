/// The `jslirp` program: TAP links, the bridge that runs inside a namespace, the daemon, the command line.
///
/// **Purpose.** Gives a network namespace, whoever holds a TAP descriptor, or virtual machines a network by wiring a
/// [dev.jslirp.GuestNetwork] between a [dev.jslirp.tap.TapLink] or a [dev.jslirp.tap.vmm.VmmLink] and the host's sockets.
///
/// **Theory of operation.** One thread, a [dev.jslirp.tap.linux.EpollLoop], owns everything: the TAP, the host's sockets
/// ([dev.jslirp.tap.host.LinuxHostNetwork]), the stack. With `--loops` the TAP has a queue for each of several such threads
/// (`ServiceLoop`, with memory of its own): the first has the network, the others (`ShardLoop`) a [dev.jslirp.TcpShard] each. They are
/// started after the network that takes what they hand over, and closed before it. `Main` is the entry of the jar: it either becomes
/// the `Bridge` (nothing but the bindings is loaded then, so it starts fast) or hands over to the command line.
///
/// `run`: the daemon starts `unshare … bridge`; the bridge creates and configures the TAP inside, passes
/// its descriptors out over a unix socket, waits for the word that the network is served, and becomes the command in
/// place. So the process the daemon waits for *is* the command. `attach` does the same through `nsenter`, with a
/// bridge that ends; as root a thread enters the namespace instead. With `--splice` unconnected TCP sockets are made in the namespace
/// along with the TAP (`GuestDescriptors`): sockets keep their namespace, so nobody has to stay in there to connect them. `serve` waits
/// for guests at sockets.
///
/// **Limits.** Frames read per readiness: `TapLink.FRAMES_PER_READINESS`. Frames the TAP does not take are dropped
/// and counted in `Link.dropped()`. Frames that wait for the first loop: `Daemon.HANDED_OVER_MAX`, dropped as `HAND_OVER_FULL`.
///
/// **Queues.** The kernel steers by a symmetric hash of addresses and ports, the same for both directions: to the queue that a frame of
/// the flow was last written to, or, 3 s after the last such write, to the queue that the hash names. A shard owns flows whose SYN the
/// hash brought, so its flows are always steered to it; flows of the first loop may come to another queue when they have been quiet, and
/// return with the first answer. Should the kernel err (two flows with one hash, fragments), the first loop asks the others.
///
/// **Ownership.** The link owns the TAP descriptor, the daemon everything else.
///
/// **Imports**: all of stack-core but `host.netty`, picocli (command line only).
package dev.jslirp.tap;
