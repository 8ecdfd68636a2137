package dev.jslirp.testkit;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// Gives each test an allocator and fails the test that leaves a buffer unreleased:
/// `@RegisterExtension final LeakExtension leaks = new LeakExtension();`
public final class LeakExtension implements BeforeEachCallback, AfterEachCallback {
    private TrackingAllocator allocator = new TrackingAllocator();

    /// The allocator of the running test.
    public TrackingAllocator allocator() {
        return allocator;
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        allocator = new TrackingAllocator();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        // A test that failed on its own account is not buried under the leaks that follow from it.
        if (context.getExecutionException().isEmpty()) {
            allocator.assertAllReleased();
        }
    }
}
