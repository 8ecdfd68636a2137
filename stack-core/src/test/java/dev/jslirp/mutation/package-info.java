/// Whether the tests would notice: deliberate bugs, and the suites that must fail on each.
///
/// **Purpose.** A test that passes says little as long as nobody has seen it fail. Here every rule that would hurt when it were broken is
/// broken on purpose, one at a time, and a suite has to find out.
///
/// **Theory of operation.** A [dev.jslirp.mutation.Mutation] is data: a file, a fragment of its text that occurs once, what to put in its
/// place, the rule this breaks, and the suites that stand for the rule. [dev.jslirp.mutation.Mutant] compiles the changed source by
/// `javax.tools` into a directory of its own below `target/mutation`, puts that in front of the class path, and runs the suites in a
/// JVM of their own ([dev.jslirp.mutation.ForkedSuites]), up to their first failure. [dev.jslirp.mutation.MutationTest] runs all of
/// them, as many at a time as there are processors, and, as the control, all suites named anywhere on the unchanged stack.
///
/// **Outcomes.** A mutant is *caught* when a test fails. It *survives* when every test passes: then a test is missing, and the mutation
/// shows which. It is *stale* when its fragment occurs no more, or more than once, or when it does not compile: then the mutation has to
/// follow the code. A suite that cannot be run, and one that does not end, is neither; every outcome but the first fails the build.
///
/// **Adding one.** One entry in [dev.jslirp.mutation.TcpMutations] (`tcp`), [dev.jslirp.mutation.NetworkMutations] (`wire`, `net`) or
/// [dev.jslirp.mutation.RelayMutations] (`nat`, `service`); keep the fragment short, or it goes stale soon. Leave constants alone: the
/// compiler has copied them into other classes. `mvn -pl stack-core test -Dtest=MutationTest -Dmutation=NAME` runs those whose name
/// contains `NAME`; the output of each is in `target/mutation/NAME/output.txt`, and `target/mutation/caught.md` lists who caught what.
package dev.jslirp.mutation;
