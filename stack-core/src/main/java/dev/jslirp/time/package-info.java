/// Time as a value: the reactor seam, the timer wheel, and the batch.
///
/// **Theory of operation.** Nothing in the stack reads a clock or schedules itself. The reactor gives
/// the time once per batch; every deadline is a number in the one [dev.jslirp.time.TimerWheel] of the
/// network; the reactor is asked for a single wake-up at the earliest of them. [dev.jslirp.time.Batch]
/// ties them together.
///
/// **Threads.** All of it belongs to the owning thread, but for `Reactor.execute`.
///
/// **Imports**: nothing of ours.
package dev.jslirp.time;
