/// What the gateway answers itself: DHCP and DNS.
///
/// **Purpose.** [dev.jslirp.service.DhcpServer] gives guests their address; [dev.jslirp.service.DnsForwarder]
/// takes their queries to the host's resolvers. Both are control plane: they allocate per message, never per
/// byte the guest claims, and never throw for what a guest sends.
///
/// **DHCP.** Stateless per message but for [dev.jslirp.service.LeaseTable]. One entry per MAC address and one
/// per address; states OFFERED → BOUND → FREE (released or expired; the address is kept for its MAC as long
/// as nobody needs it), and DECLINED (quarantine). The first guest gets the first lease address, the next the
/// next. When the table is full, free entries go first, then open offers, both oldest first, then quarantined
/// ones; bound ones never. The server is the only one of its network, hence authoritative: it acknowledges an
/// address it does not remember if it is free.
///
/// **DNS.** A query is answered locally (static names), or becomes an *exchange*: it is sent to one resolver
/// after the other, each time from a socket drawn anew with a fresh id, until one answers or all attempts are used up
/// (SERVFAIL). The resolver that answered last is asked first next time. UDP queries go out by UDP, TCP
/// queries by TCP, one connection each. An answer counts only if it comes from the address asked, with the id
/// and the question sent. It goes to the guest as it is, but for the id; over UDP and too long for the guest
/// it becomes an empty one with TC. Guest TCP connections end in this process: the forwarder is a
/// `StreamConnector` whose streams parse length-prefixed messages.
///
/// **Names.** [dev.jslirp.service.LocalNames]: static names, and under `localDomain` (default `jslirp.internal`) those of the gateway
/// (`gateway`, `host`, `dns`) and of guests: what a guest calls itself in DHCP option 12 or 81, cut to one label, for as long as its
/// lease lasts; one name per lease, the first who comes has it; names that win trust (`wpad`, `localhost`, …) are nobody's
/// (`DHCP_NAMES_REFUSED` counts both). Each answers as `name.domain` and as the bare `name`, A and PTR, other types with no data. Nothing
/// in the local domain or in the network's reverse zone is ever forwarded. Denials carry an SOA record, so that guests may remember them
/// (RFC 2308). A bare label nobody has is forwarded. Without a local domain only static names are answered.
///
/// **Forged answers** (RFC 5452). An answer must hit the port, the id, the resolver's address and port, and the question. To a stranger
/// who sees nothing, a query is at one of about 28 000 ports (the kernel's range) under one of 65 536 ids: 2^30.8 pairs. A query waits at
/// one socket only, so one forged datagram hits it with 2^-30.8 however many sockets there are. What sharing sockets costs: a port lives
/// on after its query, for `socketQueriesMax` queries or `socketAgeNs`, so who finds out all ports of a busy network (`socketsMax`, 32 =
/// 2^5, for a resolver) is left with 2^21 pairs per query until they change, where a socket per query would make the search for the port
/// start anew for each. A quiet network pays little: each batch of queries draws one of 32 places, and sockets idle for `socketIdleNs`
/// are closed. `socketQueriesMax` = 1 is a socket per query. As before, D equal questions waiting at a time (a guest can ask twice from
/// two ports) give a stranger D times the chance (RFC 5452 §5).
///
/// **Sockets.** Per resolver `socketsMax` places ([dev.jslirp.service.DnsSockets]); the queries of a batch draw one, which is filled if
/// it is empty or its socket worn out. A worn-out socket lives until its last query ends, so sockets are at most `socketsMax` per
/// resolver plus one per pending query. When the host gives no more (`DNS_SOCKETS_REFUSED`), those open are shared. A socket error moves
/// the queries of that socket on to the next resolver. At rest no socket is open and no timer armed.
///
/// **Limits and counters.** Leases: `leasesMax` → `DHCP_LEASE_LIMIT`. Exchanges: `pendingMax` →
/// `DNS_PENDING_LIMIT` (the oldest is dropped). Guest TCP connections: `tcpStreamsMax` → `DNS_STREAM_LIMIT`
/// (the one idle for longest is reset, else the new one refused); per connection `tcpExchangesMax` and `tcpUnreadBytesMax` →
/// `DNS_STREAM_STALLED` (reading stops, and at `tcpInputBytesMax` the guest's window is shut), `tcpQueryBytesMax` → `DNS_MALFORMED`
/// (reset), `tcpIdleNs` without a whole query or an answer → `DNS_STREAM_IDLE` (closed). Malformed: `DHCP_MALFORMED`,
/// `DNS_MALFORMED`. Answers
/// that match no query, late ones too: `DNS_FORGED_ANSWERS`. Exhausted: `DNS_TIMEOUTS`. Next resolver: `DNS_FAILOVERS`.
///
/// **Ownership.** Datagrams of guests and of the host are borrowed. An exchange owns a copy of its query; a
/// guest stream owns its partial input and its unread answers; all are released when the exchange or stream
/// ends, or the forwarder closes.
///
/// **Imports**: `net`, `host`, `time`, `wire`, `stats`.
package dev.jslirp.service;
