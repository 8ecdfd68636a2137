package dev.jslirp.tap.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A running `jslirp serve` for QEMU's network cards, which can be ended and started again at the same place.
final class ServedNetwork implements AutoCloseable {
    private final Netdev netdev;
    private final Path socket;
    private final int port;
    private final List<String> command;
    private final Path log;
    private Process daemon;

    ServedNetwork(Installation installation, Netdev netdev, String... options) {
        try {
            this.netdev = netdev;
            port = Ports.free();
            log = Files.createTempFile(installation.scratch(), "serve", ".log");
            socket = installation.scratch().resolve(log.getFileName() + ".sock");
            command = new ArrayList<>(List.of(installation.launcher().toString(), "serve", "--stats"));
            command.addAll(List.of("--listen", netdev.listen(socket, port)));
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
        Await.until("guests to be welcome at " + command, () -> log().contains("listening at") || !daemon.isAlive(), this::log);
        if (!daemon.isAlive()) {
            throw new AssertionError("jslirp ended\n" + log());
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

    /// QEMU's options for guest `number`.
    List<String> arguments(int number) {
        return netdev.arguments(socket, port, 0, number);
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
    }
}
