package dev.jslirp.tap.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The world beyond the host: a network namespace joined to ours by a veth pair, 198.51.100.1 on our side and
/// 198.51.100.2 (TEST-NET-2, RFC 5737) on the other.
final class OutsideNetwork implements AutoCloseable {
    static final String HOST_ADDRESS = "198.51.100.1";
    static final String ADDRESS = "198.51.100.2";
    /// Packets to this network (TEST-NET-3) are lost without an answer.
    static final String DEAD_PREFIX = "203.0.113.";

    private static final String NAME = "jslirp-out-";

    private final String name = NAME + ProcessHandle.current().pid();
    private final String veth = "jso" + ProcessHandle.current().pid() % 100_000;
    private final List<Process> servers = new ArrayList<>();

    OutsideNetwork() {
        removeAbandoned();
        ip("netns", "add", name);
        ip("link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", name);
        ip("addr", "add", HOST_ADDRESS + "/24", "dev", veth);
        ip("link", "set", veth, "up");
        ip("-n", name, "addr", "add", ADDRESS + "/24", "dev", "eth0");
        ip("-n", name, "link", "set", "eth0", "up");
        ip("-n", name, "link", "set", "lo", "up");
        ip("route", "replace", DEAD_PREFIX + "0/24", "via", ADDRESS);
    }

    /// A test that was killed leaves its network behind, and with it the way to the addresses that this one is to have. Without its namespace
    /// a veth pair is gone, too.
    private static void removeAbandoned() {
        for (String line : Shell.run(10, "ip", "netns", "list").out().split("\n")) {
            String found = line.split(" ")[0];
            if (found.startsWith(NAME) && ProcessHandle.of(Long.parseLong(found.substring(NAME.length()))).isEmpty()) {
                Shell.run(10, "sh", "-c", "ip netns pids " + found + " | xargs -r kill");
                ip("netns", "del", found);
            }
        }
    }

    /// Starts a server in this network and waits until `port` is in use there.
    void serve(int port, String protocol, Path log, String... command) {
        List<String> inside = new ArrayList<>(List.of("ip", "netns", "exec", name));
        inside.addAll(List.of(command));
        try {
            servers.add(new ProcessBuilder(inside).redirectErrorStream(true).redirectOutput(log.toFile()).start());
        } catch (IOException e) {
            throw new AssertionError("cannot start " + inside, e);
        }
        Await.until("port " + port + " of " + inside, () ->
                Shell.run(10, "ip", "netns", "exec", name, "ss", "-Hln", protocol.equals("udp") ? "-u" : "-t", "sport = :" + port).out()
                        .contains(":" + port), () -> readQuietly(log));
    }

    /// Takes the interface away. The way to the network is known not to exist from then on.
    void cut() {
        ip("link", "del", veth);
        ip("route", "replace", "unreachable", "198.51.100.0/24");
    }

    private static String readQuietly(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static void ip(String... arguments) {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        Shell.run(10, command).ok();
    }

    @Override
    public void close() {
        for (Process server : servers) {
            server.descendants().forEach(ProcessHandle::destroy);
            server.destroy();
            try {
                server.waitFor(5, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        ip("netns", "del", name);
        Shell.run(10, "ip", "link", "del", veth);
        Shell.run(10, "ip", "route", "del", "unreachable", "198.51.100.0/24");
    }
}
