/// What the stack counts.
///
/// **Purpose.** One [dev.jslirp.stats.Counters] per guest network; every limit, drop and notable
/// event has a named slot in it. Plain arrays, incremented by the owning thread, so counting costs one
/// memory write and never a lock. Readers on other threads go through the façade, which copies on the
/// owning thread.
///
/// **Imports**: `wire` (for the drop reasons).
package dev.jslirp.stats;
