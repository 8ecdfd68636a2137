package dev.jslirp.peer;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.testkit.NetworkFixture;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The program's side of a stream: writes down what happens to it.
final class ProgramStream implements HostStreamListener {
    private final NetworkFixture net;
    private final StringBuilder received = new StringBuilder();
    final List<String> events = new ArrayList<>();
    HostStream stream;

    ProgramStream(NetworkFixture net) {
        this.net = net;
    }

    ProgramStream on(HostStream stream) {
        this.stream = stream;
        return this;
    }

    void write(String text) {
        write(text.getBytes(StandardCharsets.US_ASCII));
    }

    void write(byte[] bytes) {
        net.reactor.round(() -> {
            ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
            stream.write(buffer, 0, bytes.length);
            stream.flush();
            buffer.release();
        });
        net.reactor.settle();
    }

    void run(Runnable action) {
        net.reactor.round(action);
        net.reactor.settle();
    }

    String received() {
        return received.toString();
    }

    @Override
    public void onConnected() {
        events.add("connected");
    }

    @Override
    public void onConnectFailed(HostError error) {
        events.add("failed " + error);
    }

    @Override
    public void onBytes(ByteBuf bytes) {
        received.append(bytes.toString(StandardCharsets.US_ASCII));
        bytes.release();
    }

    @Override
    public void onEof() {
        events.add("eof");
    }

    @Override
    public void onReset(HostError error) {
        events.add("reset " + error);
    }

    @Override
    public void onDrained() {
        if (events.isEmpty() || !events.getLast().equals("drained")) {
            events.add("drained");
        }
    }
}
