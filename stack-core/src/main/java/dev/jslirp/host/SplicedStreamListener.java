package dev.jslirp.host;

/// What happens on a [SplicedStream].
public interface SplicedStreamListener {
    /// The guest's server has taken the connection.
    void onConnected();

    /// So many bytes have been handed to the guest's and the host's socket since the last call.
    void onMoved(long bytesToGuest, long bytesFromGuest);

    /// Both connections are closed. Terminal.
    ///
    /// @param error null after a FIN both ways; otherwise both were reset, for this reason: before [#onConnected], that of the guest's side
    void onEnd(HostError error);
}
