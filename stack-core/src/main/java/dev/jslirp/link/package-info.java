/// The layer-2 seam: what a guest is attached to.
///
/// **Purpose.** [dev.jslirp.link.Link] is the SPI that a TAP device, a VMM's socket or an embedding
/// program implements; [dev.jslirp.link.EmbeddedLink] is it for a program that has the frames in Java.
/// Decorators wrap any link and own it: capture to pcap, trace as text, inject faults. They are main code, because an operator
/// debugging a guest needs them as much as a test does.
///
/// [dev.jslirp.link.HandOverLink] adds to a link the frames that other loops of the same network hand over
/// ([dev.jslirp.link.HandOver]) by a [dev.jslirp.link.HandOverRing].
///
/// **Limits** of [dev.jslirp.link.EmbeddedLink] (fields of its `Limits`): frames from the guest that other threads have handed in
/// (`handInFramesMax`, counted by `refusals()`, told to the one who hands in), frames for a guest without room (`heldFramesMax`,
/// `heldBytesMax`, counted by `dropped()`). Of `HandOverRing`: frames that wait (`framesMax`; who hands over counts `HAND_OVER_FULL`).
///
/// **Threads.** A link belongs to the network's thread; `EmbeddedLink` and the entrances of a `HandOverRing` alone have methods for others.
///
/// **Ownership.** Both directions borrow: `onFrame` and `transmit` may use the bytes during the call
/// only. A link that queues copies the header and retains the payload parts; a decorator that delays a frame
/// copies it, and releases the copy when it is closed. `EmbeddedLink.offer` consumes what it accepts, since the thread goes on.
/// Several guests on one network are behind one link, the switch of `lan`; a link delivers no frame from inside its own `transmit`.
///
/// **Imports**: `time`, `wire`.
package dev.jslirp.link;
