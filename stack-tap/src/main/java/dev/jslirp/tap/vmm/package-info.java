/// Links for virtual machine monitors: guests that exchange Ethernet frames over sockets.
///
/// **Purpose.** `jslirp serve` and programs that want the same: [dev.jslirp.tap.vmm.VmmLink] is one `Link` for the stack, behind which
/// guests come, go and come back at any number of endpoints ([dev.jslirp.tap.vmm.ListenSpec]).
///
/// **Formats.** *Stream* (QEMU `-netdev stream`, also `-netdev socket`; passt's): each frame follows its length, 32 bits, most significant
/// octet first. *Datagram* (QEMU `-netdev dgram`; `unixgram` of vfkit and krunkit): one frame per datagram; a datagram of the four bytes
/// `VFKT` only makes its sender known. Frames are whole, without check sequence, virtio-net header and offloads; those to
/// guests have 60 bytes at least.
///
/// **Theory of operation.** An `Endpoint` waits for guests. Each guest is a `Link` of its own, [dev.jslirp.tap.vmm.StreamLink] or
/// [dev.jslirp.tap.vmm.DatagramLink], which `GuestPorts` ties to the network.
///
/// *In*: one read fetches as many frames as there are, into one large buffer (`FrameSplitter`), and each is lent to the receiver where it
/// lies; only a frame cut by the end of the buffer is moved. Datagrams come 16 per system call. *Out*: `transmit` puts the frame into the
/// guest's `FrameQueue` (headers and small parts are copied together, large parts retained), `flush` writes the queue
/// with one gathering call. What the socket does not take stays, and is continued when there is room.
///
/// A datagram guest is answered from a socket of its own, connected to it, so that its backlog fills no buffer but its own and
/// there is a readiness to wait for. The kernel forbids that for guests that have connected *their* socket to the endpoint (vfkit's way):
/// those are answered from the endpoint's socket, and a full one is tried again with every batch and every millisecond. What such guests
/// leave unread fills that socket's buffer, which they share; so once half of it is full, a guest is sent 64 KiB without having been heard,
/// and the rest waits in its queue.
///
/// **States** of a guest: attached → gone. It goes when its socket ends or fails, when it sends what cannot be a frame's length (below 14
/// or above 65 553), or when a datagram to it is refused because nobody holds the address. Each end is logged once, with endpoint and
/// reason; violations as warnings.
///
/// **Limits** ([dev.jslirp.tap.vmm.VmmConfig]). `guestsMax`: guests at a time; further ones are turned away with a warning,
/// at most one a second.
/// `queueBytesMax`: bytes that wait for one guest; a frame that does not fit is dropped whole and counted in `Link.dropped()`, so a guest
/// that does not read costs that much and hurts nobody else. A queued part pins at most `FrameQueue.PIN_FACTOR` times its size. Datagrams
/// that are no frame (shorter than 14 bytes, longer than a slot, from a socket without address) are dropped and counted as well.
///
/// **Ownership.** A guest's link owns its descriptors and buffers, an endpoint its descriptor and socket file, the `VmmLink` all of them. All
/// of it belongs to the loop's thread.
///
/// **Imports**: `lan`, `link`, `wire`, `time`, `tap.linux`, `tap.vhost`.
package dev.jslirp.tap.vmm;
