package dev.jslirp.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.net.NetConfig;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.wire.IpAddress;

/// Fragments (RFC 791 §3.2) of eight datagrams, against limits that inputs reach.
class FragmentFuzzTest {
    private static final long S = 1_000_000_000L;
    private static final GuestNetworkConfig CONFIG = GuestNetworkConfig.defaults()
            .withNet(new NetConfig(8, 600 * S, 4, 8 << 10, 16 << 10, 4, 16, 30 * S, 1_000, 100));
    private static final int[] DESTINATIONS = {0x0a00_0202, IpAddress.parse("192.0.2.9").v4Bits()};
    private static final int[] PROTOCOLS = {Ipv4Packet.UDP, Ipv4Packet.ICMP, Ipv4Packet.TCP, 99};
    private static final int PAYLOAD_MAX = 1_480;

    @FuzzTest(maxDuration = "0s")
    void fragments(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        FuzzNetwork.run(CONFIG, net -> {
            while (net.step(input)) {
                step(net, input);
            }
        });
    }

    /// The first byte: datagram (id, destination, protocol) and "more fragments".
    private static void step(FuzzNetwork net, FuzzInput input) {
        int kind = input.u8();
        if (kind == 0xff) {
            net.advance(input.u8());
            return;
        }
        int offset = (kind & 0x80) == 0 ? input.u8() * 8 : (input.u16() & 0x1fff) * 8;
        byte[] payload = (kind & 0x40) == 0 ? input.bytes(input.u8()) : new byte[input.u16() % (PAYLOAD_MAX + 1)];
        int dst = DESTINATIONS[kind >> 1 & 1];
        Ipv4Packet fragment = new Ipv4Packet(kind & 1, false, (kind & 0x20) != 0, offset, 64, PROTOCOLS[kind >> 3 & 3],
                net.fixture.guest.ip(), dst, payload);
        net.sent(payload.length + 64);
        net.fixture.guest.send(fragment);
    }
}
