/// Deterministic simulation: whole networks under faults, thousands of them, each replayable from one number.
///
/// **Purpose.** A [dev.jslirp.simulation.SimWorld] is a complete `GuestNetwork` between a guest whose TCP is the same engine and host
/// peers that misbehave, joined by a link that loses, repeats, reorders and damages frames. Everything random comes from the seed and
/// time is virtual, so a failure found in a million runs is replayed by naming its seed:
///
/// ```
/// mvn -pl stack-core test -Dtest=SimulationTest -Dsim.seed=4711      # verbose, writes target/simulation/seed-4711.pcap
/// mvn -pl stack-core test -Dtest=SimulationTest -Dsim.seconds=120    # as many fresh seeds as fit
/// ```
/// **Swarm.** The seed first decides which faults exist in this world at all ([dev.jslirp.simulation.Faults]); a world with every
/// fault would hide the bugs that need one of them to be absent. Then it draws the conversations ([dev.jslirp.simulation.FlowPlan]).
///
/// **Healing.** Faults end at a known time. From then on the link is perfect and blocked peers read, so whatever is not finished
/// within a bounded time is stuck: the liveness half of the check.
///
/// **Invariants**, after every event:
/// - bytes given to either end are the bytes sent by the other, from the first one on (`SimFlow`);
/// - on the wire, both ways (`WatchedFlow`): nothing is sent beyond the window seen (one probe byte aside), nothing acknowledged that
///   did not arrive, acknowledgements and window edges never move back, SACK blocks lie within what arrived, payload is the stream's,
///   segments keep to the MSS;
/// - every frame of the stack decodes with an independent decoder and keeps to the link (`SimLink`, `testkit`'s records);
/// - data outstanding means a wake-up is armed; bytes queued keep to the configured limits; host streams belong to flows;
/// - nothing was logged as a warning, `DropReason.INTERNAL` is zero.
///
/// At the end: every flow delivered everything or was reset for a reason its plan states, the flow table is empty, every buffer and
/// host socket was given back, and virtual time kept to its bound.
///
/// **NetSim.** The same world with one fault at a time measures throughput and fairness in virtual time; the table is compared with
/// `snapshots/netsim.txt`, so a change of the engine's behaviour shows as a difference to be explained
/// (`-Dsnapshot.update=true` rewrites it).
package dev.jslirp.simulation;
