/// Linux, as far as jslirp talks to it directly: the foreign-function bindings.
///
/// **Purpose.** System calls that Java has no API for: TAP devices, interface configuration, descriptor
/// passing, namespaces, `exec`, ping sockets, shared memory. x86_64 and aarch64.
///
/// **Theory of operation.** `Libc` binds the calls and reports failures as negated error numbers, as the
/// kernel does; `Structs` holds the memory layouts with their field offsets, checked by a test. The public
/// types on top ([dev.jslirp.tap.linux.TapDevice], [dev.jslirp.tap.linux.Interfaces],
/// [dev.jslirp.tap.linux.PingSocket], …) show no foreign-memory type: descriptors are `int`, addresses `long`. The exception is
/// what `tap.vhost` needs for a guest's memory: [dev.jslirp.tap.linux.SharedMemory], [dev.jslirp.tap.linux.NativeMemory] and
/// [dev.jslirp.tap.linux.DescriptorSocket].
///
/// **Errors.** Set-up failures are [dev.jslirp.tap.linux.TapException]s that say what to do; on the frame path
/// a failure is a negative result.
///
/// **Ownership.** Whoever opened a descriptor closes it; an object that was given one owns it.
///
/// **Imports**: `wire` (addresses). The only package that uses `java.lang.foreign`, but for memory segments in `tap.vhost`.
package dev.jslirp.tap.linux;
