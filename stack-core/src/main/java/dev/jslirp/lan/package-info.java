/// The switch: several guests on one guest network.
///
/// **Purpose.** A [dev.jslirp.GuestNetwork] knows one `link.Link`. [dev.jslirp.lan.VirtualSwitch] is that link, and behind it has a
/// [dev.jslirp.lan.SwitchPort] for each guest, which owns the guest's own link. Guests come and go while the network runs; what the
/// network sees of the switch never changes.
///
/// **Theory of operation.** A learning bridge (IEEE 802.1D §7.8, without spanning tree: there is one switch) with the
/// gateway on a port of its own kind, the *uplink*. A frame is handled to its end in one call; nothing is queued here.
///
/// ```
///  guest's link ──► SwitchPort ── NESTED, LENGTH, TAGGED, SOURCE_MAC, GATEWAY_CLAIMED; guarded: SPOOFED_*, DHCP, ETHER_TYPE
///                      │ MacTable.learn
///      to the gateway  ├────────────────────────────────────────────► uplink (net.FrameInput)
///      group           ├─► FrameShape ─► every other port, then ────► uplink
///      unicast, known  ├─► FrameShape ─► its port
///      unicast, unknown└─► FrameShape ─► every other port                FrameShape: OFFLOAD, TOO_BIG
///
///  the network ─► VirtualSwitch.transmit ─► the port of the destination, or all
///  each port: takes the frame as it is, or Segmenter makes it fit ─► guest's link, which drops what it has no room for
/// ```
/// **Addresses** are learned from the source of each frame that passed the checks, so never from a group address, 0 or the
/// gateway's. An address that was not heard for `macAgeNs` is unknown again. There are no timers: age is looked at when it matters.
///
/// **Offloads.** The switch always offers checksum and segmentation offload, whatever the guests can do, for its capabilities must
/// not change. A port whose link lacks an offload has its frames made fit by [dev.jslirp.lan.Segmenter]: checksums are completed,
/// super-frames cut, one header rewritten per segment, payload referenced. A frame between guests says itself what it leaves
/// to be done, and may lie. [dev.jslirp.lan.FrameShape] therefore derives everything from the packet's own headers, drops what does not
/// agree, writes offsets and the pseudo-header's sum anew, and cuts off what lies behind the packet. `DATA_VALID` of a guest is not
/// passed on: its receiver checks for itself.
///
/// **Trust.** No guest may use the gateway's MAC address, or name one of its IP addresses as ARP sender or IPv4 source; VLAN tags, under
/// which it could, are dropped. A *guarded* port ([dev.jslirp.lan.PortConfig#guarded]) has one MAC address: the configured one, or the
/// first it sends from; no other port can take that over while the port exists. Its frames are ARP and IPv4 only, from the address
/// leased to that MAC address; DHCP (from 0.0.0.0 too) only as a client, unfragmented and for itself. Leases come in by
/// [dev.jslirp.lan.VirtualSwitch#lease], from the DHCP server's listener. A guarded port is not sent unicast of others.
/// Open ports believe each other as stations on any Ethernet do; where that is not wanted, all are guarded.
///
/// **Rounds.** The first frame of a reactor's round reads the clock and asks for one call after the round, where links that were
/// written to are flushed: guests that talk among themselves open no batch of the network, which flushes otherwise.
///
/// **Limits** (fields of [dev.jslirp.lan.SwitchConfig]) and what happens at them:
///
/// | limit | counter | effect |
/// |---|---|---|
/// | `portsMax` | `VirtualSwitch.portsRefused` | the port is not added |
/// | `macsPerPortMax` | `SwitchPort.macLimits` | the port's address heard least recently is forgotten |
/// | `macsMax` | `SwitchPort.macLimits` | the same, of the port that has most addresses: a flood hurts the flooder |
/// | `leasesMax` | `VirtualSwitch.leaseLimits` | the lease told of first is forgotten; ports in place keep theirs |
/// | `segmentsMax` | `PortDrop.OFFLOAD` | a super-frame that would become more frames is dropped |
/// | room in a guest's link | `Link.dropped` | that guest's frame is lost; nobody waits |
///
/// **Ownership.** The switch owns the links of its ports, and closes them with the port. Frames are borrowed on all ways: a link that
/// queues retains the payload parts, which between guests are ranges of the sender's receive buffer, so it must count (or copy) what it
/// pins. Owned are two header buffers, freed by `close`.
///
/// **Imports**: `net` (the address plan), `link`, `time`, `wire`.
package dev.jslirp.lan;
