/// Bytes ⇄ fields.
///
/// **Purpose.** Everything that knows where a field lies in a packet, and nothing else: no state, no
/// I/O, no policy.
///
/// **Theory of operation.** Two levels. *Level 1*, the frame path: static, allocation-free `decode`
/// and `write` methods over `(ByteBuf, offset)`. Each `decode` checks its header once, fills the reused
/// [dev.jslirp.wire.PacketView], and guarantees that the offsets and lengths it wrote lie inside the
/// buffer; it returns a [dev.jslirp.wire.DropReason], never throws. A layer is decoded by whoever handles
/// it: Ethernet and IP by `net`, TCP, UDP and ICMP by their handlers. *Level 2*, tests, traces and the
/// control plane: immutable records (`DhcpMessage`, `DnsMessage`, …) that may allocate.
///
/// **Addresses** are 128 bits in two `long`s, IPv4 in mapped form, MAC addresses 48 bits in a `long`.
/// **Sequence numbers** are `int`s compared with [dev.jslirp.wire.SeqNum].
///
/// **Ownership.** Nothing here retains or releases a buffer; every `ByteBuf` is borrowed.
///
/// **Imports**: nothing of ours; `io.netty.buffer`.
package dev.jslirp.wire;
