package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.tap.guest.Guest.Caller;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// `jslirp attach` to namespaces and TAP devices that others have made.
class AttachIT {
    private static final String NETNS = "jslirp-attach-" + ProcessHandle.current().pid();
    private static final long LENGTH = 20_000_000;

    private Installation installation;
    private Path log;
    private ByteServer bytes;
    private final List<Process> processes = new ArrayList<>();

    @BeforeEach
    void install() throws IOException {
        Installation.require();
        installation = new Installation();
        bytes = new ByteServer();
    }

    @AfterEach
    void clean() {
        for (Process process : processes.reversed()) {
            process.destroy();
            try {
                process.waitFor(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        Shell.run(10, "sh", "-c", "ip netns list | grep -q '^" + NETNS + "' && ip netns del " + NETNS);
        if (bytes != null) {
            bytes.close();
        }
        if (installation != null) {
            installation.close();
        }
    }

    private Process start(List<String> command, Path log) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
            processes.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Starts `command`, which must print the summary of a served network.
    private Process serve(List<String> command) throws IOException {
        log = Files.createTempFile(installation.scratch(), "attach", ".log");
        Process daemon = start(command, log);
        Await.until("the summary of " + command, () -> read(log).contains("gateway 10.0.2.2") || !daemon.isAlive(), () -> read(log));
        assertTrue(daemon.isAlive(), () -> read(log));
        return daemon;
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> jslirp(String... arguments) {
        List<String> command = new ArrayList<>(List.of(installation.launcher().toString(), "attach"));
        command.addAll(List.of(arguments));
        return command;
    }

    private void assertDownloads(List<String> enter) {
        List<String> command = new ArrayList<>(enter);
        command.addAll(List.of("sh", "-c", "curl -sS http://10.0.2.2:" + bytes.port() + "/bytes/" + LENGTH + "/5 | sha256sum"));
        assertEquals(ByteServer.sum(LENGTH, 5) + "  -\n", Shell.run(60, command).ok().out());
    }

    private static void inNamespace(String... command) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", NETNS));
        all.addAll(List.of(command));
        Shell.run(10, all).ok();
    }

    private static void configureByHand() {
        inNamespace("ip", "addr", "add", "10.0.2.15/24", "dev", "tap0");
        inNamespace("ip", "link", "set", "tap0", "up");
        inNamespace("ip", "route", "add", "default", "via", "10.0.2.2");
    }

    @Test
    void rootServesANamedNamespaceUntilItIsDeleted() throws Exception {
        Shell.run(10, "ip", "netns", "add", NETNS).ok();
        Process daemon = serve(jslirp("--netns", "/run/netns/" + NETNS, "--configure"));
        assertDownloads(List.of("ip", "netns", "exec", NETNS));
        Shell.run(10, "ip", "netns", "del", NETNS).ok();
        assertTrue(daemon.waitFor(20, TimeUnit.SECONDS), "the daemon lives on without its namespace");
        assertEquals(0, daemon.exitValue());
    }

    @Test
    void forwardsIntoANamedNamespaceAreSpliced() throws Exception {
        Shell.run(10, "ip", "netns", "add", NETNS).ok();
        int port = Ports.free();
        Process daemon = serve(jslirp("--netns", "/run/netns/" + NETNS, "--configure", "--splice", "--stats",
                "-p", "tcp:127.0.0.1:" + port + "-:80"));
        Path serverLog = installation.scratch().resolve("server.log");
        start(List.of("ip", "netns", "exec", NETNS, installation.java().toString(), "-cp", installation.testClasses().toString(),
                SpliceServer.class.getName(), "0.0.0.0", "80"), serverLog);
        Await.until("the server inside", () -> read(serverLog).contains("listening"), () -> read(serverLog));
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream().write(SpliceServer.WHO);
            assertEquals("10.0.2.15", new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
        }
        Shell.run(10, "ip", "netns", "del", NETNS).ok();
        assertTrue(daemon.waitFor(20, TimeUnit.SECONDS), "the daemon lives on without its namespace");
        assertEquals(0, daemon.exitValue());
        assertTrue(read(log).contains("FORWARDS_SPLICED 1"), () -> read(log));
    }

    @Test
    void deletingTheInterfaceOfTwoLoopsEndsTheServiceOnce() throws Exception {
        Shell.run(10, "ip", "netns", "add", NETNS).ok();
        Process daemon = serve(jslirp("--netns", "/run/netns/" + NETNS, "--configure", "--loops", "2", "--stats"));
        for (int i = 0; i < 8; i++) {
            assertDownloads(List.of("ip", "netns", "exec", NETNS));
        }
        inNamespace("ip", "link", "del", "tap0");
        assertTrue(daemon.waitFor(20, TimeUnit.SECONDS), "the daemon lives on without its interface");
        assertEquals(0, daemon.exitValue());
        String text = read(log);
        assertEquals(2, text.split("tap0 was deleted", -1).length, text);
        assertTrue(text.contains("buffers in use 0"), text);
    }

    @Test
    void anOrdinaryUserServesTheNamespacesOfAProcessUntilItEnds() throws Exception {
        Process guest = start(Caller.USER.command(List.of("unshare", "-Urn", "sleep", "100000")), installation.scratch().resolve("guest.log"));
        Await.until("the namespaces of the guest", () -> !namespaceOf(guest.pid()).equals(namespaceOf(ProcessHandle.current().pid())), () -> "");
        Process daemon = serve(Caller.USER.command(jslirp("--configure", Long.toString(guest.pid()))));
        assertDownloads(Caller.USER.command(List.of("nsenter", "-t", Long.toString(guest.pid()), "-U", "-n", "--preserve-credentials", "--")));
        guest.destroy();
        assertTrue(daemon.waitFor(20, TimeUnit.SECONDS), "the daemon lives on without its process");
        assertEquals(0, daemon.exitValue());
    }

    private static String namespaceOf(long pid) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/net")).toString();
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void inheritedTapWithVirtioNetHeader() throws Exception {
        assertServesInheritedTap("vnet");
    }

    @Test
    void inheritedTapWithoutVirtioNetHeader() throws Exception {
        assertServesInheritedTap("plain");
    }

    private void assertServesInheritedTap(String kind) throws IOException {
        Shell.run(10, "ip", "netns", "add", NETNS).ok();
        Path target = installation.launcher().getParent().resolveSibling("target");
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", NETNS, installation.java().toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", installation.testClasses() + ":" + target.resolve("jslirp.jar"),
                "dev.jslirp.tap.linux.TapOpener", "tap0", kind,
                "nsenter", "--net=/proc/" + ProcessHandle.current().pid() + "/ns/net"));
        command.addAll(jslirp("--tap-fd", "0", "--mtu", "1500"));
        serve(command);
        configureByHand();
        assertDownloads(List.of("ip", "netns", "exec", NETNS));
    }
}
