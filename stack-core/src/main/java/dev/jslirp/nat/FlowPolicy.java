package dev.jslirp.nat;

import dev.jslirp.host.HostError;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;

/// What the embedding program says about each flow a guest opens, before [NatPolicy] does. In-loop.
///
/// Asked once for a TCP connection. Asked for the first datagram of a UDP flow to each destination, and for every datagram that it denies.
/// Not asked about services of the gateway and about addresses at which the program itself listens, about multicast and broadcast, and
/// about answers.
@FunctionalInterface
public interface FlowPolicy {
    /// Leaves everything to [NatPolicy].
    FlowPolicy NONE = _ -> new Verdict.Pass();

    /// The flow in question.
    ///
    /// @param protocol TCP or UDP
    /// @param guest    who opens it
    /// @param far      the address it is meant for
    record Request(PortForward.Protocol protocol, IpAddress guest, int guestPort, IpAddress far, int farPort) {}

    /// What becomes of the flow.
    sealed interface Verdict {
        /// [NatPolicy] decides.
        record Pass() implements Verdict {}

        /// Refused; the guest is told as if the host had failed so: reset, an ICMP error or silence. `DropReason.POLICY` counts it.
        record Deny(HostError error) implements Verdict {}

        /// Goes to this address of the host's network in place of the one the guest asked for, whatever [NatPolicy] says of either.
        /// The guest does not see the difference.
        record Redirect(InetSocketAddress host) implements Verdict {
            /// @throws IllegalArgumentException if the address is a name
            public Redirect {
                if (host.isUnresolved()) {
                    throw new IllegalArgumentException("cannot redirect to a name: " + host);
                }
            }
        }

        /// Goes to a stream that `connector` opens. For TCP; UDP is denied as prohibited.
        record Connect(FlowConnector connector) implements Verdict {}
    }

    /// Decides about one flow.
    Verdict decide(Request request);
}
