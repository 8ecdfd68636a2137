/// The benchmark of the flow table, which is not visible outside its package.
///
/// **Why here.** `FlowTable` is an implementation detail of `dev.jslirp.nat`; its benchmark is the only thing that needs to reach it, and shares
/// its package instead of widening it. Conventions and results are those of `dev.jslirp.bench`.
package dev.jslirp.nat;
