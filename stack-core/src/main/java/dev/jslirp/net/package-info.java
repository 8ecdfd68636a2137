/// The guest side below transport: Ethernet, ARP, IPv4, ICMP, and the sorting of UDP.
///
/// **Purpose.** Everything between a frame of the [dev.jslirp.link.Link] and a checked, complete packet in
/// the hands of a [dev.jslirp.net.PacketHandler], and the way back. No flows, no host sockets, no policy beyond "who is
/// who" ([dev.jslirp.net.AddressPlan]).
///
/// **Theory of operation.** A frame is handled to its end in one call. Every stage decodes its own layer into the one
/// `PacketView`, and either hands on or drops under a `DropReason`; nothing is thrown, nothing allocated, but for
/// fragments and for guests heard the first time.
///
/// ```
///  link ──► FrameInput          FRAMES_FROM_GUEST, BYTES_FROM_GUEST; catch-all: INTERNAL
///            │ ETHERNET_LENGTH, ETHERNET_SOURCE, NOT_FOR_US, ETHER_TYPE
///            ├─ ARP ──► ArpResponder ── ARP_REPLIES_SENT ──► GuestLink
///            │           │ ARP_MALFORMED, ARP_SPOOFED
///            │           ▼ heard
///            │          NeighborTable   ARP_LEARNED, NEIGHBOR_LIMIT, ARP_REQUESTS_SENT; NEIGHBOR_UNRESOLVED
///            │           ▲ heard
///            └─ IPv4 ─► Ipv4Input       IPV4_HEADER, _TOTAL_LENGTH, _CHECKSUM, _OPTIONS, _SOURCE, _DESTINATION, _TTL
///                        │ ▲            IP_PROTOCOL
///               fragment ▼ │ whole
///                       Ipv4Reassembler FRAGMENTS_RECEIVED, DATAGRAMS_REASSEMBLED, REASSEMBLY_TIMEOUT, REASSEMBLY_LIMIT
///                        │              FRAGMENT_MALFORMED, FRAGMENT_LIMIT, FRAGMENT_TIMEOUT
///                        ▼ by protocol
///        ┌───────────────┼──────────────────────────┐
///   IcmpResponder     UdpInput                  (TCP: nat)
///   │ ICMP_LENGTH,    │ UDP_LENGTH, UDP_CHECKSUM, UDP_PORT, UDP_SEGMENTS, UDP_REFUSED
///   │ _CHECKSUM,      ├─► GatewayService by address and port (DHCP, DNS)
///   │ _TYPE           └─► nat
///   ├─► echo to us: ECHO_ANSWERED
///   ├─► echo to elsewhere: nat
///   └─► errors: ICMP_ERRORS_RECEIVED ─► IcmpErrorHandler
///
///  tcp, nat, service ──► FrameOutput    FRAGMENTS_SENT, ICMP_ERRORS_SENT, ICMP_ERRORS_RATE_LIMITED; TOO_BIG
///                         │ ▲ find / hold
///                         │ NeighborTable
///                         ▼
///                        GuestLink      FRAMES_TO_GUEST, BYTES_TO_GUEST ──► link
/// ```
///
/// **In a shard** (a loop that serves a part of the TCP flows) [dev.jslirp.net.ShardInput] is in the place of `FrameInput`. It checks
/// Ethernet and IPv4 in the same way, but drops nothing: what is not TCP of this shard's own (`PacketTaker`) is handed over to the loop
/// that has all the rest of this package (`FRAMES_HANDED_OVER`; `HAND_OVER_FULL`). It learns neighbours from every packet and ARP message
/// that it sees, and asks for a guest after 30 seconds (`NetConfig.dividedBy`), since it sees only a part of them. The other way,
/// [dev.jslirp.net.StrayOutput] sends TCP segments of no flow on to the next loop (`ShardInput.onStray`), and the last one resets them.
///
/// **The way out.** [dev.jslirp.net.FrameOutput] writes headers into the one `OutboundFrame` and references the payload. On
/// a link with checksum offload the transport checksum is the pseudo-header's sum and the frame's flags say so; otherwise
/// it is computed here. TCP carries DF and identification 0 (RFC 6864 §4.1: such packets are atomic); UDP and echo replies may be
/// fragmented and carry a running identification.
///
/// **States.** Of a neighbour: RESOLVING, REACHABLE, PROBING (diagram at [dev.jslirp.net.NeighborTable]). Of a datagram
/// being put together: collecting, or refused: the latter drops what is still to come, until its age ends it.
///
/// **Limits**, all fields of [dev.jslirp.net.NetConfig]: neighbours (`NEIGHBOR_LIMIT`), packets waiting for one and their bytes
/// (`NEIGHBOR_PENDING_LIMIT`; drops `NEIGHBOR_UNRESOLVED`), bytes, datagrams and fragments in reassembly
/// (`REASSEMBLY_LIMIT`), its age (`REASSEMBLY_TIMEOUT`), ICMP errors per second (`ICMP_ERRORS_RATE_LIMITED`). Work
/// per fragment is bounded by the two counts. At rest no timer is armed.
///
/// **Trust.** A guest may only speak from addresses of the network that are not the gateway's; what it claims about other
/// guests (an address moved to its MAC) is believed, as on any Ethernet: isolation between guests is the switch's business.
/// ICMP errors are believed only from the guest the quoted packet went to.
///
/// **Ownership.** Frames and payloads are borrowed on both ways. Owned are the header space of the outbound frame
/// (`GuestLink`), copies of held packets (`NeighborTable`), copies of fragments (`Ipv4Reassembler`), each freed by its `close`; a
/// reassembled packet lives for the call of its handler.
///
/// **Imports**: `link`, `time`, `wire`, `stats`.
package dev.jslirp.net;
