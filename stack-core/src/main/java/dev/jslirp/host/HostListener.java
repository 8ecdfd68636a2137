package dev.jslirp.host;

import java.net.InetSocketAddress;

/// A listening TCP socket.
public interface HostListener extends AutoCloseable {
    /// Where it listens, with the port the kernel chose.
    InetSocketAddress localAddress();

    /// Stops listening; accepted connections live on.
    @Override
    void close();
}
