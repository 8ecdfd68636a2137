package dev.jslirp.tap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// `jslirp run` and `attach` as a user has them: launcher, bridge, real namespaces.
class RunIT {
    private List<Path> before;

    @BeforeEach
    void sandbox() throws Exception {
        Sandbox.require();
        before = Sandbox.directories();
    }

    @AfterEach
    void nothingIsLeftBehind() throws Exception {
        assertEquals(before, Sandbox.directories());
    }

    @Test
    void exitStatusOfTheCommandIsPassedOn() throws Exception {
        assertEquals(7, Sandbox.execute(Sandbox.jslirp("run", "-q", "--", "sh", "-c", "exit 7"), "").status());
    }

    @Test
    void aSignalThatEndsTheCommandShowsInTheStatus() throws Exception {
        assertEquals(128 + 9, Sandbox.execute(Sandbox.jslirp("run", "-q", "--", "sh", "-c", "kill -9 $$"), "").status());
    }

    @Test
    void standardInputAndOutputAreTheCommands() throws Exception {
        Sandbox.Result result = Sandbox.execute(Sandbox.jslirp("run", "-q", "--", "cat"), "through\n");
        assertEquals(new Sandbox.Result(0, "through\n", ""), withoutPingAdvice(result));
    }

    @Test
    void theCommandIsRootWithAddressRouteAndResolver() throws Exception {
        Sandbox.Result result = Sandbox.execute(Sandbox.jslirp("run", "-q", "--", "sh", "-c",
                "id -u; cat /etc/resolv.conf; cat /proc/net/route; ls /proc/self/fd | wc -l"), "");
        assertTrue(result.out().startsWith("0\n# written by jslirp\nnameserver 10.0.2.3\n"), result.out());
        assertTrue(result.out().contains("tap0\t00000000\t0202000A"), result.out());
        assertTrue(result.out().endsWith("\n4\n"), "only 0, 1, 2 and the directory itself are open: " + result.out());
    }

    @Test
    void noConfigureLeavesTheInterfaceUpWithoutAddress() throws Exception {
        Sandbox.Result result = Sandbox.execute(Sandbox.jslirp("run", "-q", "--no-configure", "--", "sh", "-c",
                "cat /sys/class/net/tap0/flags /proc/net/route 2>/dev/null || cat /proc/net/route"), "");
        assertTrue(!result.out().contains("0202000A"), result.out());
    }

    @Test
    void gatewayAnswersWithAndWithoutOffloads() throws Exception {
        for (String option : List.of("-q", "--no-offload")) {
            Sandbox.Result result = Sandbox.execute(Sandbox.jslirp("run", option, "--", "ping", "-c", "1", "-W", "5", "10.0.2.2"), "");
            assertEquals(0, result.status(), option + ": " + result.out() + result.err());
        }
    }

    @Test
    void aPortInUseIsOneLineAndTheCommandDoesNotStart() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Sandbox.Result result = Sandbox.execute(
                    Sandbox.jslirp("run", "-q", "-p", "tcp:127.0.0.1:" + taken.getLocalPort() + "-:80", "--", "echo", "started"), "");
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
                + "; exec sleep 1000'", Sandbox.jslirp().getFirst());
        Process process = new ProcessBuilder(words).inheritIO().start();
        long startNs = System.nanoTime();
        while (Files.size(ready) == 0 && System.nanoTime() - startNs < TimeUnit.SECONDS.toNanos(30)) {
            Thread.onSpinWait();
        }
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
        List<String> words = new java.util.ArrayList<>(List.of("runuser", "-u", "nobody", "--"));
        words.addAll(Sandbox.jslirp("run", "-q", "--", "cat", "/proc/self/uid_map"));
        Sandbox.Result result = Sandbox.execute(words, "");
        assertEquals(0, result.status(), result.err());
        assertTrue(result.out().strip().matches("0\\s+65534\\s+1"), result.out());
    }

    private static Sandbox.Result withoutPingAdvice(Sandbox.Result result) {
        return new Sandbox.Result(result.status(), result.out(),
                result.err().lines().filter(line -> !line.contains("ping_group_range")).reduce("", String::concat));
    }
}
