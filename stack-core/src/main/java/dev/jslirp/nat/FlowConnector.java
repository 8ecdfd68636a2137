package dev.jslirp.nat;

import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import java.net.InetSocketAddress;

/// Opens the stream that a guest's connection leads to, where that is not simply the host's TCP: a service or a program in this process.
@FunctionalInterface
public interface FlowConnector {
    /// Opens a stream. Every failure arrives at [HostStreamListener#onConnectFailed], later; the stream begins with reads paused.
    ///
    /// @param guest who connects
    /// @param far   the address and port the guest asked for
    /// @param flow  the listener of the stream
    HostStream connect(InetSocketAddress guest, InetSocketAddress far, HostStreamListener flow);
}
