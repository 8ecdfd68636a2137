package dev.jslirp.mutation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Every deliberate bug is caught; `-Dmutation=NAME` runs those whose name contains `NAME`.
class MutationTest {
    private static final String ONLY = System.getProperty("mutation", "");
    private static final List<Mutation> MUTATIONS = Stream.of(TcpMutations.ALL, NetworkMutations.ALL, RelayMutations.ALL)
            .flatMap(List::stream).filter(mutation -> mutation.name().contains(ONLY)).toList();

    private static ExecutorService runners;
    private static Future<String> control;
    private static Map<Mutation, Future<String>> mutants;

    /// Each run has a JVM of its own, so they can overlap; the tests below only wait for them in order.
    @BeforeAll
    static void start() {
        runners = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        control = runners.submit(MutationTest::runControl);
        mutants = new LinkedHashMap<>();
        MUTATIONS.forEach(mutation -> mutants.put(mutation, runners.submit(() -> run(mutation))));
    }

    @AfterAll
    static void stop() throws IOException {
        runners.shutdownNow();
        StringBuilder table = new StringBuilder("| mutant | breaks | caught by |\n|---|---|---|\n");
        mutants.forEach((mutation, run) -> {
            String test = run.state() == Future.State.SUCCESS && run.resultNow() != null ? run.resultNow() : "nobody";
            table.append("| ").append(mutation.name()).append(" | ").append(mutation.rule()).append(" | ").append(test).append(" |\n");
        });
        Files.writeString(Mutant.DIRECTORY.resolve("caught.md"), table);
    }

    @Test
    void withoutMutationTheSameSuitesPass() throws Exception {
        assertNull(resultOf(control), "fails on the unchanged stack");
    }

    @Test
    void mutationsAreToldApart() {
        assertFalse(MUTATIONS.isEmpty(), () -> "no mutation's name contains " + ONLY);
        assertEquals(MUTATIONS.size(), MUTATIONS.stream().map(Mutation::name).distinct().count());
    }

    @TestFactory
    Stream<DynamicTest> everyMutantIsCaught() {
        return mutants.entrySet().stream().map(entry -> DynamicTest.dynamicTest(entry.getKey().name(),
                () -> assertNotNull(resultOf(entry.getValue()), () -> "survived: " + entry.getKey())));
    }

    private static String runControl() throws IOException, InterruptedException {
        TreeSet<String> suites = new TreeSet<>();
        MUTATIONS.forEach(mutation -> suites.addAll(mutation.suites()));
        return new Mutant("control").firstFailure(suites);
    }

    private static String run(Mutation mutation) throws IOException, InterruptedException {
        Mutant mutant = new Mutant(mutation.name());
        mutant.compile(mutation);
        return mutant.firstFailure(mutation.suites());
    }

    private static String resultOf(Future<String> run) throws Exception {
        try {
            return run.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AssertionError error) {
                throw error;
            }
            throw e;
        }
    }
}
