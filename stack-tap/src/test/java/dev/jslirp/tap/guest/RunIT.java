package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// `jslirp run` and `attach` as a user has them: launcher, bridge, real namespaces.
class RunIT {
    /// Bound on anything started here, so that a hang fails.
    private static final int LIMIT_SECONDS = 60;

    private List<Path> before;

    /// Skips where user namespaces and TAPs are not to be had; with `-Djslirp.it.required=true` their absence is a failure.
    @BeforeEach
    void requireNamespaces() {
        Shell.Result namespace = Shell.run(LIMIT_SECONDS, "unshare", "--user", "--map-root-user", "--net", "true");
        Path tun = Path.of("/dev/net/tun");
        boolean possible = namespace.status() == 0 && Files.isReadable(tun) && Files.isWritable(tun);
        if (!possible && Boolean.getBoolean("jslirp.it.required")) {
            fail("user namespaces and read and write permission on /dev/net/tun are required: " + namespace.err());
        }
        Assumptions.assumeTrue(possible, "no user namespaces or no permission for /dev/net/tun");
    }

    /// What an earlier, killed run left is not ours.
    @BeforeEach
    void lookAround() throws IOException {
        before = privateDirectories();
    }

    @AfterEach
    void noPrivateDirectoryIsLeftBehind() throws IOException {
        assertEquals(before, privateDirectories());
    }

    private static List<Path> privateDirectories() throws IOException {
        try (var entries = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return entries.filter(entry -> entry.getFileName().toString().matches("jslirp-\\d+")).sorted().toList();
        }
    }

    /// The launcher followed by `arguments`.
    private static List<String> words(String... arguments) {
        List<String> words = new ArrayList<>(List.of(Path.of("bin/jslirp").toAbsolutePath().toString()));
        words.addAll(List.of(arguments));
        return words;
    }

    private static Shell.Result jslirp(String... arguments) {
        return Shell.run(LIMIT_SECONDS, words(arguments));
    }

    @Test
    void exitStatusOfTheCommandIsPassedOn() throws Exception {
        assertEquals(7, jslirp("run", "-q", "--", "sh", "-c", "exit 7").status());
    }

    @Test
    void aSignalThatEndsTheCommandShowsInTheStatus() throws Exception {
        assertEquals(128 + 9, jslirp("run", "-q", "--", "sh", "-c", "kill -9 $$").status());
    }

    @Test
    void standardInputAndOutputAreTheCommands() throws Exception {
        Shell.Result result = Shell.run(LIMIT_SECONDS, "through\n", words("run", "-q", "--", "cat")).ok();
        assertEquals("through\n", result.out());
        assertEquals(List.of(), result.err().lines().filter(line -> !line.contains("ping_group_range")).toList());
    }

    @Test
    void theCommandIsRootWithAddressRouteAndResolver() throws Exception {
        Shell.Result result = jslirp("run", "-q", "--", "sh", "-c",
                "id -u; cat /etc/resolv.conf; cat /proc/net/route; ls /proc/self/fd | wc -l");
        assertTrue(result.out().startsWith("0\n# written by jslirp\nnameserver 10.0.2.3\n"), result.out());
        assertTrue(result.out().contains("tap0\t00000000\t0202000A"), result.out());
        assertTrue(result.out().endsWith("\n4\n"), "only 0, 1, 2 and the directory itself are open: " + result.out());
    }

    @Test
    void noConfigureLeavesTheInterfaceUpWithoutAddress() throws Exception {
        Shell.Result result = jslirp("run", "-q", "--no-configure", "--", "sh", "-c",
                "cat /sys/class/net/tap0/flags /proc/net/route 2>/dev/null || cat /proc/net/route");
        assertTrue(!result.out().contains("0202000A"), result.out());
    }

    @Test
    void gatewayAnswersWithAndWithoutOffloads() throws Exception {
        for (String option : List.of("-q", "--no-offload")) {
            Shell.Result result = jslirp("run", option, "--", "ping", "-c", "1", "-W", "5", "10.0.2.2");
            assertEquals(0, result.status(), option + ": " + result.out() + result.err());
        }
    }

    @Test
    void aPortInUseIsOneLineAndTheCommandDoesNotStart() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Shell.Result result = jslirp("run", "-q", "-p", "tcp:127.0.0.1:" + taken.getLocalPort() + "-:80", "--", "echo", "started");
            assertEquals(1, result.status());
            assertEquals("", result.out());
            assertTrue(result.err().startsWith("jslirp: ") && result.err().contains(Integer.toString(taken.getLocalPort()))
                    && result.err().lines().count() == 1, result.err());
        }
    }

    @Test
    void sigtermEndsCommandAndDaemon() throws Exception {
        Path ready = Files.createTempFile("it", ".ready");
        Path pid = Files.createTempFile("it", ".pid");
        List<String> words = List.of("sh", "-c", "exec \"$0\" run -q -- sh -c 'echo $$ > " + pid + "; echo up > " + ready
                + "; exec sleep 1000'", words().getFirst());
        Process process = new ProcessBuilder(words).inheritIO().start();
        Await.until("the command", () -> ready.toFile().length() > 0, () -> "jslirp " + (process.isAlive() ? "runs" : "has ended"));
        process.destroy();
        assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        assertEquals(128 + 15, process.exitValue());
        assertTrue(ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).isEmpty());
        Files.delete(ready);
        Files.delete(pid);
    }

    @Test
    void anOrdinaryUserNeedsNoPrivileges() throws Exception {
        Assumptions.assumeTrue(Files.getPosixFilePermissions(Path.of("/dev/net/tun")).size() == 6 && System.getProperty("user.name").equals("root"));
        List<String> words = new ArrayList<>(List.of("runuser", "-u", "nobody", "--"));
        words.addAll(words("run", "-q", "--", "cat", "/proc/self/uid_map"));
        Shell.Result result = Shell.run(LIMIT_SECONDS, words).ok();
        assertTrue(result.out().strip().matches("0\\s+65534\\s+1"), result.out());
    }
}
