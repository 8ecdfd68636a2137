package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.stats.Counter;
import dev.jslirp.tcp.TcpState;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.DropReason;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// The forwarder between a guest that lies and a network that forges.
class DnsTest extends HostileTest {
    private void ask(int port, byte[] query) {
        sendUdp(port, DNS, 53, query);
        net.reactor.settle();
    }

    private static byte[] answer(byte[] query) {
        byte[] answer = query.clone();
        answer[2] |= (byte) 0x80;
        return answer;
    }

    private Attack connect(int guestPort) {
        return new Attack(net, guestPort, DNS, 53).open();
    }

    private static byte[] prefixed(byte[] query) {
        return new WireWriter().u16(query.length).bytes(query).toByteArray();
    }

    @Test
    void compressionLoopsEnd() {
        byte[][] names = {{(byte) 0xc0, 12}, {(byte) 0xc0, 14, (byte) 0xc0, 12}, {1, 'a', (byte) 0xc0, 12}, {(byte) 0xff, (byte) 0xff},
            {(byte) 0xc0}, {63}, {64, 'a'}, {(byte) 0x80, 0}};
        for (int i = 0; i < names.length; i++) {
            ask(5_000 + i, new WireWriter().u16(i).u16(0x0100).u16(1).u16(0).u16(0).u16(0).bytes(names[i]).u16(1).u16(1).toByteArray());
        }

        assertEquals(names.length, drops(DropReason.DNS_MALFORMED));
        assertEquals(0, count(Counter.DNS_FORWARDED));
        assertEquals(0, held());
    }

    @Test
    void aLongChainOfPointersInAnAdditionalRecordEnds() {
        WireWriter message = new WireWriter().u16(1).u16(0x0100).u16(1).u16(0).u16(0).u16(65_535).u8(1).u8('a').u8(0).u16(1).u16(1);
        while (message.toByteArray().length < 1_400) {
            message.u16(0xc000 | message.toByteArray().length - 2);
        }
        ask(5_000, message.toByteArray());

        assertEquals(1, count(Counter.DNS_QUERIES));
    }

    @Test
    void randomMessagesDoNoHarm() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 3_000; i++) {
            byte[] message = query(i, "some.name.example");
            for (int changes = random.nextInt(6); changes >= 0; changes--) {
                message[random.nextInt(message.length)] = (byte) random.nextInt();
            }
            ask(1_024 + i, java.util.Arrays.copyOf(message, random.nextInt(message.length + 1)));
            discard();
        }
        assertTrue(count(Counter.DNS_FORWARDED) > 0);
        net.reactor.advance(60 * S);
        assertEquals(0, held());
        assertEquals(0, net.host.socketsOpen());
    }

    @Test
    void anAnswerCountsOnlyFromTheAddressAndPortAskedWithIdAndQuestion() {
        byte[] query = query(77, "victim.example");
        ask(5_000, query);
        SimHostDatagrams socket = net.host.datagrams().getLast();
        byte[] sent = socket.sent().getFirst().bytes();
        byte[] wrongId = answer(sent);
        wrongId[0] ^= 1;
        byte[] wrongQuestion = answer(sent);
        wrongQuestion[13] ^= 3;
        socket.peerSend(RESOLVER, wrongId);
        socket.peerSend(RESOLVER, wrongQuestion);
        socket.peerSend(RESOLVER, sent);
        socket.peerSend(socket("9.9.9.9", 54), answer(sent));
        socket.peerSend(socket("9.9.9.8", 53), answer(sent));
        for (int id = 0; id < 1_000; id++) {
            byte[] guess = answer(sent);
            guess[0] = (byte) (sent[0] + 1 + id / 250);
            guess[1] = (byte) id;
            socket.peerSend(RESOLVER, guess);
        }
        net.reactor.settle();
        assertEquals(1_005, count(Counter.DNS_FORGED_ANSWERS));
        assertNull(net.guest.poll());

        socket.peerSend(RESOLVER, answer(sent));
        net.reactor.settle();
        assertEquals(77, net.guest.poll().udp().payload()[1]);
    }

    @Test
    void idsAreFreshForEveryQueryAndPortsAreManyButBounded() {
        Set<Integer> ids = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            ask(5_000 + i, query(7, "n" + i + ".example"));
        }
        for (SimHostDatagrams socket : net.host.datagrams()) {
            socket.sent().forEach(datagram -> ids.add((datagram.bytes()[0] & 0xff) << 8 | datagram.bytes()[1] & 0xff));
        }
        assertTrue(ids.size() > 190);
        assertTrue(net.host.socketsOpen() > 24 && net.host.socketsOpen() <= 32);
    }

    @Test
    void pendingQueriesAreBoundedAndTheOldestGiveWay() {
        for (int i = 0; i < 5_000; i++) {
            ask(1_024 + i, query(i, "q" + i + ".example"));
        }

        assertEquals(5_000 - 1_024, count(Counter.DNS_PENDING_LIMIT));
        assertEquals(32, net.host.socketsOpen());
        assertHeldAtMost(1_024 * 512);
        net.reactor.advance(60 * S);
        assertEquals(0, net.host.socketsOpen());
        assertEquals(0, held());
    }

    @Test
    void anAnswerOverTcpThatIsTooLongIsCutOff() {
        Attack guest = connect(5_000);
        guest.send(prefixed(query(1, "big.example")));
        net.reactor.settle();
        net.host.stream(RESOLVER).peerSend(new byte[4 << 20]);
        net.reactor.settle();

        assertHeldAtMost(1 << 20);
    }

    // ---- over TCP

    @Test
    void streamsAreBoundedAndIdleOnesGiveWay() {
        for (int i = 0; i < 500; i++) {
            connect(5_000 + i);
            discard();
        }

        assertEquals(500 - 64, count(Counter.DNS_STREAM_LIMIT));
        assertEquals(64, net.network.flowCount());
        assertHeldAtMost(64 * 1_024);
        net.reactor.advance(11 * S);
        assertEquals(64, count(Counter.DNS_STREAM_IDLE));
        net.reactor.advance(200 * S);
        assertEquals(0, held());
    }

    /// Slow loris: a query of which one byte comes now and then.
    @Test
    void aQueryThatNeverGetsReadyDoesNotKeepItsStream() {
        Attack guest = connect(5_000);
        byte[] query = prefixed(query(1, "slow.example"));
        for (int i = 0; i < query.length - 1; i++) {
            guest.send(new byte[] {query[i]});
            net.reactor.advance(S);
        }

        assertEquals(1, count(Counter.DNS_STREAM_IDLE));
        assertNotEquals(TcpState.ESTABLISHED, net.tcpState(5_000, DNS, 53));
    }

    @Test
    void pipelinedQueriesAreHeldBackByTheWindow() {
        Attack guest = connect(5_000);
        byte[] query = prefixed(query(1, "pipelined.example"));
        byte[] many = new byte[query.length * 10_000];
        for (int at = 0; at < many.length; at += query.length) {
            System.arraycopy(query, 0, many, at, query.length);
        }
        guest.flood(many);

        assertNotEquals(0, count(Counter.DNS_STREAM_STALLED));
        assertEquals(16, net.host.socketsOpen());
        assertHeldAtMost(300 << 10);
    }

    @Test
    void answersThatTheGuestDoesNotReadAreBounded() {
        Attack guest = connect(5_000);
        byte[] query = prefixed(query(1, "host.test"));
        byte[] many = new byte[query.length * 20_000];
        for (int at = 0; at < many.length; at += query.length) {
            System.arraycopy(query, 0, many, at, query.length);
        }
        guest.flood(many);

        assertHeldAtMost(config().tcp().sendBufferMax() + (512 << 10));
        net.reactor.advance(2_000 * S);
        assertEquals(0, held());
    }

    @Test
    void aQueryLongerThanAllowedResetsTheStream() {
        Attack guest = connect(5_000);
        guest.send(new WireWriter().u16(4_097).toByteArray());

        assertEquals(TcpSegment.RST, guest.lastFlags() & TcpSegment.RST);
        assertEquals(1, drops(DropReason.DNS_MALFORMED));
    }

    // ---- where DNS is

    @Test
    void theGatewaysPort53IsTheHostsOwnOverUdpAndTcp() {
        sendUdp(5_000, GATEWAY, 53, query(1, "a.example"));
        sendSyn(5_000, GATEWAY, 53);
        net.reactor.settle();

        assertEquals(socket("127.0.0.1", 53), net.host.datagrams().getLast().sent().getFirst().peer());
        assertEquals(socket("127.0.0.1", 53), net.host.streams().getLast().remoteAddress());
        assertEquals(0, count(Counter.DNS_QUERIES));
    }
}
