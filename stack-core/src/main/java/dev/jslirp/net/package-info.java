/// The guest side below transport: Ethernet, ARP, IPv4, ICMP.
///
/// Being written; see the classes.
package dev.jslirp.net;
