package dev.jslirp.tap.host;

import dev.jslirp.host.HostFixture;
import dev.jslirp.host.HostNetwork;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.TapException;
import java.io.UncheckedIOException;

/// System calls on our own loop.
final class LinuxHostFixture extends HostFixture {
    private final EpollLoop loop;
    private final LinuxHostNetwork network;

    LinuxHostFixture() {
        try {
            loop = new EpollLoop("test-loop", 50_000);
        } catch (TapException e) {
            throw new UncheckedIOException(e);
        }
        network = new LinuxHostNetwork(loop, allocator, LinuxHostNetwork.Options.DEFAULT);
    }

    @Override
    public HostNetwork network() {
        return network;
    }

    @Override
    protected void execute(Runnable task) {
        loop.execute(task);
    }

    @Override
    protected void stop() {
        loop.close();
    }
}
