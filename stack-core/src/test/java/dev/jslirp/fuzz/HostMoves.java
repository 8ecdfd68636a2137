package dev.jslirp.fuzz;

import dev.jslirp.testkit.SimHostStream;

/// What targets share of the host's side.
final class HostMoves {
    private static final int HEADER_BYTES = 64;

    private HostMoves() {}

    /// The peer sends bytes, unless it has said that it will not.
    static void send(FuzzNetwork net, SimHostStream stream, int count) {
        if (!stream.peerHasEnded()) {
            net.sent(count + HEADER_BYTES);
            stream.peerSend(new byte[count]);
        }
    }
}
