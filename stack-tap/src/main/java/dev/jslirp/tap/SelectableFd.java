package dev.jslirp.tap;

import dev.jslirp.tap.linux.SelectablePipe;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoOps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectableChannel;

/// A foreign descriptor on a Netty NIO loop: calls back in-loop whenever it can be read (or has an error to tell).
final class SelectableFd implements NioIoHandle {
    private final SelectablePipe pipe;
    private final Runnable onReadable;
    private IoRegistration registration;
    private boolean closed;

    /// Wraps `fd`, which is consumed also when this fails. Not yet registered.
    SelectableFd(int fd, Runnable onReadable) throws IOException {
        this.pipe = SelectablePipe.wrap(fd);
        this.onReadable = onReadable;
    }

    /// The descriptor's number from now on.
    int fd() {
        return pipe.fd();
    }

    /// Begins to watch. In-loop, so that registration is complete on return or a moment later in the same loop.
    void register(IoEventLoop loop) {
        loop.register(this).addListener(done -> {
            if (!done.isSuccess()) {
                close();
            } else if (closed) {
                ((IoRegistration) done.getNow()).cancel();
            } else {
                registration = (IoRegistration) done.getNow();
                registration.submit(NioIoOps.READ);
            }
        });
    }

    @Override
    public SelectableChannel selectableChannel() {
        return pipe.channel();
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        if (!closed) {
            onReadable.run();
        }
    }

    /// Stops watching and closes the descriptor; idempotent.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (registration != null) {
            registration.cancel();
        }
        try {
            pipe.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close descriptor " + pipe.fd(), e);
        }
    }
}
