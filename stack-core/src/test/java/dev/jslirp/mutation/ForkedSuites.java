package dev.jslirp.mutation;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Arrays;
import org.junit.platform.engine.CancellationToken;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherExecutionRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/// The program of a forked JVM: runs test classes until one test fails.
final class ForkedSuites implements TestExecutionListener {
    /// Exit statuses. A JVM that breaks down has others.
    static final int PASSED = 40, FAILED = 41, NOTHING_RUN = 42;
    /// Begins the line that names the failed test.
    static final String FAILED_LINE = "failed: ";

    private final CancellationToken enough = CancellationToken.create();
    private int passed;
    private boolean failed;

    /// @param args the test classes' full names
    public static void main(String[] args) {
        LauncherDiscoveryRequest suites = LauncherDiscoveryRequestBuilder.request()
                .selectors(Arrays.stream(args).map(name -> selectClass(name)).toList())
                .build();
        ForkedSuites run = new ForkedSuites();
        LauncherFactory.create().execute(LauncherExecutionRequestBuilder.request(suites)
                .cancellationToken(run.enough)
                .listeners(run)
                .build());
        System.exit(run.failed ? FAILED : run.passed > 0 ? PASSED : NOTHING_RUN);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        switch (result.getStatus()) {
            case SUCCESSFUL -> passed += test.isTest() ? 1 : 0;
            case FAILED -> {
                if (!failed) {
                    System.out.println(FAILED_LINE + test.getUniqueId());
                    result.getThrowable().ifPresent(cause -> cause.printStackTrace(System.out));
                }
                failed = true;
                enough.cancel();
            }
            case ABORTED -> { }
        }
    }
}
