package dev.jslirp.nat;

import dev.jslirp.wire.IpAddress;
import java.net.InetAddress;

/// One rule that makes a guest's port reachable on the host.
///
/// @param protocol    TCP or UDP
/// @param hostAddress where the host listens; the wildcard address for all
/// @param hostPort    1 … 65 535, or 0 for any free port
/// @param guestAddress the guest; the first lease's address when the rule names none
/// @param guestPort   1 … 65 535
public record PortForward(Protocol protocol, InetAddress hostAddress, int hostPort, IpAddress guestAddress, int guestPort) {
    /// What is forwarded.
    public enum Protocol { TCP, UDP }
}
