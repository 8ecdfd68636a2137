package dev.jslirp.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;

/// DHCP messages (RFC 2131 §2) of four stations, by broadcast or to the gateway.
class DhcpFuzzTest {
    private static final int BROADCAST = 0xffff_ffff;
    private static final long BROADCAST_MAC = 0xffff_ffff_ffffL;
    private static final long FIRST_MAC = 0x5254_0012_3456L;
    private static final int GATEWAY = 0x0a00_0202;
    private static final int LENGTH_MAX = 1_400;

    @FuzzTest(maxDuration = "0s")
    void messages(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        FuzzNetwork.run(GuestNetworkConfig.defaults(), net -> {
            while (net.step(input)) {
                step(net, input);
            }
        });
    }

    private static void step(FuzzNetwork net, FuzzInput input) {
        int kind = input.u8();
        if (kind % 8 == 0) {
            net.advance(input.u8());
            return;
        }
        boolean broadcast = (kind & 8) == 0;
        int src = (kind & 16) == 0 ? 0 : net.fixture.guest.ip() + (kind >> 5 & 1);
        int dst = broadcast ? BROADCAST : GATEWAY;
        byte[] message = kind % 8 == 1 ? input.bytes(input.u16() % LENGTH_MAX) : message(input);
        net.sent(message.length);
        net.fixture.guest.send(broadcast ? BROADCAST_MAC : Repair.GATEWAY_MAC, 0x0800,
                Ipv4Packet.of(Ipv4Packet.UDP, src, dst, new UdpDatagram(68, 67, message).encode(src, dst)).encode());
    }

    /// A header that is right, addresses and options as the input says.
    private static byte[] message(FuzzInput input) {
        WireWriter out = new WireWriter().u8(1).u8(1).u8(6).u8(0).u32(7).u16(0).u16(input.u8() << 8);
        out.u32(address(input)).u32(0).u32(0).u32(address(input));
        out.mac(FIRST_MAC + (input.u8() & 3)).padTo(236).u32(0x6382_5363).u8(53).u8(1).u8(input.u8());
        return out.bytes(input.bytes(input.u16() % LENGTH_MAX)).toByteArray();
    }

    /// None, one of the network, or any.
    private static int address(FuzzInput input) {
        int kind = input.u8();
        return switch (kind % 3) {
            case 0 -> 0;
            case 1 -> GATEWAY & ~0xff | input.u8();
            default -> input.u32();
        };
    }
}
