package dev.jslirp.testkit;

/// One TCP flow of a script: its addresses, and what relative numbers count from.
final class ScriptFlow {
    final int index;
    /// The guest's port.
    int guestPort;
    /// Who the guest speaks with, as it sees it.
    int remoteIp;
    int remotePort;
    /// Initial sequence number of the guest.
    int guestIss;
    /// Initial sequence number of the stack, learned from its SYN; 0 until then.
    int stackIss;
    /// The flow's stream on the host, null until a `host:` line names it.
    SimHostStream stream;
    /// The TSval the stack sent last.
    int lastTsVal;
    boolean timestampsSeen;
    /// Whether the next SYN to this guest port tells the remote address (port forwards).
    boolean awaitsSyn;
    /// Position in the pattern of what the host's peer has sent and received.
    long peerSent;
    long peerReceived;

    ScriptFlow(int index, int guestPort, int remoteIp, int remotePort, int guestIss) {
        this.index = index;
        this.guestPort = guestPort;
        this.remoteIp = remoteIp;
        this.remotePort = remotePort;
        this.guestIss = guestIss;
    }

    boolean matches(Ipv4Packet packet, TcpSegment segment) {
        if (awaitsSyn && segment.flags() == TcpSegment.SYN) {
            awaitsSyn = false;
            guestPort = segment.dstPort();
            remoteIp = packet.src();
            remotePort = segment.srcPort();
        }
        return segment.dstPort() == guestPort && segment.srcPort() == remotePort && packet.src() == remoteIp;
    }

    /// Byte `position` of any stream: it tells its position apart from neighbours and from those 256 further.
    static byte pattern(long position) {
        return (byte) (position * 31 + (position >>> 8) * 7 + (position >>> 16));
    }

    /// `length` bytes of the pattern.
    static byte[] pattern(long position, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = pattern(position + i);
        }
        return bytes;
    }
}
