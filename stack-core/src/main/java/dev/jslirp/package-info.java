/// A user-mode network for guests: [dev.jslirp.GuestNetwork] is the façade, [dev.jslirp.GuestNetworkConfig] all it can be told.
///
/// **Theory of operation.** Frames come in from a `link.Link` and go through `net` (Ethernet, ARP, IPv4, ICMP) to `nat`, which
/// finds or opens the flow and speaks to sockets of a `host.HostNetwork`; the guest's side of a TCP flow is a connection of `tcp`. What
/// the gateway answers itself is in `service`. Time and wake-ups come from a `time.Reactor`, random numbers from
/// a generator; nothing else is from outside, so a network given simulated ones behaves the same way each time.
///
/// **Threads.** One owning thread, no locks. **Life.** Constructed, started, closed once; closing resets every flow and closes link and
/// host network.
package dev.jslirp;
