package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.tap.guest.Guest.Caller;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Mistakes of users: each gets one clear line on stderr and a non-zero exit, and leaves nothing behind.
class BadInputIT {
    private static final Path TUN = Path.of("/dev/net/tun");

    private Installation installation;
    private Set<String> before;

    @BeforeEach
    void install() {
        Installation.require();
        installation = new Installation();
        before = leftovers();
    }

    @AfterEach
    void nothingIsLeftBehind() {
        if (installation == null) {
            return;
        }
        try {
            Set<String> after = leftovers();
            after.removeAll(before);
            assertEquals(Set.of(), after);
        } finally {
            installation.close();
        }
    }

    /// Named namespaces, user namespaces' processes, and temporary files of the command.
    private static Set<String> leftovers() {
        Set<String> found = new TreeSet<>();
        found.addAll(Shell.run(10, "ip", "netns", "list").ok().out().lines().map(line -> "netns " + line).toList());
        found.addAll(Shell.run(10, "sh", "-c", "ls -d /tmp/jslirp* /run/jslirp* /dev/shm/jslirp* 2>/dev/null").out().lines()
                .filter(path -> !path.startsWith("/tmp/jslirp-it")).toList());
        found.addAll(ProcessHandle.allProcesses().filter(process -> process.info().commandLine().orElse("").contains("dev.jslirp.tap.Bridge"))
                .map(process -> "bridge " + process.pid()).collect(Collectors.toSet()));
        return found;
    }

    private Shell.Result jslirp(Caller caller, String... arguments) {
        List<String> command = new ArrayList<>(List.of(installation.launcher().toString()));
        command.addAll(List.of(arguments));
        return Shell.run(30, caller.command(command));
    }

    private static void assertOneLine(Shell.Result result, String... fragments) {
        assertNotEquals(0, result.status(), () -> "succeeded: " + result);
        assertEquals("", result.out());
        assertEquals(1, result.err().lines().count(), () -> "more than one line:\n" + result.err());
        assertTrue(result.err().startsWith("jslirp: "), result::err);
        for (String fragment : fragments) {
            assertTrue(result.err().contains(fragment), () -> "'" + fragment + "' is not in: " + result.err());
        }
    }

    @Test
    void unknownOption() {
        assertOneLine(jslirp(Caller.USER, "run", "--frobnicate", "--", "true"), "--frobnicate");
    }

    @Test
    void missingCommand() {
        assertOneLine(jslirp(Caller.USER, "run"), "COMMAND");
    }

    @Test
    void commandNotFound() {
        Shell.Result result = jslirp(Caller.USER, "run", "--quiet", "--", "no-such-command-anywhere");
        assertOneLine(result, "no-such-command-anywhere");
        assertEquals(127, result.status());
    }

    @Test
    void portInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            String rule = "tcp:127.0.0.1:" + taken.getLocalPort() + "-:80";
            assertOneLine(jslirp(Caller.USER, "run", "-p", rule, "--", "true"), "127.0.0.1:" + taken.getLocalPort(), "in use");
        }
    }

    @Test
    void badForward() {
        assertOneLine(jslirp(Caller.USER, "run", "-p", "tcp:nonsense", "--", "true"), "tcp:nonsense");
    }

    @Test
    void badCidr() {
        assertOneLine(jslirp(Caller.USER, "run", "--cidr", "10.0.2.0/99", "--", "true"), "10.0.2.0/99");
        assertOneLine(jslirp(Caller.USER, "run", "--cidr", "ten", "--", "true"), "ten");
        assertOneLine(jslirp(Caller.USER, "run", "--cidr", "10.0.2.1/24", "--", "true"), "10.0.2.0/24");
    }

    @Test
    void guestAddressOutsideTheNetwork() {
        assertOneLine(jslirp(Caller.USER, "run", "--guest-address", "192.0.2.15", "--", "true"), "192.0.2.15", "10.0.2.0/24");
    }

    @Test
    void noPermissionForTheTunDevice() throws IOException {
        var permissions = Files.getPosixFilePermissions(TUN);
        Files.setPosixFilePermissions(TUN, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
        try {
            assertOneLine(jslirp(Caller.USER, "run", "--quiet", "--", "true"), "/dev/net/tun", "EACCES");
        } finally {
            Files.setPosixFilePermissions(TUN, permissions);
        }
    }

    @Test
    void processToAttachToIsGone() {
        assertOneLine(jslirp(Caller.USER, "attach", "2147483646"), "2147483646");
    }

    @Test
    void namespaceToAttachToIsMissing() {
        assertOneLine(jslirp(Caller.ROOT, "attach", "--netns", "/run/netns/no-such-namespace"), "/run/netns/no-such-namespace");
    }

    @Test
    void descriptorToAttachToIsNoTap() {
        assertOneLine(jslirp(Caller.ROOT, "attach", "--tap-fd", "0"), "0");
    }

    @Test
    void placeToListenAtIsMalformed() {
        for (String spec : List.of("nonsense", "stream:net.sock", "dgram:127.0.0.1:1", "stream:[::1]:99999", "stdio:x")) {
            assertOneLine(jslirp(Caller.USER, "serve", "--listen", spec), "--listen", "'" + spec + "'");
        }
    }

    @Test
    void socketPathIsTooLong() {
        assertOneLine(jslirp(Caller.USER, "serve", "--listen", "dgram:/tmp/" + "x".repeat(103)), "107 bytes");
    }

    @Test
    void placeToListenAtIsTaken() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            String spec = "stream:127.0.0.1:" + taken.getLocalPort();
            assertOneLine(jslirp(Caller.USER, "serve", "--listen", spec), spec, "EADDRINUSE");
        }
        // The first place of two is given up when the second cannot be had.
        Path first = installation.scratch().resolve("first.sock");
        assertOneLine(jslirp(Caller.USER, "serve", "--listen", "stream:" + first, "--listen", "stream:/etc/passwd"), "/etc/passwd", "no socket");
        assertFalse(Files.exists(first));
    }

    @Test
    void socketInADirectoryOfOthers() {
        assertOneLine(jslirp(Caller.USER, "serve", "--listen", "stream:/etc/net.sock"), "/etc/net.sock", "EACCES");
    }

    @Test
    void standardInputIsNoPipe() {
        assertOneLine(jslirp(Caller.USER, "serve", "--listen", "stdio"), "standard input");
    }

    @Test
    void noJdk() throws IOException {
        Shell.Result result = Shell.run(30, "env", "-i", "PATH=/usr/bin:/bin", "JSLIRP_JVM_DIR=/nonexistent", "JAVA_HOME=/nonexistent",
                installation.launcher().toString(), "--version");
        assertOneLine(result, "JDK", "25");
    }

    @Test
    void pingNotPermittedIsSaidAtTheStart() throws IOException {
        Path range = Path.of("/proc/sys/net/ipv4/ping_group_range");
        String before = Files.readString(range);
        Files.writeString(range, "1 0");
        try {
            Shell.Result result = jslirp(Caller.USER, "run", "--", "ping", "-n", "-c", "1", "-W", "1", OutsideNetwork.ADDRESS);
            assertNotEquals(0, result.status());
            assertEquals(1, result.err().lines().filter(line -> line.contains("ping_group_range")).count(), result::err);
            assertEquals(0, jslirp(Caller.USER, "run", "--quiet", "--", "ping", "-n", "-c", "1", "-W", "5", "10.0.2.2").status());
        } finally {
            Files.writeString(range, before);
        }
    }

    @Test
    void statusOfTheCommandIsPassedOn() {
        assertEquals(42, jslirp(Caller.USER, "run", "--quiet", "--", "sh", "-c", "exit 42").status());
        assertEquals(128 + 9, jslirp(Caller.USER, "run", "--quiet", "--", "sh", "-c", "kill -9 $$").status());
        Shell.Result output = jslirp(Caller.USER, "run", "--quiet", "--", "sh", "-c", "echo out; echo err >&2");
        assertEquals("out\n", output.out());
        assertEquals("err\n", output.err());
    }
}
