package dev.jslirp.nat;

/// Limits, times and policies of address translation. Times in nanoseconds.
///
/// @param flowsMax            flows of all protocols together
/// @param tcpHalfOpenMax      TCP flows whose host connect or guest handshake is under way
/// @param udpFlowsMax         UDP flows (guest source endpoints), each one host socket
/// @param echoFlowsMax        ICMP echo flows (guest identifier and destination), each one host socket
/// @param hostBufferBytesMax  bytes queued towards host sockets, all flows together
/// @param guestBufferBytesMax bytes queued towards guests, all flows together
/// @param connectTimeoutNs    how long a host connect may take before it counts as timed out
/// @param udpIdleNs           idle time of a UDP flow that has seen traffic both ways more than once
/// @param udpOneShotIdleNs    idle time of a UDP flow until then (a query and its answer)
/// @param echoIdleNs          idle time of an echo flow
/// @param hostLoopback        whether the gateway's address reaches the host's loopback
/// @param linkLocal           whether 169.254/16 (cloud metadata) may be reached
/// @param udpFiltering        who may send to a UDP flow's host port
public record NatConfig(int flowsMax, int tcpHalfOpenMax, int udpFlowsMax, int echoFlowsMax, int hostBufferBytesMax,
        int guestBufferBytesMax, long connectTimeoutNs, long udpIdleNs, long udpOneShotIdleNs, long echoIdleNs,
        boolean hostLoopback, boolean linkLocal, UdpFiltering udpFiltering) {
    /// Filtering behaviour (RFC 4787 §5); mapping is always endpoint-independent.
    public enum UdpFiltering {
        /// Anyone may answer.
        ENDPOINT_INDEPENDENT,
        /// Only addresses the guest has sent to.
        ADDRESS_DEPENDENT,
        /// Only endpoints the guest has sent to.
        ADDRESS_AND_PORT_DEPENDENT
    }

    private static final long S = 1_000_000_000L;

    /// Defaults fit for one busy guest.
    public static NatConfig defaults() {
        return new NatConfig(65_536, 1_024, 4_096, 256, 256 << 20, 256 << 20, 130 * S, 180 * S, 30 * S, 30 * S, true, false,
                UdpFiltering.ADDRESS_AND_PORT_DEPENDENT);
    }
}
