package dev.jslirp.tap.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
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
    /// What [#loseDeadAddresses] is about.
    static final String DEAD_PREFIX = "198.51.100.";
    static final int DEAD_FIRST = 100;
    static final int DEAD_COUNT = 150;

    private final String name = "jslirp-out-" + ProcessHandle.current().pid();
    private final String veth = "jso" + ProcessHandle.current().pid() % 100_000;
    /// Takes everything down when its input ends, be it that this process was killed.
    private final Process caretaker;

    OutsideNetwork() {
        String takeDown = "read _; ip netns pids " + name + " | xargs -r kill; ip netns del " + name + "; ip link del " + veth
                + "; ip route del unreachable " + DEAD_PREFIX + "0/24";
        try {
            caretaker = new ProcessBuilder("setsid", "sh", "-c", takeDown).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ip("netns", "add", name);
        ip("link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", name);
        ip("addr", "add", HOST_ADDRESS + "/24", "dev", veth);
        ip("link", "set", veth, "up");
        ip("-n", name, "addr", "add", ADDRESS + "/24", "dev", "eth0");
        ip("-n", name, "link", "set", "eth0", "up");
        ip("-n", name, "link", "set", "lo", "up");
    }

    /// From now on packets to the dead addresses are lost without an answer: they go to an Ethernet address that nobody has.
    void loseDeadAddresses() {
        Shell.run(10, "sh", "-c", "for i in $(seq " + DEAD_FIRST + " " + (DEAD_FIRST + DEAD_COUNT - 1) + "); do echo neigh replace "
                + DEAD_PREFIX + "$i lladdr 02:00:00:00:00:99 dev " + veth + "; done | ip -batch -").ok();
    }

    /// Starts a server in this network and waits until `port` is in use there.
    void serve(int port, String protocol, Path log, String... command) {
        List<String> inside = new ArrayList<>(List.of("ip", "netns", "exec", name));
        inside.addAll(List.of(command));
        try {
            new ProcessBuilder(inside).redirectErrorStream(true).redirectOutput(log.toFile()).start();
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
        ip("route", "replace", "unreachable", DEAD_PREFIX + "0/24");
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
        try {
            caretaker.outputWriter().close();
            if (!caretaker.waitFor(10, TimeUnit.SECONDS)) {
                throw new AssertionError("the outside network is still there");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
