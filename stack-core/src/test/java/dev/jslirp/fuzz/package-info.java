/// Coverage-guided fuzzing of a complete network, by Jazzer.
///
/// **Purpose.** What a guest or a host sends is arbitrary. These targets give arbitrary bytes a shape that gets past the first check of
/// a parser (valid checksums, an established connection, an identifier that matches), and let the fuzzer search behind it.
///
/// | target | an input is |
/// |---|---|
/// | [dev.jslirp.fuzz.FrameFuzzTest] | whole frames, time, and what the host does in between |
/// | [dev.jslirp.fuzz.TcpFuzzTest] | segments of an established connection, and what its host peer does |
/// | [dev.jslirp.fuzz.DhcpFuzzTest] | DHCP messages of four stations |
/// | [dev.jslirp.fuzz.DnsFuzzTest] | DNS queries and the resolver's answers, over UDP and TCP |
/// | [dev.jslirp.fuzz.FragmentFuzzTest] | fragments of eight datagrams |
///
/// **Theory of operation.** An input is read from its first byte to its last ([dev.jslirp.fuzz.FuzzInput]) as a sequence of steps; where
/// it ends, reads give zeros. Each step's first byte says what happens. [dev.jslirp.fuzz.FuzzNetwork] carries the steps out in virtual
/// time and, after each, asserts: no exception left the stack or was caught by its last resort (`DropReason.INTERNAL` is 0), every frame
/// towards the guest is well-formed with right checksums, and the memory held is bounded by what was sent. At the end the network is
/// closed, and every buffer and host socket must have been given back.
///
/// **Use.** An ordinary build replays the inputs in `src/test/resources/dev/jslirp/fuzz`: the shortest found to reach each counter, by
/// whose name they are called, and every one that ever failed. This fuzzes one target until it fails or is interrupted:
///
/// ```sh
/// JAZZER_FUZZ=1 mvn -pl stack-core test -Dtest=TcpFuzzTest
/// ```
/// What it finds new stays in `stack-core/.cifuzz-corpus`, which version control ignores, and is where the next run begins. An input that
/// fails is written to the resources as `crash-…`; so is the one in hand when the run is interrupted, which then passes a replay and
/// can be removed.
package dev.jslirp.fuzz;
