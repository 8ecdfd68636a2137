/// JMH benchmarks of the frame path, from one header to a whole network.
///
/// **Purpose.** The numbers of `benchmarks/README.md`, and what to look at when one of them gets worse.
///
/// **Theory of operation.** [dev.jslirp.bench.BenchmarkBase] holds the conventions (forks, iterations, JVM flags: those of the launcher).
/// [dev.jslirp.bench.BenchNetwork] is a whole `GuestNetwork` between a guest that is a few reused frames and a host whose
/// sockets take everything and keep nothing, so that time and garbage measured are the engine's. Benchmarks of things that are
/// package-private live in a package of that name.
///
/// **Limits.** One thread, no system calls: what a socket or a TAP device costs is not in these numbers.
package dev.jslirp.bench;
