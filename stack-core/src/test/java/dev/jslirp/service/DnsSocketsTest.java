package dev.jslirp.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.host.HostError;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DnsSocketsTest {
    private static final long S = 1_000_000_000L;
    private static final int DNS = IpAddress.parse("10.0.2.3").v4Bits();
    private static final InetSocketAddress RESOLVER = new InetSocketAddress(IpAddress.parse("9.9.9.9").toInetAddress(), 53);
    private static final InetSocketAddress SECOND = new InetSocketAddress(IpAddress.parse("9.9.9.10").toInetAddress(), 53);

    private NetworkFixture net;
    private int asked;

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
    }

    @Test
    void queriesShareAtMostTheSocketsConfigured() {
        open(4, 1_000, RESOLVER);
        ask(100);
        assertEquals(4, net.host.socketsOpen());
        Set<Integer> ids = new HashSet<>();
        net.host.datagrams().forEach(socket -> {
            ids.clear();
            socket.sent().forEach(datagram -> assertTrue(ids.add(id(datagram.bytes())), "ids are unique at a socket"));
        });
        answerAll();
        assertEquals(100, net.count(Counter.DNS_ANSWERS));
    }

    @Test
    void restLeavesNoSocketAndNoTimer() {
        open(4, 1_000, RESOLVER);
        ask(10);
        answerAll();
        net.reactor.advance(2 * S);
        assertEquals(0, net.host.socketsOpen());
        assertEquals(0, net.count(Counter.DNS_TIMEOUTS));
    }

    @Test
    void wornOutSocketIsReplacedAndClosesWithItsLastQuery() {
        open(1, 3, RESOLVER);
        ask(4);
        assertEquals(2, net.host.socketsOpen());
        SimHostDatagrams worn = net.host.datagrams().getFirst();
        assertEquals(3, worn.sent().size());
        assertNotEquals(worn.localAddress(), net.host.datagrams().getLast().localAddress());
        for (int i = 0; i < 3; i++) {
            assertEquals(2, net.host.socketsOpen());
            answer(worn, i);
        }
        assertEquals(1, net.host.socketsOpen());
    }

    @Test
    void oldSocketIsReplaced() {
        open(1, 1_000, RESOLVER);
        ask(1);
        net.reactor.advance(3 * S / 2);
        ask(1);
        assertEquals(2, net.host.socketsOpen());
        assertEquals(1, net.host.datagrams().getFirst().sent().size());
    }

    @Test
    void answerAtAnotherSocketOfTheSameResolverIsForged() {
        open(2, 1_000, RESOLVER);
        ask(20);
        assertEquals(2, net.host.socketsOpen());
        SimHostDatagrams one = net.host.datagrams().getFirst();
        SimHostDatagrams other = net.host.datagrams().getLast();
        other.peerSend(RESOLVER, response(one.sent().getFirst().bytes()));
        net.reactor.settle();
        assertEquals(1, net.count(Counter.DNS_FORGED_ANSWERS));
        assertEquals(0, net.count(Counter.DNS_ANSWERS));
    }

    @Test
    void socketErrorMovesOnlyTheQueriesOfThatSocket() {
        open(2, 1_000, RESOLVER, SECOND);
        ask(20);
        SimHostDatagrams failed = net.host.datagrams().getFirst();
        int moved = failed.sent().size();
        failed.peerError(HostError.REFUSED, RESOLVER);
        net.reactor.settle();
        assertEquals(moved, net.count(Counter.DNS_FAILOVERS));
        assertTrue(moved < 20);
        long toSecond = net.host.datagrams().stream().skip(2).mapToLong(socket -> socket.sent().size()).sum();
        assertEquals(moved, toSecond);
    }

    @Test
    void whenTheHostGivesNoMoreSocketsThoseOpenAreShared() {
        open(32, 1_000, RESOLVER);
        net.host.setSocketsMax(3);
        ask(50);
        assertEquals(3, net.host.socketsOpen());
        assertTrue(net.count(Counter.DNS_SOCKETS_REFUSED) > 0);
        answerAll();
        assertEquals(50, net.count(Counter.DNS_ANSWERS));
    }

    private void open(int socketsMax, int queriesMax, InetSocketAddress... resolvers) {
        GuestNetworkConfig config = GuestNetworkConfig.defaults();
        net = NetworkFixture.ready(config.withDns(DnsConfig.forwardingTo(() -> List.of(resolvers))
                .withSockets(socketsMax, queriesMax, 3 * S / 2, S)), LinkCapabilities.plain(1500));
    }

    private void ask(int queries) {
        for (int i = 0; i < queries; i++) {
            byte[] name = ("n" + asked).getBytes(StandardCharsets.US_ASCII);
            ByteBuffer query = ByteBuffer.allocate(12 + 1 + name.length + 5).putShort((short) asked).putShort((short) 0x100)
                    .putShort((short) 1).putShort((short) 0).putInt(0).put((byte) name.length).put(name).put((byte) 0).putShort((short) 1).putShort((short) 1);
            net.guest.send(DNS, new UdpDatagram(5_000 + asked++, 53, query.array()));
        }
        net.reactor.settle();
    }

    private void answerAll() {
        for (SimHostDatagrams socket : net.host.datagrams()) {
            for (int i = 0; i < socket.sent().size(); i++) {
                answer(socket, i);
            }
        }
    }

    private void answer(SimHostDatagrams socket, int at) {
        socket.peerSend(RESOLVER, response(socket.sent().get(at).bytes()));
        net.reactor.settle();
    }

    private static byte[] response(byte[] query) {
        byte[] answer = query.clone();
        answer[2] |= (byte) 0x80;
        return answer;
    }

    private static int id(byte[] message) {
        return ByteBuffer.wrap(message).getShort();
    }
}
