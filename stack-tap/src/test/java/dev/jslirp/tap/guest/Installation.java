package dev.jslirp.tap.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/// A copy of the built command that every user may read, and a scratch directory that every user may write.
final class Installation implements AutoCloseable {
    private static final List<String> PROGRAMS = List.of("ip", "ss", "nsenter", "setpriv", "curl", "iperf3", "dig", "dnsmasq", "ping",
            "busybox", "dhclient", "sha256sum", "cmp");

    private final Path root;

    Installation() {
        try {
            root = Files.createTempDirectory("jslirp-it");
            Shell.run(10, "chmod", "755", root.toString()).ok();
            Files.createDirectory(scratch());
            Shell.run(10, "chmod", "1777", scratch().toString()).ok();
            Path module = root.resolve("stack-tap");
            Files.createDirectories(module.resolve("target"));
            Shell.run(60, "sh", "-c", "cp -a bin " + module + " && cp -a target/*.jar target/*.aot target/lib " + module.resolve("target")
                    + "; cp -a target/test-classes " + testClasses() + "; chmod -R a+rX " + root).ok();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path launcher() {
        return root.resolve("stack-tap/bin/jslirp");
    }

    /// The JDK that runs this test, for programs in the guest.
    Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    /// A class path with the programs of this package.
    Path testClasses() {
        return root.resolve("test-classes");
    }

    Path scratch() {
        return root.resolve("scratch");
    }

    /// Skips the caller, or fails it where integration tests are required, unless this machine can run them.
    static void require() {
        List<String> missing = new ArrayList<>();
        if (!System.getProperty("user.name").equals("root")) {
            missing.add("root");
        }
        if (!Files.isReadable(Path.of("/dev/net/tun"))) {
            missing.add("/dev/net/tun");
        }
        for (String program : PROGRAMS) {
            if (Shell.run(5, "sh", "-c", "command -v " + program).status() != 0) {
                missing.add(program);
            }
        }
        if (!missing.isEmpty() && Boolean.getBoolean("jslirp.it.required")) {
            throw new AssertionError("integration tests are required, but this machine lacks " + missing);
        }
        Assumptions.assumeTrue(missing.isEmpty(), () -> "needs " + missing);
    }

    @Override
    public void close() {
        Shell.run(60, "rm", "-rf", root.toString());
    }
}
