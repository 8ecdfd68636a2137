package dev.jslirp.tap.linux;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/// Calls into a loop from a test's thread.
public final class InLoop {
    /// Only a guard against hanging.
    private static final int LIMIT_SECONDS = 20;

    private InLoop() {}

    /// Runs `task` in the loop and waits for its result; what it throws is thrown here.
    public static <T> T call(EpollLoop loop, Callable<T> task) throws Exception {
        var result = new CompletableFuture<T>();
        loop.execute(() -> {
            try {
                result.complete(task.call());
            } catch (Throwable t) {
                result.completeExceptionally(t);
            }
        });
        try {
            return result.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Exception exception -> throw exception;
                case Error error -> throw error;
                default -> throw e;
            }
        }
    }
}
