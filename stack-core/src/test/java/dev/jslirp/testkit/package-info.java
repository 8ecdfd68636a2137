/// What tests are made of: virtual time, a simulated link, host and guest, and packet scripts.
///
/// **Purpose.** A `GuestNetwork` meets the world through four seams; this package plays all of them, so a test runs a complete network
/// without clocks, sockets or threads, and the same way every time.
///
/// | seam | played by | a test says |
/// |---|---|---|
/// | `time.Reactor` | [dev.jslirp.testkit.SimReactor] | `advance`, `settle`, `round` |
/// | `link.Link` | [dev.jslirp.testkit.SimLink], and on top of it [dev.jslirp.testkit.SimGuest] | `deliver`, `sent`, `setRoom` |
/// | `host.HostNetwork` | [dev.jslirp.testkit.SimHostNetwork] | `peerSend`, `peerEof`, `setRoom`, … |
/// | `RandomGenerator` | a `SplittableRandom` | a seed |
///
/// [dev.jslirp.testkit.NetworkFixture] ties them together; closing it checks that every buffer and every socket was given back.
/// [dev.jslirp.testkit.LeakExtension] does the former for tests of a part. The records `EthernetFrame`, `Ipv4Packet`, `TcpSegment`, …
/// build and parse packets with code of their own and a slow checksum, so an error made alike in both directions of the stack still
/// shows.
///
/// **Packet scripts.** Files in `packetscripts`, one per behaviour, run by `PacketScriptTest`. They resemble packetdrill's:
///
/// ```
/// // Purpose: an in-window RST that is not RCV.NXT must not kill the flow. RFC 5961 §3.2.
/// config tcp.challengeAcksPerSecond=2
/// 0      < S 0:0(0) win 65535 <mss 1460>
/// +0     host: connect 192.0.2.9:80 -> ok after 20ms
/// +.02   > S. 0:0(0) ack 1 <mss 1460>
/// +0     < . 1:1(0) ack 1 win 512
/// +.1    < R 500:500(0)
/// +0     > . 1:1(0) ack 1
/// +0     state ESTABLISHED
/// +0     count TCP_CHALLENGE_ACKS 1
/// ```
/// *Lines* are `TIME ACTION`. A time is `0.1` (since the start), `+0.1` (since the event above), `+0~.04` (a range, for expectations),
/// `*` (any time, for expectations) or `&` (in the same batch as the line above). An expected frame may come up to `tolerance` late and
/// never early; the event's time is then the frame's. Every frame towards the guest must be expected, in order.
///
/// *TCP*: `< FLAGS FIRST:END(LENGTH) [ack N] [win N] [urg N] [<OPTIONS>]` from the guest, `>` to it, flags of `S F R P . U E W` with
/// `.` for ACK. Numbers count from the sender's initial sequence number, windows are as on the wire. `[2]` before the flags means the
/// second flow. In a `>` line, what is left out is not compared; `*` stands for any sequence numbers, `...` for all that follows; `win`
/// may be a range (`100..`); `gso N` is the segment size of a super-frame; PSH is compared only when the line says P. Options are
/// compared in any order, NOPs aside; `any` stands for a number, and `...` among them allows others: `mss N`, `wscale N`, `sackOK`,
/// `sack A:B C:D`, `TS val N ecr N` (`ecr last` in a `<` line echoes), `nop`, `eol`, `raw KIND LENGTH HEX`. Payload is never written
/// down: byte `n` of a stream is a function of `n`, and is checked on either side.
///
/// *The host*: `host: [flow]` and
/// - `connect [ADDRESS:PORT] -> ok|refused|unreachable|net-unreachable|prohibited|timed-out|no-resources|never [after T]`: the stack
///   must be connecting; this is what becomes of it. `no connect`: it must not be
/// - `accept PORT [from ADDRESS:PORT]`: a client connects to a forwarded port
/// - `bytes N`, `eof`, `reset`, `fails ERROR`: what the peer does
/// - `blocked`, `room N`, `unblocked`: what the kernel takes of what the stack writes
/// - `expect bytes N|eof|reset|nothing|open|closed|paused`: what the peer has seen; bytes not mentioned are an error
/// - `udp expect ADDRESS:PORT (LENGTH)`, `udp bytes ADDRESS:PORT (LENGTH)`, `udp fails ERROR ADDRESS:PORT`, `udp nothing`, `udp closed`
/// - `echo expect ADDRESS seq N (LENGTH) [ttl N]`, `echo reply seq N (LENGTH) [ttl N]`, `echo error seq N type N code N from ADDRESS`,
///   `echo forbidden`
/// - `dns expect RESOLVER:PORT NAME`, `dns answer ADDRESS`
///
/// *Other frames*: `udp PORT > ADDRESS:PORT (LENGTH)`, with `ttl N`, `df`, `fragments BYTES [order 2,0,1]`; towards the guest `udp
/// ADDRESS:PORT > PORT (LENGTH) [in N fragments]`. `icmp echo ADDRESS id N seq N (LENGTH)`, `icmp echo-reply …`, `icmp unreachable
/// net|host|protocol|port|too-big|prohibited [mtu N] [from A] [quoting udp|tcp|icmp]`, `icmp time-exceeded ttl|reassembly …`. `arp
/// who-has A tell B`, `arp probe A`, `arp reply A is-at MAC|gateway`. `dhcp TYPE xid N …`, `dns SERVER id N A NAME` and `dns SERVER id
/// N NAME -> ANSWER`. `ip protocol N ADDRESS (LENGTH)`, `ethertype N (LENGTH)`, `frame HEX`.
///
/// *The rest*: `state X`; `count COUNTER N` for a `Counter` or `DropReason`, since the script's start; `silence` (no frame is left
/// over); `flow N ADDRESS:PORT [guest PORT]` defines whom a further flow talks to; `iss N` moves what the guest's numbers count from;
/// `guest answers arp on|off`.
///
/// *Configuration*, `config KEY=VALUE …` before the first event: `mtu`, `offload=on`, `window`, `remote`, `guest_iss`,
/// `forward=tcp:8080-80`, `resolver=A:P`, `name=NAME@ADDRESS`, `arp=off` (the guest is unknown at first), `tolerance`, `seed`; any
/// component of the configuration's records by its name, as in `tcp.rtoMinNs=1s`.
package dev.jslirp.testkit;
