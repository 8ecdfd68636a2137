package dev.jslirp.tap.vhost;

/// Feature bits, as masks: of the device (Virtual I/O Device 1.2 §5.1.3, §6) and of the vhost-user protocol.
final class Features {
    /// We complete checksums the guest leaves open.
    static final long CSUM = 1;
    /// The guest completes checksums.
    static final long GUEST_CSUM = 1 << 1;
    static final long MTU = 1 << 3;
    /// The guest takes TCP/IPv4 super-frames.
    static final long GUEST_TSO4 = 1 << 7;
    /// We take TCP/IPv4 super-frames.
    static final long HOST_TSO4 = 1 << 11;
    /// A frame may fill several receive buffers.
    static final long MRG_RXBUF = 1 << 15;
    static final long MQ = 1 << 22;
    static final long INDIRECT_DESC = 1 << 28;
    static final long EVENT_IDX = 1 << 29;
    /// Not of the device: the front end may ask for protocol features.
    static final long PROTOCOL_FEATURES = 1 << 30;
    static final long VERSION_1 = 1L << 32;
    /// We take UDP super-frames.
    static final long HOST_USO = 1L << 56;

    static final long PROTOCOL_MQ = 1;
    static final long PROTOCOL_REPLY_ACK = 1 << 3;
    static final long PROTOCOL_MTU = 1 << 4;
    static final long PROTOCOL_MEM_SLOTS = 1 << 15;
    /// The protocol features we have.
    static final long PROTOCOL_OFFERED = PROTOCOL_MQ | PROTOCOL_REPLY_ACK | PROTOCOL_MTU | PROTOCOL_MEM_SLOTS;

    private static final long OFFERED = CSUM | GUEST_CSUM | MTU | GUEST_TSO4 | HOST_TSO4 | MRG_RXBUF | INDIRECT_DESC | EVENT_IDX
            | PROTOCOL_FEATURES | VERSION_1 | HOST_USO;

    private Features() {}

    /// The device features we have.
    static long offered(VhostUserConfig config) {
        return config.queuePairs() > 1 ? OFFERED | MQ : OFFERED;
    }
}
