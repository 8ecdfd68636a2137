package dev.jslirp.tap.guest;

import java.util.ArrayList;
import java.util.List;

/// A network namespace with an Ethernet bridge, whose ports are TAPs: one that jslirp serves, and QEMU's.
final class TapBridge implements AutoCloseable {
    private static final String NAME = "jslirp-bridge-";
    private static int last;

    private final String namespace = NAME + ProcessHandle.current().pid() + '-' + ++last;

    TapBridge() {
        removeAbandoned();
        Shell.run(10, "ip", "netns", "add", namespace).ok();
        inside("ip", "link", "add", "br0", "type", "bridge");
        inside("ip", "link", "set", "br0", "up");
    }

    /// A test that was killed leaves its namespace behind.
    private static void removeAbandoned() {
        for (String line : Shell.run(10, "ip", "netns", "list").out().split("\n")) {
            String found = line.split(" ")[0];
            if (found.startsWith(NAME) && ProcessHandle.of(Long.parseLong(found.split("-")[2])).isEmpty()) {
                Shell.run(10, "ip", "netns", "del", found).ok();
            }
        }
    }

    /// The name of a guest's TAP.
    static String port(int guest) {
        return "vm" + guest;
    }

    /// Makes a guest's TAP, for QEMU to open.
    void create(int guest) {
        inside("ip", "tuntap", "add", port(guest), "mode", "tap");
        plug(port(guest));
    }

    /// Makes an interface a port of the bridge.
    void plug(String tap) {
        inside("ip", "link", "set", tap, "master", "br0", "up");
    }

    /// What `jslirp attach --netns` is told.
    String file() {
        return "/run/netns/" + namespace;
    }

    /// The command that runs a command in here.
    List<String> enter() {
        return List.of("ip", "netns", "exec", namespace);
    }

    private void inside(String... command) {
        List<String> all = new ArrayList<>(enter());
        all.addAll(List.of(command));
        Shell.run(10, all).ok();
    }

    @Override
    public void close() {
        Shell.run(10, "ip", "netns", "del", namespace).ok();
    }
}
