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
/// after the other, each from a fresh socket with a fresh id, until one answers or all attempts are used up
/// (SERVFAIL). The resolver that answered last is asked first next time. UDP queries go out by UDP, TCP
/// queries by TCP, one connection each. An answer counts only if it comes from the address asked, with the id
/// and the question sent. It goes to the guest as it is, but for the id; over UDP and too long for the guest
/// it becomes an empty one with TC. Guest TCP connections end in this process: the forwarder is a
/// `StreamConnector` whose streams parse length-prefixed messages.
///
/// **Limits and counters.** Leases: `leasesMax` → `DHCP_LEASE_LIMIT`. Exchanges: `pendingMax` →
/// `DNS_PENDING_LIMIT` (the oldest is dropped). Guest TCP connections: `tcpStreamsMax` → `DNS_STREAM_LIMIT`
/// (the one idle for longest is reset, else the new one refused); per connection `tcpExchangesMax` and `tcpUnreadBytesMax` →
/// `DNS_STREAM_STALLED` (reading stops, and at `tcpInputBytesMax` the guest's window is shut), `tcpQueryBytesMax` → `DNS_MALFORMED`
/// (reset), `tcpIdleNs` without a whole query or an answer → `DNS_STREAM_IDLE` (closed). Malformed: `DHCP_MALFORMED`, `DNS_MALFORMED`. Answers
/// that match no query: `DNS_FORGED_ANSWERS`. Exhausted: `DNS_TIMEOUTS`. Next resolver: `DNS_FAILOVERS`.
///
/// **Ownership.** Datagrams of guests and of the host are borrowed. An exchange owns a copy of its query; a
/// guest stream owns its partial input and its unread answers; all are released when the exchange or stream
/// ends, or the forwarder closes.
///
/// **Imports**: `net`, `host`, `time`, `wire`, `stats`.
package dev.jslirp.service;
