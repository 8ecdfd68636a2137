package dev.jslirp.tap.guest;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Waits for a condition that another process brings about. The limit is a guard against hanging, far above what
/// is ever needed; no test measures it.
final class Await {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private Await() {}

    static void until(String what, BooleanSupplier condition, Supplier<String> context) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("gave up waiting for " + what + "\n" + context.get());
            }
            LockSupport.parkNanos(20_000_000);
        }
    }
}
