package dev.jslirp.testkit;

import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;

/// ARP for IPv4 over Ethernet (RFC 826).
public record ArpMessage(int operation, long senderMac, int senderIp, long targetMac, int targetIp) {
    /// Operations.
    public static final int REQUEST = 1, REPLY = 2;

    /// The payload of the Ethernet frame.
    public byte[] encode() {
        return new WireWriter().u16(1).u16(EthernetFrame.IPV4).u8(6).u8(4).u16(operation)
                .mac(senderMac).u32(senderIp).mac(targetMac).u32(targetIp).toByteArray();
    }

    /// The message in these bytes.
    ///
    /// @throws AssertionError if it is not ARP for IPv4 over Ethernet
    public static ArpMessage parse(byte[] bytes) {
        WireReader in = new WireReader(bytes);
        if (in.u16() != 1 || in.u16() != EthernetFrame.IPV4 || in.u8() != 6 || in.u8() != 4) {
            throw new AssertionError("not ARP for IPv4 over Ethernet");
        }
        return new ArpMessage(in.u16(), in.mac(), in.u32(), in.mac(), in.u32());
    }

    @Override
    public String toString() {
        if (operation == REQUEST) {
            return "arp who-has " + IpAddress.v4(targetIp) + " tell " + IpAddress.v4(senderIp);
        }
        return "arp reply " + IpAddress.v4(senderIp) + " is-at " + new MacAddress(senderMac);
    }
}
