/// A virtio-net device for a virtual machine, served over vhost-user: frames travel through the guest's own memory.
///
/// **Purpose.** [dev.jslirp.tap.vhost.VhostUserLink] is the link of a guest whose virtual machine monitor (QEMU with
/// `-netdev vhost-user`, cloud-hypervisor, crosvm) is the vhost-user *front end*; we are the *back end*.
///
/// **Theory of operation.** The front end connects to a unix socket and says, message by message, which files the guest's
/// memory is in, where the rings lie, and which event descriptors stand for "look at the ring" (kick) and "we have used
/// buffers" (call). After that it is silent, and the guest's driver and we share the rings:
///
/// ```
///  unix socket -> MessageChannel -> FrontEndSession -> GuestMemory, Virtqueue × 2 per pair
///
///  guest -> host   kick -> TransmitQueue: walk the chain, gather the frame in one buffer of ours -> FrameReceiver
///  host -> guest   transmit -> ReceivePath: OffloadFallback (what the guest cannot do) -> ReceiveQueue: scatter into free buffers
///                  flush -> publish the used buffers, one call
///                  no free buffers -> Backlog, and a kick is asked for; kick -> the backlog goes first
/// ```
/// Queue `2i` is the guest's receive queue of pair `i`, queue `2i + 1` its transmit queue (Virtual I/O Device 1.2 §5.1.2).
///
/// **What the guest can do to us: nothing but lose its frames.** Its memory may change under our hands. So every value of a
/// ring is read once, into a local variable, then checked, then used; and a frame is copied before anything looks at it. Addresses are
/// checked against the regions with arithmetic that does not overflow; a chain has at most
/// [dev.jslirp.tap.vhost.Virtqueue#CHAIN_MAX] descriptors. A ring that breaks a rule is *broken*: it is left alone, which
/// is logged once and told to the front end by its error descriptor, until the front end restarts it.
///
/// **What the front end can do**: it is the process that runs the guest, with the rights of who may open the socket. A malformed
/// message, or one that fails and asks for no reply, closes the connection with one log line. An unknown request is
/// refused (if it asks for a reply) or ignored. Memory is sealed against shrinking where the file allows it; if
/// a front end shrinks its file all the same, the virtual machine turns the fault into an error, which ends the connection. A front
/// end that clears `O_NONBLOCK` on an event descriptor it shares with us, and then fills it, can make us wait.
///
/// **States of a ring** (vhost-user, "Ring states"): *stopped* → by the first kick *started* → by `GET_VRING_BASE` stopped again.
/// While started it is *enabled* or *disabled*; a disabled transmit queue is drained and its frames discarded.
///
/// **Limits**: regions ([dev.jslirp.tap.vhost.GuestMemory#REGIONS_MAX]), queue pairs (`VhostUserConfig`), frames per turn
/// ([dev.jslirp.tap.vhost.TransmitQueue#FRAMES_PER_TURN]). Frames for which the guest has no buffer wait in the backlog of their queue, up
/// to `backlogBytesMax`, until it offers some. Dropped and counted in `Link.dropped()` are those for which the backlog has no room, those
/// that no number of the guest's buffers would hold, those that come while there is no running, enabled queue, and those that wait when
/// the front end stops or disables their queue, or the driver changes. Frames of the guest that are too long, too short or ask for an
/// offload it has not negotiated are counted in `VhostUserLink.refused()`.
///
/// **Ownership.** The link owns the listening socket, the session everything the front end sent: descriptors, mappings. Owning thread only.
///
/// **Imports**: `link`, `wire`, `tap.linux`; of `java.lang.foreign`, `MemorySegment` with its layouts, and arenas for message and header.
package dev.jslirp.tap.vhost;
