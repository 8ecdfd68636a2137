package dev.jslirp.wire;

/// Why a packet was dropped: one constant per cause an operator can tell apart.
///
/// Dropping is an ordinary event on the frame path: it is counted under its reason and nothing else
/// happens. [#NONE] means the packet is fine.
public enum DropReason {
    /// Not dropped.
    NONE,
    /// Shorter than an Ethernet header, or longer than the link allows.
    ETHERNET_LENGTH,
    /// A source address that is a group address.
    ETHERNET_SOURCE,
    /// Addressed to another station.
    NOT_FOR_US,
    /// An Ethernet type the stack does not speak (IPv6 while it is off, VLAN tags, others).
    ETHER_TYPE,
    /// ARP that is truncated, or not Ethernet/IPv4.
    ARP_MALFORMED,
    /// ARP that claims one of the gateway's own addresses, or an address outside the network.
    ARP_SPOOFED,
    /// Version field is not 4, header length below 20 or beyond the packet.
    IPV4_HEADER,
    /// Total length below the header length or beyond the frame.
    IPV4_TOTAL_LENGTH,
    /// Header checksum is wrong.
    IPV4_CHECKSUM,
    /// Source address no guest may use (loopback, multicast, broadcast, the gateway's own, outside the network).
    IPV4_SOURCE,
    /// Destination that policy refuses or that means nothing here.
    IPV4_DESTINATION,
    /// A source-routing option (RFC 7126 §4.3, §4.4) or a malformed option list.
    IPV4_OPTIONS,
    /// TTL ran out at the gateway.
    IPV4_TTL,
    /// A fragment that is malformed (overlap, beyond 64 KiB, length not a multiple of 8).
    FRAGMENT_MALFORMED,
    /// The reassembly buffers are full.
    FRAGMENT_LIMIT,
    /// An incomplete datagram grew too old.
    FRAGMENT_TIMEOUT,
    /// An IP protocol other than ICMP, TCP, UDP.
    IP_PROTOCOL,
    /// ICMP that is truncated.
    ICMP_LENGTH,
    /// ICMP checksum is wrong.
    ICMP_CHECKSUM,
    /// An ICMP type the stack does not take from a guest.
    ICMP_TYPE,
    /// UDP that is truncated, or whose length field lies.
    UDP_LENGTH,
    /// UDP checksum is wrong.
    UDP_CHECKSUM,
    /// Port 0.
    UDP_PORT,
    /// A super-frame that stands for more datagrams than any sender puts into one.
    UDP_SEGMENTS,
    /// No flow, no service and no forward takes the datagram.
    UDP_REFUSED,
    /// TCP shorter than its header, or a data offset that lies.
    TCP_HEADER,
    /// TCP checksum is wrong.
    TCP_CHECKSUM,
    /// Port 0, or a segment to a group address.
    TCP_ADDRESS,
    /// A combination of flags that no TCP sends (SYN+FIN, SYN+RST, none).
    TCP_FLAGS,
    /// A segment that belongs to no flow and opens none; answered by a rate-limited reset.
    TCP_NO_FLOW,
    /// A limit on flows, half-open flows or sockets is reached.
    FLOW_LIMIT,
    /// The destination is refused by policy (host loopback off, link-local metadata).
    POLICY,
    /// The next hop's MAC address did not resolve in time.
    NEIGHBOR_UNRESOLVED,
    /// Longer than the link's MTU and marked "don't fragment".
    TOO_BIG,
    /// The link had no room for a frame.
    LINK_FULL,
    /// More frames than may wait for the loop that takes them.
    HAND_OVER_FULL,
    /// A DHCP message that does not parse.
    DHCP_MALFORMED,
    /// A DNS message that does not parse.
    DNS_MALFORMED,
    /// A bug of ours: caught at the frame path's only catch-all.
    INTERNAL
}
