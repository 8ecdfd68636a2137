/// The layer-2 seam: what a guest is attached to.
///
/// **Purpose.** [dev.jslirp.link.Link] is the SPI that a TAP device, a VMM's socket or an embedding
/// program implements; [dev.jslirp.link.EmbeddedLink] is it for a program that has the frames in Java.
/// Decorators wrap any link. They are main code, because an operator debugging a guest needs them as much as a
/// test does:
///
/// | decorator | does |
/// |---|---|
/// | [dev.jslirp.link.PcapLink] | captures to a pcap stream |
/// | [dev.jslirp.link.TraceLink] | tells of each frame in a line of text |
/// | [dev.jslirp.link.FaultLink] | loses, duplicates, reorders, damages ([dev.jslirp.link.FaultConfig]) |
///
/// A decorator owns the link it is around and closes it. Where several are used, the fault link is put next to the
/// device, so that captures and traces show what the stack gets and sends.
///
/// **Ownership.** Both directions borrow: `onFrame` and `transmit` may use the bytes during the call
/// only. A link that queues copies the header and retains the payload parts; a decorator that delays a frame
/// copies it, and releases the copy when it is closed.
///
/// **Imports**: `time`, `wire`.
package dev.jslirp.link;
