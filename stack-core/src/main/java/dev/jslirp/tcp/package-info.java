/// The RFC 9293 engine, guest side.
///
/// **Purpose.** One [dev.jslirp.tcp.TcpConnection] per connection with a guest. It knows no NAT, socket, channel or
/// clock: segments come in through `onSegment`, go out through [dev.jslirp.tcp.SegmentOutput]; bytes go to a
/// [dev.jslirp.tcp.StreamUser] and come from a [dev.jslirp.tcp.SendBuffer].
///
/// **Theory of operation.** `onSegment` walks the steps of RFC 9293 §3.10.7 and changes state only; data, FIN and the
/// one coalesced ACK leave in `onBatchEnd`. Sent at once are RST, challenge ACKs, SYN-ACK, and the ACK of a
/// segment out of order, because the guest counts those. Timers are values: the owner asks `nextDeadlineNs` after
/// every event and calls `onDeadline` when it has passed.
///
/// | RFC step | method of SegmentArrival |
/// |---|---|
/// | 9293 §3.10.7.3 SYN-SENT | `inSynSent` |
/// | RFC 7323 §5 PAWS | `checkTimestamp` |
/// | 9293 §3.10.7.4 first, sequence number | `checkSequence`, `rejectSequence` |
/// | second, RST; RFC 5961 §3 | `checkReset` |
/// | fourth, SYN; RFC 5961 §4 | `checkSyn` |
/// | fifth, ACK; RFC 5961 §5 | `checkAck`, `acknowledged`, `finAcknowledged` |
/// | seventh, text | `takePayload`, `takeOutOfOrder`, `deliverReassembled` |
/// | eighth, FIN | `takeFin` |
///
/// `TcpConnection` holds the state, the timers and the user's calls; `SegmentArrival` takes the guest's segments apart;
/// `SegmentComposer` writes ours. `SendSide` decides what to send: new data within both windows, RFC 6675 recovery with
/// SACK, RFC 6582 without, go-back-N that skips sacked data after a time-out. `ReceiveSide` holds the promise: the right edge
/// of the window never moves left and grows only in steps worth sending, except towards a guest that probes a closed window: it
/// is told of any room there is. A room smaller than one unit of the window scale is offered as one unit.
///
/// | state | on our FIN sent | FIN acked | guest's FIN |
/// |---|---|---|---|
/// | ESTABLISHED | FIN_WAIT_1 | | CLOSE_WAIT |
/// | FIN_WAIT_1 | | FIN_WAIT_2 | CLOSING |
/// | FIN_WAIT_2 | | | TIME_WAIT |
/// | CLOSE_WAIT | LAST_ACK | | |
/// | CLOSING | | TIME_WAIT | |
/// | LAST_ACK | | CLOSED | |
///
/// **Timers**: retransmission or persist (one slot, never both), delayed ACK, keep-alive, life (TIME_WAIT).
///
/// **Conformance**: [RFC 9293, requirement by requirement](doc-files/rfc9293.html), with the test that shows each or the reason why not.
///
/// **Limits**: bytes and ranges out of order (`TCP_REASSEMBLY_LIMIT`), challenge ACKs (`TCP_CHALLENGE_ACKS_LIMITED`),
/// retransmissions (`TCP_RETRIES_EXHAUSTED`), keep-alives (`TCP_KEEPALIVE_DEAD`).
///
/// **Ownership.** Frames and outgoing segments are borrowed. The connection frees its send buffer and what it reassembles
/// when it closes or enters TIME_WAIT.
///
/// **Imports**: `wire`, `stats`, `io.netty.buffer`.
package dev.jslirp.tcp;
