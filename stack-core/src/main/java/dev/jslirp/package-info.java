/// A user-mode network for guests. Start reading here: this is how the whole stack works.
///
/// **Purpose.** A guest (a virtual machine, a network namespace) is given an Ethernet link whose other end is this
/// stack. The stack plays the router, the DHCP server and the resolver of a small network, ends the guest's TCP connections
/// and UDP conversations, and carries their bytes over ordinary sockets of the host. No privileges are needed and no packet is
/// forwarded: what the guest sends as segments leaves the host as `write`.
/// [dev.jslirp.GuestNetwork] is the façade and the composition root, [dev.jslirp.GuestNetworkConfig] all it can be told.
///
/// **Seams.** All that is not computation comes in through four objects, each handed to the constructor:
///
/// ```
///    guest                                                                              host
///   ┌──────────────────┐ frames ┌───────────────────────────────────────┐ bytes ┌────────────────────┐
///   │ link.Link        │ ─────► │ net ───► nat ───► tcp                 │ ────► │ host.HostNetwork   │
///   │ TAP, VMM socket, │        │  │        │                           │       │ host.netty, or any │
///   │ the embedder     │ ◄───── │  └─► service (dhcp, dns)     wire     │ ◄──── │ other              │
///   └──────────────────┘        └──────────────────▲───────────▲────────┘       └────────────────────┘
///                                time.Reactor: time, wake-ups  │ RandomGenerator: sequence numbers, ids, keys
/// ```
/// Between them is plain synchronous code that is handed `nowNs`. Therefore an emulator can pump it from its own loop
/// (`time.PumpReactor`, with host sockets `host.netty.PumpedLoop`), a test can run hours in virtual time, and the same seed gives the same
/// packets.
///
/// **A frame's way to the host.** `Link` → `FrameInput` (Ethernet) → `Ipv4Input` (checks, reassembly) → by protocol to
/// `TcpNat`, `UdpInput` or `IcmpResponder`. Each stage decodes its layer once into the one `wire.PacketView`, and hands on, or drops
/// under a `DropReason`. `TcpNat` finds the flow in the `FlowTable`, or opens one: the host's socket connects first, and
/// the guest hears SYN-ACK or the truth. `TcpConnection` (RFC 9293) takes the segment and gives its payload, a slice of the received
/// frame, to the flow, which writes it to the `HostStream`.
///
/// **A byte's way to the guest.** `HostStream` reads into a pooled buffer and gives it away; it is queued in the connection's
/// `SendBuffer` until the guest acknowledges it. `SendSide` decides what may go, `FrameOutput` puts headers into the one `OutboundFrame`,
/// `Link.transmit` sends header and payload in one gathering write. Payload is never copied, and a retransmission rebuilds headers only.
///
/// **The batch.** What the outside calls (a frame, a readiness event, a wake-up) first opens the `time.Batch`, which reads the clock
/// once. Events change state and join the flows they touch to the batch. When the reactor's round is over, each of them is called
/// once: bytes go to the host, then data and the one coalesced ACK to the guest. Then due timers fire, the link is flushed, and
/// a single wake-up is armed. Deadlines are numbers in one `TimerWheel`, never callbacks of their own; the work of a batch
/// is bounded, so no guest or flow starves another; a network at rest is never woken.
///
/// **Threads.** One thread, the reactor's, owns a network and all its parts; there is no lock. `Reactor.execute`, and the queue of
/// `link.EmbeddedLink`, are the only ways in from other threads. More guests can share a network
/// through a switch (`lan.VirtualSwitch`), or have networks of their own, on more threads; networks share nothing.
///
/// **Several loops for one network.** Where the guest's device has several queues, each but the first can have a
/// [dev.jslirp.TcpShard] on a thread of its own: a network without services that owns the TCP flows whose SYN came to its queue, and hands
/// all other frames over, as copies through the bounded ring of `link.HandOverLink`, to the [dev.jslirp.GuestNetwork] on the first queue.
/// In the same way the network asks its shards about TCP segments that it does not know, before they are reset.
/// That is all there is between them; configuration is divided (`GuestNetworkConfig.dividedBy`), counters are added up.
///
/// **Buffers.** Who is given a `ByteBuf` *borrows* it: it may read it during the call, and does not release it. Who must keep it
/// retains it, and is the one to release it; a small payload in a large buffer is copied instead, because memory is what a buffer pins.
/// The few methods that *consume* say so; so do those that return an owned buffer. All come from the one allocator given
/// to the constructor.
///
/// **Super-frames.** `LinkCapabilities` says whether the guest takes TCP frames of 64 KiB at any MTU and completes checksums
/// itself (virtio-net header); `wire.Offload` carries that with each frame. A plain link gets segments of its MSS, with checksums, by the
/// same code.
///
/// **Errors and limits.** Malformed input is a value (`DropReason`) and a count, never an exception or a log line. A failure of the host is
/// a `HostError` and becomes RST, an ICMP error or silence. Every limit is a field of a configuration record and has a counter; the tables
/// are in the packages' documentation. Nothing is allocated by a length that the guest chose, and a frame in steady state allocates nothing.
///
/// **Arrows.** Who may import whom; `ArchitectureTest` checks it, and everything else in this text that a machine can:
///
/// ```
///   root ──► all          nat, service ──► tcp, net, host, time, wire      net ──► link, time, wire      lan ──► net, link, time, wire
///   peer ──► nat and its imports
///   link ──► time, wire   tcp ──► wire     host.netty ──► host, time       stats ──► wire, all ──► stats
/// ```
///
/// **Reading order.** `wire` (`PacketView`, `TcpHeader`), `link.Link`, `time.Batch`, `net` (its diagram), `nat` (the phases of a flow),
/// `tcp` (`TcpConnection.onSegment` beside RFC 9293 §3.10.7), `host.HostStream`, and last `GuestNetwork`, where all is tied together.
/// Then the packet scripts in the tests: each shows one behaviour as packets.
///
/// **The program itself** can be a peer of its guests (`peer`), and decide about each flow they open (`nat.FlowPolicy`).
///
/// **Life.** Constructed, started, closed once. Closing resets every flow, and closes the link and the host network.
package dev.jslirp;
