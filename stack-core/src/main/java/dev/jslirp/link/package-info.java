/// The layer-2 seam: what a guest is attached to.
///
/// **Purpose.** [dev.jslirp.link.Link] is the SPI that a TAP device, a VMM's socket or an embedding
/// program implements. Decorators wrap any link: capture to pcap, trace as text, inject faults,
/// enforce an MTU. They are main code, because an operator debugging a guest needs them as much as a
/// test does.
///
/// **Ownership.** Both directions borrow: `onFrame` and `transmit` may use the bytes during the call
/// only. A link that queues copies the header and retains the payload parts.
///
/// **Imports**: `time`, `wire`.
package dev.jslirp.link;
