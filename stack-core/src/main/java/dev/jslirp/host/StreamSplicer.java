package dev.jslirp.host;

import java.net.InetSocketAddress;

/// Joins connections of the host with servers of a guest, past the guest's link: for a platform that has sockets on the guest's side
/// too. The bytes then pass no stack of ours; whether they may is not decided here.
public interface StreamSplicer {
    /// Begins to connect to `guest` on the guest's side, to join that connection with `accepted`.
    ///
    /// @param accepted a stream of the same network that its acceptor was just given. When it is joined, it is the splicer's: as after
    ///                 [HostStream#close], its methods do nothing, and it tells of nothing
    /// @param guest    address and port of the server
    /// @return the pair; null if this is not possible, now or ever: then `accepted` is as it was
    SplicedStream splice(HostStream accepted, InetSocketAddress guest, SplicedStreamListener listener);
}
