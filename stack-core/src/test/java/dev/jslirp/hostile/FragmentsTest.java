package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.IcmpMessage;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.DropReason;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Fragments that never come together, or should not.
class FragmentsTest extends HostileTest {
    private static final long REASSEMBLY_BYTES = 4 << 20;

    private void fragment(int id, int offset, int length, boolean more) {
        net.guest.send(new Ipv4Packet(id, false, more, offset, 64, Ipv4Packet.UDP, ATTACKER, FAR, new byte[length]));
    }

    @Test
    void teardropIsRefusedAndForgotten() {
        fragment(1, 0, 40, true);
        fragment(1, 24, 8, false);
        fragment(1, 40, 8, false);

        assertEquals(2, drops(DropReason.FRAGMENT_MALFORMED));
        assertEquals(0, count(Counter.DATAGRAMS_REASSEMBLED));
        assertEquals(0, held());
        net.reactor.advance(31 * S);
        assertEquals(Long.MAX_VALUE, net.reactor.wakeAtNs());
    }

    @Test
    void pingOfDeathIsRefused() {
        byte[] echo = new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, 1, new byte[60_000]).encode();
        Ipv4Packet ping = Ipv4Packet.of(Ipv4Packet.ICMP, ATTACKER, GATEWAY, echo);
        ping.fragments(1_480).forEach(net.guest::send);
        net.guest.send(new Ipv4Packet(2, false, true, 0, 64, Ipv4Packet.ICMP, ATTACKER, GATEWAY, new byte[1_480]));
        net.guest.send(new Ipv4Packet(2, false, false, 65_528, 64, Ipv4Packet.ICMP, ATTACKER, GATEWAY, new byte[1_400]));
        net.reactor.settle();

        assertEquals(1, count(Counter.ECHO_ANSWERED));
        assertEquals(1, drops(DropReason.FRAGMENT_MALFORMED));
        assertEquals(0, held());
    }

    /// CVE-2019-15890: a fragment that covers a later one.
    @Test
    void aFragmentThatCoversALaterOneRefusesTheDatagram() {
        fragment(1, 64, 8, true);
        fragment(1, 48, 64, true);
        fragment(1, 0, 48, true);

        assertEquals(2, drops(DropReason.FRAGMENT_MALFORMED));
        assertEquals(0, held());
    }

    /// CVE-2018-11806, CVE-2019-14378, CVE-2020-1983: fragments larger than an ordinary packet, in any order.
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5})
    void largeFragmentsComeTogetherWhateverTheirOrder(int rotation) {
        start(config(), LinkCapabilities.plain(9_000));
        byte[] payload = new byte[60_000];
        new SplittableRandom(1).nextBytes(payload);
        List<Ipv4Packet> fragments = Ipv4Packet.of(Ipv4Packet.UDP, ATTACKER, FAR, new UdpDatagram(5, 6, payload).encode(ATTACKER, FAR))
                .fragments(8_976);
        for (int i = 0; i < fragments.size(); i++) {
            net.guest.send(fragments.get((i + rotation) % fragments.size()));
        }
        net.reactor.settle();

        assertArrayEquals(payload, net.host.datagrams().getFirst().sent().getFirst().bytes());
    }

    @Test
    void theLargestDatagramComesTogetherAtAnMtuOf576() {
        byte[] payload = new byte[65_507];
        Ipv4Packet.of(Ipv4Packet.UDP, ATTACKER, FAR, new UdpDatagram(5, 6, payload).encode(ATTACKER, FAR)).fragments(552).reversed()
                .forEach(net.guest::send);
        net.reactor.settle();

        assertEquals(65_507, net.host.datagrams().getFirst().sent().getFirst().bytes().length);
    }

    /// libslirp 4.9.4: fragments whose headers have different lengths leaked memory.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void headersOfDifferentLengthsComeTogether(boolean longFirst) {
        byte[] datagram = new UdpDatagram(5, 6, "abcdefghijklmnop".getBytes(StandardCharsets.US_ASCII)).encode(ATTACKER, FAR);
        List<Ipv4Packet> pieces = Ipv4Packet.of(Ipv4Packet.UDP, ATTACKER, FAR, datagram).fragments(16);
        sendRaw(longFirst ? withOptions(pieces.getFirst().encode()) : pieces.getFirst().encode());
        sendRaw(longFirst ? pieces.getLast().encode() : withOptions(pieces.getLast().encode()));
        net.reactor.settle();

        assertEquals("abcdefghijklmnop", new String(net.host.datagrams().getFirst().sent().getFirst().bytes(),
                StandardCharsets.US_ASCII));
    }

    private static byte[] withOptions(byte[] packet) {
        byte[] nops = new byte[40];
        Arrays.fill(nops, (byte) 1);
        return summed(new WireWriter().u8(0x4f).u8(0).u16(packet.length + 40).bytes(Arrays.copyOfRange(packet, 4, 20)).bytes(nops)
                .bytes(Arrays.copyOfRange(packet, 20, packet.length)).toByteArray(), 60);
    }

    @Test
    void datagramsWithoutAnEndGiveWayToNewerOnes() {
        for (int id = 0; id < 20_000; id++) {
            fragment(id, 0, 1_480, true);
        }

        assertEquals(20_000 - 64, count(Counter.REASSEMBLY_LIMIT));
        assertEquals(20_000 - 64, drops(DropReason.FRAGMENT_LIMIT));
        assertHeldAtMost(64 * 1_500);
        assertSecondIsServed();
        net.reactor.advance(31 * S);
        assertEquals(64, count(Counter.REASSEMBLY_TIMEOUT));
        assertEquals(0, held());
    }

    @Test
    void aDatagramOfEndlessTinyFragmentsIsGivenUp() {
        for (int offset = 0; offset < 60_000; offset += 8) {
            fragment(1, offset, 8, true);
        }

        assertEquals(1, count(Counter.REASSEMBLY_LIMIT));
        assertEquals(0, held());
    }

    @Test
    void theBytesOfAllDatagramsAreBounded() {
        start(config(), LinkCapabilities.plain(65_520));
        for (int round = 0; round < 4; round++) {
            for (int id = 0; id < 64; id++) {
                fragment(round << 8 | id, 0, 32_000, true);
                fragment(round << 8 | id, 32_000, 32_000, true);
            }
        }

        assertNotEquals(0, count(Counter.REASSEMBLY_LIMIT));
        assertHeldAtMost(REASSEMBLY_BYTES);
        net.reactor.advance(31 * S);
        assertEquals(0, held());
    }

    @Test
    void fragmentsOfManySourcesAreBoundedTogether() {
        for (int host = 4; host < 250; host++) {
            for (int id = 0; id < 20; id++) {
                net.guest.send(new Ipv4Packet(id, false, true, 0, 64, Ipv4Packet.UDP, v4("10.0.2.0") + host, FAR, new byte[1_480]));
            }
        }

        assertHeldAtMost(64 * 1_500);
        assertEquals(246 * 20 - 64, drops(DropReason.FRAGMENT_LIMIT));
    }
}
