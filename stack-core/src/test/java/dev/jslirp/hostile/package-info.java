/// What a guest can do to us when it wants to, and that it gains nothing.
///
/// **Purpose.** Every known way to hurt a user-mode network stack, sent through a whole `GuestNetwork` in virtual time. The classes
/// follow the layers: [dev.jslirp.hostile.FramesTest], [dev.jslirp.hostile.FragmentsTest],
/// [dev.jslirp.hostile.LanTest] (ARP, DHCP), [dev.jslirp.hostile.DnsTest],
/// [dev.jslirp.hostile.DestinationsTest], [dev.jslirp.hostile.TcpTest], [dev.jslirp.hostile.TcpSendersTest],
/// [dev.jslirp.hostile.FloodsTest], [dev.jslirp.hostile.FairnessTest]. Tests named after a CVE send what triggered it in libslirp.
///
/// **Theory of operation.** The first guest attacks. After each test, [dev.jslirp.hostile.HostileTest] lets a second guest do what
/// an ordinary guest does (ping, TCP, UDP, a name look-up); checks that nothing was caught by the frame path's catch-all;
/// and closes the network, which fails if a buffer or a host socket is left. In between a test asserts the limit's
/// counter, the flows, and the bytes outstanding of the tracking allocator.
package dev.jslirp.hostile;
