/// Address translation: guests' packets on one side, sockets of the host on the other.
///
/// **Purpose.** A [dev.jslirp.nat.Flow] is one conversation; the [dev.jslirp.nat.FlowTable] finds it by
/// what the guest's packets say. [dev.jslirp.nat.TcpNat], [dev.jslirp.nat.UdpNat] and [dev.jslirp.nat.IcmpEchoNat]
/// open flows for guests, [dev.jslirp.nat.PortForwards] for peers of the host. [dev.jslirp.nat.NatPolicy] says what an address
/// leads to.
///
/// **TCP.** [dev.jslirp.nat.TcpFlow] ties a `tcp.TcpConnection` (guest side, RFC 9293) to a `host.HostStream`. Its phase
/// is about the pair:
///
/// ```
///  SYN of the guest ─► HOST_CONNECTING ──connected──► GUEST_CONNECTING ◄── accepted by a forward
///                        │ refused: RST                 │ guest refuses, or never answers: host peer reset
///                        │ unreachable, prohibited: ICMP│
///                        │ timed out, no sockets: silence  established, host reads resume
///                        ▼                              ▼
///                       DEAD ◄──RST either way──────── OPEN
///                        ▲                              │ FIN both ways
///                        │            host took all     ▼      host has yet to take bytes
///                        ├────────────────────── GUEST_LINGERING   HOST_LINGERING
///                        └──── connection closed ───────┘              │
///                        └──── host took all ──────────────────────────┘
/// ```
/// The host connects before the guest gets its SYN-ACK, so a guest learns the truth. FIN is passed on as a half-close,
/// after the bytes before it; RST as a reset, at once. At a batch's end a flow first writes to the host,
/// then lets the connection send, then arms its one timer. The receive window offered to the guest is
/// what the host side may still queue; host reads pause while the guest has `sendBufferMax` bytes unacknowledged, and
/// resume at half of it.
///
/// In a network of several loops `TcpNat.takes` says which segments are of the loop it is asked on; `NatConfig.dividedBy` is its part of
/// the limits. Such a part has only flows that guests opened, so ICMP errors of guests, which concern the others, need not reach it.
///
/// **Past the link.** Where the host network has a [dev.jslirp.host.StreamSplicer], it is asked to join a connection that a forward
/// accepted with the guest's server, once the limits on flows have let it in. If it does, the connection is a
/// [dev.jslirp.nat.SplicedFlow]: it counts against these limits until its end, nothing of it is queued here, a server that does not answer
/// is given up after `connectTimeoutNs`, and both ends are reset when the network closes. It never takes a place among the
/// half-open (`tcpHalfOpenMax`), since the splicer has few sockets; but there must be one when it comes, as it may have to go over the link. If it does not (`FORWARDS_NOT_SPLICED`), the connection goes over the link like any
/// other. Connections that guests open are never joined, so all that is asked about these (policies, reach) is still asked.
///
/// **UDP.** A [dev.jslirp.nat.UdpFlow] is a guest endpoint and its host socket, wherever it sends to (endpoint-independent
/// mapping, RFC 4787); who may answer is `udpFiltering`. A flow lives for `udpOneShotIdleNs`, and for `udpIdleNs` once two datagrams
/// went each way. A [dev.jslirp.nat.UdpForward] is a rule and its socket, with a flow per host peer, seen by the guest as a
/// port of the gateway. **Echo.** An [dev.jslirp.nat.EchoFlow] is a guest's identifier towards one destination.
///
/// **Policy.** The embedding program's [dev.jslirp.nat.FlowPolicy] comes first, if there is one: it passes a flow on, denies it under a
/// [dev.jslirp.host.HostError], redirects it to another address of the host's network, or ends it in a stream of its own (TCP). A
/// redirected UDP conversation is a flow of its own with its own socket, since answers must be shown under the address the guest asked.
/// What passes is decided by [dev.jslirp.nat.NatPolicy#classify]:
///
/// | address | leads to | otherwise |
/// |---|---|---|
/// | gateway | a registered service, else host 127.0.0.1 | `hostLoopback` off: refused |
/// | DNS address | a registered service | TCP reset, UDP port unreachable |
/// | other address of the network | nobody: host unreachable | |
/// | network and broadcast address, multicast, 255.255.255.255 | dropped in silence | |
/// | 127/8, 0/8, `::/96` | refused: other names of the host's loopback | |
/// | 169.254/16, `fe80::/10` | refused | `linkLocal` on: translated |
/// | anything else | itself | |
///
/// Before an address leads outside or to the host's loopback, [dev.jslirp.nat.Reach] is asked:
///
/// | `reach` | outside, host's loopback | names that only resolvers outside know |
/// |---|---|---|
/// | NAT | as above | asked for |
/// | ISOLATED | refused | fail |
/// | RESTRICTED | refused but for its [dev.jslirp.nat.Hole]s | fail, unless a hole leads to the DNS address, port 53 |
///
/// In an isolated network DHCP names no router. Guests among themselves, DHCP, local names, ping of the gateway and port forwards
/// (answers included) are open in all of them.
///
/// Refused means TCP reset, UDP and echo "administratively prohibited"; `DropReason.POLICY` counts it.
///
/// **Limits** (fields of [dev.jslirp.nat.NatConfig]) and what happens at them:
///
/// | limit | counter | effect |
/// |---|---|---|
/// | `flowsMax` | `TCP_FLOW_LIMIT`, `UDP_FLOW_LIMIT`, `ECHO_FLOW_LIMIT` | the oldest in TIME_WAIT goes, else the SYN; others: as below |
/// | `flowsPerGuestMax` | `GUEST_FLOW_LIMIT` | the guest's oldest in TIME_WAIT goes, else the new flow in silence |
/// | `tcpHalfOpenMax` | `TCP_HALF_OPEN_LIMIT` | the oldest of a guest with its share goes, of the asking guest after `halfOpenAgeNs` |
/// | `udpFlowsMax`, `echoFlowsMax` | `UDP_FLOW_LIMIT`, `ECHO_FLOW_LIMIT` | the one quiet for longest of a guest with its share goes |
/// | `udpPeersMax` | none | the peer first sent to is forgotten, and filtered |
/// | `hostBufferBytesMax` | `HOST_BUFFER_LIMIT` | windows shrink, then bytes count as lost; `flowFloorBytes` per flow always pass |
/// | `guestBufferBytesMax` | `GUEST_BUFFER_LIMIT` | host reads pause; `flowFloorBytes` per flow always pass |
/// | twice `guestBufferBytesMax` | `GUEST_BUFFER_EVICTED` | the flow whose guest has taken nothing for longest is reset |
/// | `lingerNs` | `HOST_LINGER_EXPIRED` | a host that takes nothing loses the last bytes of a flow whose guest is done |
/// | `resetsPerSecond` | `TCP_RESETS_LIMITED` | silence |
/// | `connectTimeoutNs` | `TCP_CONNECTS_FAILED` | the flow goes in silence; a spliced one: `FORWARDS_REFUSED`, reset |
///
/// **Ownership.** Packets from the guest are borrowed during the call, and so are datagrams and echo data of the host. Bytes of host
/// streams are consumed: they go to the connection's send buffer, which the flow releases. `Flow.remove` is the only teardown.
///
/// **Imports**: `tcp`, `net`, `host`, `time`, `wire`, `stats`.
package dev.jslirp.nat;
