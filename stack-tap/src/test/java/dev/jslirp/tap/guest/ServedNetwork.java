package dev.jslirp.tap.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A running `jslirp serve`, or `jslirp attach` to a bridge, for QEMU's network cards; it can be ended and started again at the same place.
final class ServedNetwork implements AutoCloseable {
    private final Netdev netdev;
    private final Path scratch;
    private final Path socket;
    private final int port;
    private final List<String> command;
    private final Path log;
    /// Only for cards that are on one.
    private final TapBridge bridge;
    private Process daemon;

    ServedNetwork(Installation installation, Netdev netdev, String... options) {
        try {
            this.netdev = netdev;
            port = Ports.free();
            scratch = installation.scratch();
            log = Files.createTempFile(scratch, "serve", ".log");
            socket = scratch.resolve(log.getFileName() + ".sock");
            bridge = netdev.isBridged() ? new TapBridge() : null;
            command = new ArrayList<>(List.of(installation.launcher().toString()));
            command.addAll(bridge == null ? List.of("serve", "--listen", netdev.listen(socket, port))
                    : List.of("attach", "--netns", bridge.file(), "--mtu", "1500"));
            command.add("--stats");
            command.addAll(List.of(options));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start();
    }

    /// Starts the daemon and waits until guests may come.
    void start() {
        try {
            daemon = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String ready = bridge == null ? "listening at" : "gateway 10.0.2.2";
        Await.until("guests to be welcome at " + command, () -> log().contains(ready) || !daemon.isAlive(), this::log);
        if (!daemon.isAlive()) {
            throw new AssertionError("jslirp ended\n" + log());
        }
        if (bridge != null) {
            bridge.plug("tap0");
        }
    }

    /// Ends the daemon as a user would (SIGTERM) and returns its counters.
    Guest.Stats stop() {
        daemon.destroy();
        try {
            if (!daemon.waitFor(20, TimeUnit.SECONDS)) {
                throw new AssertionError("the daemon did not end on SIGTERM\n" + log());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new Guest.Stats(log());
    }

    /// Boots guest `number` of this network.
    QemuGuest boot(int number) {
        List<String> enter = List.of();
        if (bridge != null) {
            bridge.create(number);
            enter = bridge.enter();
        }
        return new QemuGuest(scratch, number, enter, netdev.arguments(socket, port, 0, number));
    }

    /// The same as a command to QEMU's monitor, for streams.
    String monitorCommand() {
        String address = netdev == Netdev.STREAM_UNIX
                ? "'type':'unix','path':'" + socket + '\''
                : "'type':'inet','host':'127.0.0.1','port':'" + port + '\'';
        return "{'execute':'netdev_add','arguments':{'type':'stream','id':'net','server':false,'addr':{" + address + "}}}";
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (daemon.isAlive()) {
            stop();
        }
        if (bridge != null) {
            bridge.close();
        }
    }
}
