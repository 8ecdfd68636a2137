/// Linux, as far as jslirp talks to it directly: the foreign-function bindings.
///
/// **Purpose.** System calls that Java has no API for, or none fast enough: an event loop, sockets with batches and control
/// messages, TAP devices, interface configuration, descriptor passing, namespaces, `exec`, shared memory. x86_64 and aarch64.
///
/// **Theory of operation.** `Libc` binds the calls and reports failures as negated error numbers, as the
/// kernel does; `Structs` holds the memory layouts with their field offsets, checked by a test. On top:
///
/// - [dev.jslirp.tap.linux.EpollLoop] and its [dev.jslirp.tap.linux.FdWatch]es; [dev.jslirp.tap.linux.AcceptPause] for whoever accepts;
/// - internet sockets: [dev.jslirp.tap.linux.Sockets] for single calls, [dev.jslirp.tap.linux.DatagramSender] and
///   [dev.jslirp.tap.linux.DatagramReceiver] for batches, [dev.jslirp.tap.linux.PingSocket];
/// - [dev.jslirp.tap.linux.Pipe], by which bytes go from socket to socket without coming here;
/// - unix sockets: [dev.jslirp.tap.linux.UnixListener] owns a socket and its file; [dev.jslirp.tap.linux.DescriptorSocket] is a connection
///   that carries descriptors, [dev.jslirp.tap.linux.UnixSocket] the same for callers that wait; datagrams as above,
///   with [dev.jslirp.tap.linux.UnixPeer] for an address;
/// - [dev.jslirp.tap.linux.TapDevice], [dev.jslirp.tap.linux.Interfaces], [dev.jslirp.tap.linux.Processes].
///
/// These show no foreign-memory type: descriptors are `int`, addresses `long`. The exception is what `tap.vhost` needs for a guest's
/// memory: [dev.jslirp.tap.linux.SharedMemory], [dev.jslirp.tap.linux.NativeMemory] and [dev.jslirp.tap.linux.DescriptorSocket].
///
/// **Errors.** Set-up failures are [dev.jslirp.tap.linux.TapException]s that say what to do; on the frame path
/// a failure is a negative result.
///
/// **Ownership.** Whoever opened a descriptor closes it; an object that was given one owns it.
///
/// **Imports**: `wire` (addresses), `time` (the seam of timers). The only package that uses `java.lang.foreign`, but for memory segments in
/// `tap.vhost`.
package dev.jslirp.tap.linux;
