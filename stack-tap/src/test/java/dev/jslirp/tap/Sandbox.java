package dev.jslirp.tap;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/// What the integration tests need of the machine.
final class Sandbox {
    /// Bound on anything started here, so that a hang fails.
    private static final int LIMIT_SECONDS = 60;

    private Sandbox() {}

    /// How a program ended.
    record Result(int status, String out, String err) {}

    /// Goes on only where user namespaces and TAPs are to be had; with `-Djslirp.it.required=true` their absence is a failure.
    static void require() throws Exception {
        Result result = execute(List.of("unshare", "--user", "--map-root-user", "--net", "true"), "");
        boolean possible = result.status() == 0 && Files.isReadable(Path.of("/dev/net/tun")) && Files.isWritable(Path.of("/dev/net/tun"));
        if (!possible && Boolean.getBoolean("jslirp.it.required")) {
            fail("user namespaces and read and write permission on /dev/net/tun are required: " + result.err());
        }
        Assumptions.assumeTrue(possible, "no user namespaces or no permission for /dev/net/tun");
    }

    /// The launcher followed by `arguments`.
    static List<String> jslirp(String... arguments) {
        List<String> words = new java.util.ArrayList<>(List.of(Path.of("bin/jslirp").toAbsolutePath().toString()));
        words.addAll(List.of(arguments));
        return words;
    }

    /// Runs a program to its end.
    static Result execute(List<String> words, String input) throws Exception {
        Path out = Files.createTempFile("it", ".out");
        Path err = Files.createTempFile("it", ".err");
        Path in = Files.writeString(Files.createTempFile("it", ".in"), input);
        try {
            Process process = new ProcessBuilder(words).redirectInput(in.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                fail("still running after " + LIMIT_SECONDS + " s: " + words);
            }
            return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
        } finally {
            for (Path file : List.of(out, err, in)) {
                Files.delete(file);
            }
        }
    }

    /// Names of jslirp's private directories that exist.
    static List<Path> directories() throws IOException {
        try (var entries = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return entries.filter(entry -> entry.getFileName().toString().startsWith("jslirp-")).sorted().toList();
        }
    }
}
