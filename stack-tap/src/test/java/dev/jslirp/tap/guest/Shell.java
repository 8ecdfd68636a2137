package dev.jslirp.tap.guest;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Runs programs and collects what they print.
final class Shell {
    private Shell() {}

    /// What a program left behind.
    record Result(List<String> command, int status, String out, String err) {
        /// This result, if the program succeeded.
        Result ok() {
            if (status != 0) {
                throw new AssertionError("status " + status + " from " + command + "\n--- stdout\n" + out + "\n--- stderr\n" + err);
            }
            return this;
        }
    }

    /// Runs a program to its end; kills it and fails after `seconds` (a guard, not a measurement).
    static Result run(int seconds, List<String> command) {
        return run(seconds, "", command);
    }

    /// The same, with this short text at its standard input, a pipe; without text that is `/dev/null`.
    static Result run(int seconds, String input, List<String> command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            if (input.isEmpty()) {
                builder.redirectInput(new File("/dev/null"));
            }
            Process process = builder.start();
            type(input, process);
            CompletableFuture<String> out = CompletableFuture.supplyAsync(() -> drain(process.getInputStream()), Thread::startVirtualThread);
            CompletableFuture<String> err = CompletableFuture.supplyAsync(() -> drain(process.getErrorStream()), Thread::startVirtualThread);
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new AssertionError("still running after " + seconds + " s: " + command + "\n--- stdout\n"
                        + out.getNow("(open)") + "\n--- stderr\n" + err.getNow("(open)"));
            }
            return new Result(command, process.exitValue(), out.join(), err.join());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    static Result run(int seconds, String... command) {
        return run(seconds, List.of(command));
    }

    private static void type(String input, Process process) {
        try (var in = process.outputWriter()) {
            in.write(input);
        } catch (IOException e) {
            // It has ended without reading.
        }
    }

    private static String drain(InputStream stream) {
        try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }
}
