package dev.jslirp.lan;

/// Why the switch dropped a frame of a guest. [#NONE] means it did not.
public enum PortDrop {
    /// Not dropped.
    NONE,
    /// Delivered from inside the transmission of another frame, which no link may do: buffers are shared.
    NESTED,
    /// Shorter than an Ethernet header, or longer than any super-frame.
    LENGTH,
    /// A VLAN tag (802.1Q, 802.1ad).
    TAGGED,
    /// From a group address or 0.
    SOURCE_MAC,
    /// From the gateway's MAC address, or with one of its addresses as ARP sender or IPv4 source.
    GATEWAY_CLAIMED,
    /// On a guarded port from another MAC address than its own, or from the MAC address of another guarded port.
    SPOOFED_MAC,
    /// On a guarded port with an ARP sender or IPv4 source that is not leased to it.
    SPOOFED_ADDRESS,
    /// On a guarded port anything but well-formed ARP and IPv4.
    ETHER_TYPE,
    /// On a guarded port DHCP that is a server's, a fragment, or about another station.
    DHCP,
    /// To a station that is on the sender's own port.
    SAME_PORT,
    /// To another guest with offload fields that contradict the packet, or a super-frame of too many segments.
    OFFLOAD,
    /// To another guest and longer than the network's MTU.
    TOO_BIG
}
