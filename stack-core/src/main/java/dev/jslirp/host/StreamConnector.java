package dev.jslirp.host;

import java.net.InetSocketAddress;

/// Opens streams: the host's TCP, a service inside this process that speaks as a [HostStream], or a
/// policy that chooses among them.
public interface StreamConnector {
    /// Opens a stream to `remote`. Never throws for the network's sake: every failure arrives at
    /// [HostStreamListener#onConnectFailed], later, on the owning thread. The stream begins with reads
    /// paused.
    HostStream connect(InetSocketAddress remote, HostStreamListener listener);
}
