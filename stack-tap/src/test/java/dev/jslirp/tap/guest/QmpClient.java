package dev.jslirp.tap.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// QEMU's machine protocol: one JSON value a line, answers and events in between.
final class QmpClient implements AutoCloseable {
    private final SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    private final BufferedReader reader;
    private final StringBuilder events = new StringBuilder();

    QmpClient(Path socket) throws IOException {
        channel.connect(UnixDomainSocketAddress.of(socket));
        reader = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        execute("{'execute':'qmp_capabilities'}");
    }

    /// Runs a command, written with apostrophes for quotation marks; fails on an error.
    void execute(String command) throws IOException {
        channel.write(ByteBuffer.wrap((command.replace('\'', '"') + "\n").getBytes(StandardCharsets.UTF_8)));
        String line;
        do {
            line = nextLine();
            if (line.startsWith("{\"error\"")) {
                throw new IOException(command + ": " + line);
            }
            events.append(line).append('\n');
        } while (!line.startsWith("{\"return\""));
    }

    /// Waits for an event, or finds that it has come already.
    void await(String event) throws IOException {
        while (events.indexOf(event) < 0) {
            events.append(nextLine()).append('\n');
        }
    }

    private String nextLine() throws IOException {
        String line = reader.readLine();
        if (line == null) {
            throw new IOException("QEMU has closed its monitor");
        }
        return line;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
