package dev.jslirp.nat;

/// Limits, times and policies of address translation. Times in nanoseconds.
///
/// @param flowsMax            flows of all protocols together
/// @param flowsPerGuestMax    flows of one guest, of all protocols together; below `flowsMax`, so that one guest leaves room for others
/// @param tcpHalfOpenMax      TCP flows whose host connect or guest handshake is under way; beyond it a SYN may have to be sent again, so
///                            thousands of dead addresses fit below
/// @param udpFlowsMax         UDP flows: guest source endpoints, each one host socket, and peers of UDP forwards
/// @param udpPeersMax         far endpoints remembered per UDP flow for filtering, the latest ones
/// @param echoFlowsMax        ICMP echo flows (guest identifier and destination), each one host socket
/// @param hostBufferBytesMax  bytes queued towards host sockets and out of order, all flows together
/// @param guestBufferBytesMax bytes queued towards guests, all flows together, above which host reads pause; at twice
///                            that (1 MiB more, if that is more) the flow whose guest has taken nothing for longest is reset
/// @param flowFloorBytes      what every flow may queue each way even when those totals are used up
/// @param halfOpenAgeNs       age from which a half-open flow may be ended for a new one of the same guest
/// @param lingerNs            how long a host that takes nothing keeps the last bytes of a flow whose guest is done
/// @param resetsPerSecond     resets sent per second for segments that belong to no flow
/// @param connectTimeoutNs    how long a host connect may take before it counts as timed out
/// @param udpIdleNs           idle time of a UDP flow that has seen traffic both ways more than once
/// @param udpOneShotIdleNs    idle time of a UDP flow until then (a query and its answer)
/// @param echoIdleNs          idle time of an echo flow
/// @param hostLoopback        whether the gateway's address reaches the host's loopback
/// @param linkLocal           whether 169.254/16 (cloud metadata) may be reached
/// @param udpFiltering        who may send to a UDP flow's host port
/// @param reach               how far guests reach
public record NatConfig(int flowsMax, int flowsPerGuestMax, int tcpHalfOpenMax, int udpFlowsMax, int udpPeersMax, int echoFlowsMax,
        int hostBufferBytesMax, int guestBufferBytesMax, int flowFloorBytes, int resetsPerSecond, long halfOpenAgeNs,
        long connectTimeoutNs, long lingerNs, long udpIdleNs, long udpOneShotIdleNs, long echoIdleNs, boolean hostLoopback,
        boolean linkLocal, UdpFiltering udpFiltering, Reach reach) {
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

    /// @throws IllegalArgumentException naming the field that is out of range
    public NatConfig {
        requireAtLeastOne("flowsMax", flowsMax);
        requireAtLeastOne("flowsPerGuestMax", flowsPerGuestMax);
        requireAtLeastOne("tcpHalfOpenMax", tcpHalfOpenMax);
        requireAtLeastOne("udpFlowsMax", udpFlowsMax);
        requireAtLeastOne("udpPeersMax", udpPeersMax);
        requireAtLeastOne("echoFlowsMax", echoFlowsMax);
        requireAtLeastOne("hostBufferBytesMax", hostBufferBytesMax);
        requireAtLeastOne("guestBufferBytesMax", guestBufferBytesMax);
        requireAtLeastOne("flowFloorBytes", flowFloorBytes);
        requireAtLeastOne("halfOpenAgeNs", halfOpenAgeNs);
        requireAtLeastOne("lingerNs", lingerNs);
        requireAtLeastOne("resetsPerSecond", resetsPerSecond);
        requireAtLeastOne("connectTimeoutNs", connectTimeoutNs);
        requireAtLeastOne("udpIdleNs", udpIdleNs);
        requireAtLeastOne("udpOneShotIdleNs", udpOneShotIdleNs);
        requireAtLeastOne("echoIdleNs", echoIdleNs);
        if (udpFiltering == null) {
            throw new IllegalArgumentException("udpFiltering is missing");
        }
        if (reach == null) {
            throw new IllegalArgumentException("reach is missing");
        }
    }

    private static void requireAtLeastOne(String field, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(field + " is " + value + ", expected at least 1");
        }
    }

    /// Defaults fit for one busy guest.
    public static NatConfig defaults() {
        return new NatConfig(65_536, 61_440, 4_096, 4_096, 256, 256, 128 << 20, 128 << 20, 4 << 10, 1_000, S, 130 * S, 130 * S, 180 * S,
                30 * S, 30 * S, true, false, UdpFiltering.ADDRESS_AND_PORT_DEPENDENT, Reach.NAT);
    }

    /// This configuration with other limits on flows.
    public NatConfig withFlows(int flowsMax, int tcpHalfOpenMax, int udpFlowsMax, int echoFlowsMax) {
        return new NatConfig(flowsMax, flowsPerGuestMax, tcpHalfOpenMax, udpFlowsMax, udpPeersMax, echoFlowsMax, hostBufferBytesMax,
                guestBufferBytesMax, flowFloorBytes, resetsPerSecond, halfOpenAgeNs, connectTimeoutNs, lingerNs, udpIdleNs,
                udpOneShotIdleNs, echoIdleNs, hostLoopback, linkLocal, udpFiltering, reach);
    }

    /// This configuration with another limit on the flows of one guest.
    public NatConfig withFlowsPerGuest(int flowsPerGuestMax) {
        return new NatConfig(flowsMax, flowsPerGuestMax, tcpHalfOpenMax, udpFlowsMax, udpPeersMax, echoFlowsMax, hostBufferBytesMax,
                guestBufferBytesMax, flowFloorBytes, resetsPerSecond, halfOpenAgeNs, connectTimeoutNs, lingerNs, udpIdleNs,
                udpOneShotIdleNs, echoIdleNs, hostLoopback, linkLocal, udpFiltering, reach);
    }

    /// This configuration with other limits on bytes held.
    public NatConfig withBuffers(int hostBufferBytesMax, int guestBufferBytesMax) {
        return new NatConfig(flowsMax, flowsPerGuestMax, tcpHalfOpenMax, udpFlowsMax, udpPeersMax, echoFlowsMax, hostBufferBytesMax,
                guestBufferBytesMax, flowFloorBytes, resetsPerSecond, halfOpenAgeNs, connectTimeoutNs, lingerNs, udpIdleNs,
                udpOneShotIdleNs, echoIdleNs, hostLoopback, linkLocal, udpFiltering, reach);
    }

    /// This configuration with another answer to whether the gateway's address reaches the host's loopback.
    public NatConfig withHostLoopback(boolean hostLoopback) {
        return new NatConfig(flowsMax, flowsPerGuestMax, tcpHalfOpenMax, udpFlowsMax, udpPeersMax, echoFlowsMax, hostBufferBytesMax,
                guestBufferBytesMax, flowFloorBytes, resetsPerSecond, halfOpenAgeNs, connectTimeoutNs, lingerNs, udpIdleNs,
                udpOneShotIdleNs, echoIdleNs, hostLoopback, linkLocal, udpFiltering, reach);
    }

    /// This configuration with another answer to whether 169.254/16 may be reached.
    public NatConfig withLinkLocal(boolean linkLocal) {
        return new NatConfig(flowsMax, flowsPerGuestMax, tcpHalfOpenMax, udpFlowsMax, udpPeersMax, echoFlowsMax, hostBufferBytesMax,
                guestBufferBytesMax, flowFloorBytes, resetsPerSecond, halfOpenAgeNs, connectTimeoutNs, lingerNs, udpIdleNs,
                udpOneShotIdleNs, echoIdleNs, hostLoopback, linkLocal, udpFiltering, reach);
    }

    /// This configuration with another filtering of UDP.
    public NatConfig withUdpFiltering(UdpFiltering udpFiltering) {
        return new NatConfig(flowsMax, flowsPerGuestMax, tcpHalfOpenMax, udpFlowsMax, udpPeersMax, echoFlowsMax, hostBufferBytesMax,
                guestBufferBytesMax, flowFloorBytes, resetsPerSecond, halfOpenAgeNs, connectTimeoutNs, lingerNs, udpIdleNs,
                udpOneShotIdleNs, echoIdleNs, hostLoopback, linkLocal, udpFiltering, reach);
    }

    /// The part of one of `loops` loops that share one network: what TCP flows count against is divided, so that the maxima hold for all
    /// of them together. UDP and echo are the business of one loop, which has them whole.
    public NatConfig dividedBy(int loops) {
        return new NatConfig(Math.ceilDiv(flowsMax, loops), Math.ceilDiv(flowsPerGuestMax, loops), Math.ceilDiv(tcpHalfOpenMax, loops),
                udpFlowsMax, udpPeersMax, echoFlowsMax, Math.ceilDiv(hostBufferBytesMax, loops), Math.ceilDiv(guestBufferBytesMax, loops),
                flowFloorBytes, Math.ceilDiv(resetsPerSecond, loops), halfOpenAgeNs, connectTimeoutNs, lingerNs, udpIdleNs,
                udpOneShotIdleNs, echoIdleNs, hostLoopback, linkLocal, udpFiltering, reach);
    }

    /// This configuration with another reach of guests.
    public NatConfig withReach(Reach reach) {
        return new NatConfig(flowsMax, flowsPerGuestMax, tcpHalfOpenMax, udpFlowsMax, udpPeersMax, echoFlowsMax, hostBufferBytesMax,
                guestBufferBytesMax, flowFloorBytes, resetsPerSecond, halfOpenAgeNs, connectTimeoutNs, lingerNs, udpIdleNs,
                udpOneShotIdleNs, echoIdleNs, hostLoopback, linkLocal, udpFiltering, reach);
    }
}
