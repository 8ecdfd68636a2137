package dev.jslirp.tap.guest;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/// Ports nobody uses.
final class Ports {
    private Ports() {}

    /// A TCP port of the loopback address that was free a moment ago.
    static int free() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
