package dev.jslirp.hostile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.tcp.TcpConnection;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.time.Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// How much of bulk flows the stack handles between the moment another flow's bytes could be had and the moment it has passed them on.
/// Bytes are counted, not time; the bounds follow from the limits that share a batch among flows.
class FairTurnsTest extends HostileTest {
    private static final int SUPER_SEGMENT_BYTES = 65_536;
    /// The turn that a segment's length makes the last one may exceed by that segment.
    private static final int TURN_BYTES_MAX = TcpConnection.TURN_BYTES + SUPER_SEGMENT_BYTES;
    /// Turns of one flow in one batch.
    private static final int TURNS = 2 * Batch.MAX_ROUNDS;
    private static final int BULK_PORT = 5_000, PORT = 6_000;
    /// On the wire, to be scaled by 1024.
    private static final int WINDOW = 16_000;
    private static final int BURST_BYTES = 3 << 20;
    private static final byte[] REQUEST = new byte[100], ANSWER = new byte[50];

    private Attack other;
    private SimHostStream otherStream;
    /// Bytes of bulk flows handled so far.
    private long bulkBytes;
    private long atDeparture;

    @BeforeEach
    void open() {
        start(config(), LinkCapabilities.offloading(1_500, false));
        other = new Attack(net, PORT, v4("198.51.100.8"), 80).open();
        otherStream = net.host.stream(socket("198.51.100.8", 80));
    }

    private static String bulkServer(int i) {
        return "192.0.2." + (1 + i);
    }

    private Attack openBulk(int i) {
        Attack bulk = new Attack(net, BULK_PORT + i, v4(bulkServer(i)), 80);
        bulk.synOptions = List.of(Attack.windowScale(10));
        bulk.window = WINDOW;
        return bulk.open();
    }

    private SimHostStream bulkStream(int i) {
        return net.host.stream(socket(bulkServer(i), 80));
    }

    /// Downloads with megabytes queued and congestion windows as large, which one window update each sets free.
    private List<Attack> downloads(int count) {
        List<Attack> downloads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Attack bulk = openBulk(i);
            bulkStream(i).peerSend(new byte[24 << 20]);
            net.reactor.settle();
            bulk.read();
            for (int j = 0; j < 40 && bulk.next - bulk.ack < BURST_BYTES; j++) {
                bulk.ack = bulk.next;
                bulk.acknowledge(bulk.ack);
            }
            assertTrue(bulk.next - bulk.ack >= BURST_BYTES, "the congestion window is too small");
            bulk.window = 1;
            bulk.ack = bulk.next;
            bulk.acknowledge(bulk.ack);
            downloads.add(bulk);
        }
        return downloads;
    }

    private void updateWindows(List<Attack> downloads) {
        for (int i = 0; i < downloads.size(); i++) {
            Attack bulk = downloads.get(i);
            net.guest.send(v4(bulkServer(i)), new TcpSegment(BULK_PORT + i, 80, bulk.seq, bulk.ack, TcpSegment.ACK, WINDOW, 0,
                    List.of(), new byte[0]));
        }
    }

    private void request() {
        net.guest.send(v4("198.51.100.8"), new TcpSegment(PORT, 80, other.seq, other.ack, TcpSegment.ACK, 60_000, 0, List.of(), REQUEST));
    }

    /// Calls `arrive` with the first bulk segment that goes out in a batch: the worst moment, since all of that batch comes first.
    private void onFirstBulkSegment(Runnable arrive) {
        net.guest.onReceive(received -> {
            TcpSegment segment = received.tcp();
            if (segment == null) {
                return;
            }
            if (segment.dstPort() != PORT) {
                if (bulkBytes == 0) {
                    net.reactor.schedule(net.reactor.nowNs(), arrive);
                }
                bulkBytes += segment.payload().length;
            } else if (segment.payload().length == ANSWER.length) {
                atDeparture = bulkBytes;
            }
        });
        otherStream.onPeerReceived(bytes -> {
            assertArrayEquals(REQUEST, bytes);
            atDeparture = bulkBytes;
        });
    }

    private void assertShared(int flows) {
        assertTrue(bulkBytes >= (long) flows * BURST_BYTES, "the bulk flows moved only " + bulkBytes + " bytes");
        // All of the batch under way, and one turn each in the next.
        assertTrue(atDeparture > 0 && atDeparture <= (long) flows * (TURNS + 1) * TURN_BYTES_MAX, atDeparture + " bytes came first");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void aRequestWaitsForTheBatchUnderWayAndOneTurnOfEachDownload(int flows) {
        List<Attack> downloads = downloads(flows);
        onFirstBulkSegment(this::request);
        net.reactor.round(() -> updateWindows(downloads));
        net.reactor.settle();
        assertShared(flows);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void anAnswerWaitsForTheBatchUnderWayAndOneTurnOfEachDownload(int flows) {
        List<Attack> downloads = downloads(flows);
        onFirstBulkSegment(() -> otherStream.peerSend(ANSWER));
        net.reactor.round(() -> updateWindows(downloads));
        net.reactor.settle();
        assertShared(flows);
    }

    /// In one batch with the window updates, a request goes out before any flow's second turn.
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void aRequestOfTheSameBatchWaitsForOneTurnOfEachDownload(int flows) {
        List<Attack> downloads = downloads(flows);
        onFirstBulkSegment(() -> { });
        net.reactor.round(() -> {
            updateWindows(downloads);
            request();
        });
        net.reactor.settle();
        assertTrue(atDeparture > 0 && atDeparture <= (long) flows * TURN_BYTES_MAX, atDeparture + " bytes came first");
    }

    /// What a guest's uploads can put before a request in the link's queue is what their windows allow, and the stack adds nothing: the
    /// batch that the request is in passes it on.
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void aRequestWaitsForNoMoreOfAnUploadThanItsWindow(int flows) {
        List<Attack> uploads = new ArrayList<>();
        for (int i = 0; i < flows; i++) {
            Attack bulk = openBulk(i);
            bulkStream(i).onPeerReceived(bytes -> bulkBytes += bytes.length);
            // The window opens with what is passed on.
            bulk.flood(new byte[1 << 20]);
            uploads.add(bulk);
        }
        bulkBytes = 0;
        otherStream.onPeerReceived(bytes -> atDeparture = bulkBytes);
        long windows = uploads.stream().mapToLong(FairTurnsTest::windowLeft).sum();
        net.reactor.round(() -> {
            for (int i = 0; i < flows; i++) {
                fill(uploads.get(i), bulkServer(i), BULK_PORT + i);
            }
            request();
        });
        assertEquals(windows, atDeparture, "not all bytes were passed on at once, in the order they came");
        assertTrue(windows <= (long) flows * config().tcp().receiveWindowMax(), "the windows add up to " + windows + " bytes");
    }

    private static int windowLeft(Attack upload) {
        return upload.acked + upload.room - upload.seq;
    }

    /// Sends the whole window at once.
    private void fill(Attack bulk, String server, int port) {
        byte[] window = new byte[windowLeft(bulk)];
        for (int at = 0; at < window.length; at += 1_400) {
            net.guest.send(v4(server), new TcpSegment(port, 80, bulk.seq + at, bulk.ack, TcpSegment.ACK, bulk.window, 0, List.of(),
                    Arrays.copyOfRange(window, at, Math.min(window.length, at + 1_400))));
        }
    }

    /// A flood of datagrams is passed on in the order it came, and so is the request in the midst of it.
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void aRequestInAFloodOfDatagramsGoesOutWithTheBatchItCameIn(int flows) {
        int[] answeredAfter = {-1};
        int[] rounds = new int[1];
        otherStream.onPeerReceived(bytes -> answeredAfter[0] = rounds[0]);
        for (int round = 0; round < 20; round++) {
            int now = round;
            rounds[0] = round;
            net.reactor.round(() -> {
                for (int i = 0; i < 32; i++) {
                    sendUdp(BULK_PORT + i % flows, FAR, 9, new byte[1_400]);
                    if (now == 10 && i == 16) {
                        request();
                    }
                }
            });
        }
        assertEquals(10, answeredAfter[0]);
        assertEquals(20 * 32, net.host.datagrams().stream().mapToInt(socket -> socket.sent().size()).sum());
    }
}
