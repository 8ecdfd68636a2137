package dev.jslirp.host;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// The host's sockets, as the stack sees them: the layer-4 seam. Real: NIO on Netty's loop, or a
/// platform's fast path. Test: a simulated host.
///
/// All methods are called on the owning thread; listeners are called there too, and never from inside
/// the call that registered them.
public interface HostNetwork extends StreamConnector, AutoCloseable {
    /// Listens for TCP connections on `local` (port 0: any).
    ///
    /// @throws IOException if the address cannot be bound; the message names it
    HostListener listen(InetSocketAddress local, HostAcceptor acceptor) throws IOException;

    /// Opens a UDP socket.
    ///
    /// @param local where to bind; null for any address and port of the family of `family`
    /// @param family an address of the family wanted
    /// @throws IOException if no socket can be had or bound
    HostDatagrams openDatagrams(InetSocketAddress local, InetAddress family, HostDatagramsListener listener) throws IOException;

    /// Opens a socket for ICMP echo towards `remote`.
    ///
    /// @throws HostException if none can be had: `UNSUPPORTED` and `PROHIBITED` mean that none ever will; the message says what to do
    HostEcho openEcho(InetAddress remote, HostEchoListener listener) throws HostException;

    /// What joins accepted connections with guests' servers past the guests' link; null where nothing can.
    default StreamSplicer splicer() {
        return null;
    }

    /// Closes every socket that was opened here, without another event; idempotent. A later [#connect] fails.
    @Override
    void close();
}
