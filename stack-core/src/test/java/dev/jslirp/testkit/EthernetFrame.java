package dev.jslirp.testkit;

import dev.jslirp.wire.MacAddress;

/// An Ethernet frame, as a guest sees it.
public record EthernetFrame(long dstMac, long srcMac, int etherType, byte[] payload) {
    /// EtherTypes.
    public static final int IPV4 = 0x0800, ARP = 0x0806;

    /// The bytes on the wire; short payloads are padded as Ethernet does.
    public byte[] encode() {
        return new WireWriter().mac(dstMac).mac(srcMac).u16(etherType).bytes(payload).padTo(60).toByteArray();
    }

    /// The frame in these bytes.
    public static EthernetFrame parse(byte[] bytes) {
        WireReader in = new WireReader(bytes);
        return new EthernetFrame(in.mac(), in.mac(), in.u16(), in.rest());
    }

    @Override
    public String toString() {
        return "ethernet " + new MacAddress(srcMac) + " > " + new MacAddress(dstMac) + " type 0x" + Integer.toHexString(etherType)
                + " (" + payload.length + ")";
    }
}
