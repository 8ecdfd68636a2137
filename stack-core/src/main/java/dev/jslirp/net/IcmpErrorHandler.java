package dev.jslirp.net;

/// Takes the ICMP errors that guests report about packets sent to them.
@FunctionalInterface
public interface IcmpErrorHandler {
    /// One error. The quoted packet went to the guest that reports it.
    ///
    /// @param type, code       see `wire.IcmpHeader`
    /// @param rest             the four bytes behind the checksum: next-hop MTU, pointer, or 0
    /// @param protocol         IP protocol of the quoted packet
    /// @param peerHi, peerLo, peerPort where the quoted packet came from (its source); port 0 unless TCP or UDP
    /// @param guestHi, guestLo, guestPort where it went to
    void onIcmpError(int type, int code, int rest, int protocol, long peerHi, long peerLo, int peerPort, long guestHi, long guestLo,
            int guestPort, long nowNs);
}
