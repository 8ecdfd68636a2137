package dev.jslirp.host.netty;

import dev.jslirp.host.HostEcho;
import dev.jslirp.host.HostEchoListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostException;
import java.net.InetAddress;

/// Where a [NettyHostNetwork] gets its ICMP echo sockets from: `java.nio` has none.
@FunctionalInterface
public interface EchoSockets {
    /// The platform has none.
    EchoSockets NONE = (remote, listener) -> {
        throw new HostException(HostError.UNSUPPORTED, "no ICMP echo to " + remote.getHostAddress()
                + ": java.nio has no ICMP sockets; give the host network an EchoSockets of the platform");
    };

    /// Opens a socket for ICMP echo towards `remote`, on the loop of the host network. The caller closes it.
    ///
    /// @throws HostException if none can be had, see [dev.jslirp.host.HostNetwork#openEcho]
    HostEcho open(InetAddress remote, HostEchoListener listener) throws HostException;
}
