package dev.jslirp.net;

import static dev.jslirp.net.NetFixture.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.MacAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NeighborTableTest {
    private static final long[] REQUEST_TIMES_MS = {100, 300, 700, 1_500};
    private static final long GIVEN_UP_MS = 3_100;

    private NetFixture net = new NetFixture();

    @AfterEach
    void nothingIsLeft() {
        net.close();
    }

    private void use(NetConfig config) {
        net.close();
        net = new NetFixture(LinkCapabilities.plain(1_500), config);
    }

    private static NetConfig limits(int neighbors, int pending) {
        NetConfig d = NetConfig.defaults();
        return new NetConfig(neighbors, d.neighborAgeNs(), pending, d.neighborPendingBytesMax(), d.reassemblyBytesMax(),
                d.reassemblyDatagramsMax(), d.reassemblyFragmentsMax(), d.reassemblyAgeNs(), d.icmpErrorsPerSecond(), d.icmpErrorBurst());
    }

    private void sendTo(int guest, int marker) {
        ByteBuf payload = Unpooled.buffer().writeInt(marker);
        net.output.udp(0, lo(OUTSIDE), 53, 0, lo(guest), 1_024, payload, 0, 4, net.nowNs);
    }

    private void assertRequest(long dst, int target) {
        assertArrayEquals(arp(dst, 1, GATEWAY_MAC, GATEWAY, 0, target), bytes(net.next()));
    }

    @Test
    void packetsToAnUnknownGuestWaitForItsAnswerAndKeepTheirOrder() {
        sendTo(GUEST, 1);
        sendTo(GUEST, 2);
        assertRequest(MacAddress.BROADCAST, GUEST);
        net.assertSilent();
        assertEquals(2, net.neighbors.pending());
        net.receive(arp(GATEWAY_MAC, 2, GUEST_MAC, GUEST, GATEWAY_MAC, GATEWAY));
        for (int marker = 1; marker <= 2; marker++) {
            byte[] packet = checkedIp(net.next(), GUEST_MAC, OUTSIDE, GUEST, 17);
            assertEquals(marker, Unpooled.wrappedBuffer(packet).getInt(28));
            assertEquals(0, slowChecksum(pseudo(OUTSIDE, GUEST, 17, java.util.Arrays.copyOfRange(packet, 20, packet.length))));
        }
        net.assertSilent();
        assertEquals(0, net.neighbors.pending());
        assertEquals(0, net.counters.drops());
    }

    @Test
    void anIpv4PacketOfTheGuestResolvesItToo() {
        sendTo(GUEST, 1);
        assertRequest(MacAddress.BROADCAST, GUEST);
        net.receive(fromGuest(OUTSIDE, 17, udp(GUEST, 1_024, OUTSIDE, 53, new byte[0])));
        checkedIp(net.next(), GUEST_MAC, OUTSIDE, GUEST, 17);
    }

    @Test
    void requestsAreRepeatedWithDoublingPausesThenThePacketsAreDropped() {
        long start = net.nowNs;
        sendTo(GUEST, 1);
        assertRequest(MacAddress.BROADCAST, GUEST);
        for (long at : REQUEST_TIMES_MS) {
            net.neighbors.onDeadline(start + at * MS - 1);
            net.assertSilent();
            net.neighbors.onDeadline(start + at * MS);
            assertRequest(MacAddress.BROADCAST, GUEST);
        }
        net.neighbors.onDeadline(start + GIVEN_UP_MS * MS - 1);
        assertEquals(1, net.neighbors.size());
        net.neighbors.onDeadline(start + GIVEN_UP_MS * MS);
        net.assertSilent();
        assertEquals(0, net.neighbors.size());
        assertEquals(1, net.counters.get(DropReason.NEIGHBOR_UNRESOLVED));
        assertEquals(NeighborTable.REQUESTS_MAX, net.counters.get(Counter.ARP_REQUESTS_SENT));
    }

    @Test
    void packetsBeyondThePendingLimitAreDropped() {
        use(limits(8, 3));
        for (int i = 0; i < 5; i++) {
            sendTo(GUEST + (i & 1), i);
        }
        assertEquals(3, net.neighbors.pending());
        assertEquals(2, net.counters.get(DropReason.NEIGHBOR_UNRESOLVED));
    }

    @Test
    void packetsBeyondThePendingBytesAreDropped() {
        NetConfig d = NetConfig.defaults();
        use(new NetConfig(8, d.neighborAgeNs(), 64, 100, d.reassemblyBytesMax(), d.reassemblyDatagramsMax(), d.reassemblyFragmentsMax(),
                d.reassemblyAgeNs(), d.icmpErrorsPerSecond(), d.icmpErrorBurst()));
        for (int i = 0; i < 5; i++) {
            sendTo(GUEST, i);
        }
        // 14 + 20 + 8 + 4 bytes each.
        assertEquals(92, net.neighbors.pendingBytes());
        assertEquals(3, net.counters.get(Counter.NEIGHBOR_PENDING_LIMIT));
        net.neighbors.heard(0, lo(GUEST), GUEST_MAC, net.nowNs);
        assertEquals(0, net.neighbors.pendingBytes());
    }

    @Test
    void packetsToAddressesNoGuestHasAreDroppedAtOnce() {
        sendTo(OUTSIDE, 1);
        sendTo(GATEWAY, 1);
        sendTo(NET_BROADCAST, 1);
        net.assertSilent();
        assertEquals(3, net.counters.get(DropReason.NEIGHBOR_UNRESOLVED));
        assertEquals(0, net.neighbors.size());
    }

    @Test
    void beyondTheLimitTheLeastRecentlyHeardGuestIsForgotten() {
        use(limits(3, 8));
        for (int i = 0; i < 3; i++) {
            net.neighbors.heard(0, lo(GUEST + i), GUEST_MAC + i, net.nowNs);
        }
        net.neighbors.heard(0, lo(GUEST), GUEST_MAC, net.nowNs);
        net.neighbors.heard(0, lo(GUEST + 3), GUEST_MAC + 3, net.nowNs);
        assertEquals(3, net.neighbors.size());
        assertEquals(-1, net.neighbors.find(0, lo(GUEST + 1), net.nowNs));
        assertEquals(GUEST_MAC, net.neighbors.find(0, lo(GUEST), net.nowNs));
        assertEquals(GUEST_MAC + 2, net.neighbors.find(0, lo(GUEST + 2), net.nowNs));
        assertEquals(GUEST_MAC + 3, net.neighbors.find(0, lo(GUEST + 3), net.nowNs));
        assertEquals(1, net.counters.get(Counter.NEIGHBOR_LIMIT));
    }

    @Test
    void evictionOfANeighbourBeingAskedDropsItsPackets() {
        use(limits(1, 8));
        sendTo(GUEST, 1);
        sendTo(OTHER_GUEST, 2);
        assertEquals(1, net.neighbors.pending());
        assertEquals(1, net.counters.get(DropReason.NEIGHBOR_UNRESOLVED));
        net.neighbors.heard(0, lo(OTHER_GUEST), OTHER_MAC, net.nowNs);
        assertEquals(0, net.neighbors.pending());
    }

    @Test
    void manyNeighboursAreAllFoundAndAllForgotten() {
        use(limits(200, 8));
        for (int i = 0; i < 200; i++) {
            net.neighbors.heard(0, lo(0x0a00_0210 + i), GUEST_MAC + i, net.nowNs);
        }
        for (int i = 0; i < 200; i++) {
            assertEquals(GUEST_MAC + i, net.neighbors.find(0, lo(0x0a00_0210 + i), net.nowNs));
        }
        assertEquals(0, net.counters.get(Counter.NEIGHBOR_LIMIT));
    }

    @Test
    void quietNeighbourIsAskedByUnicastWhileItIsUsedAndBelievedWhenItAnswers() {
        net.knowGuest();
        net.nowNs += NetConfig.defaults().neighborAgeNs();
        sendTo(GUEST, 1);
        checkedIp(net.next(), GUEST_MAC, OUTSIDE, GUEST, 17);
        net.nowNs++;
        sendTo(GUEST, 2);
        assertRequest(GUEST_MAC, GUEST);
        checkedIp(net.next(), GUEST_MAC, OUTSIDE, GUEST, 17);
        net.receive(arp(GATEWAY_MAC, 2, GUEST_MAC, GUEST, GATEWAY_MAC, GATEWAY));
        net.neighbors.onDeadline(net.nowNs + 100 * S);
        net.assertSilent();
        assertEquals(GUEST_MAC, net.neighbors.find(0, lo(GUEST), net.nowNs));
    }

    @Test
    void neighbourThatNeverAnswersIsAskedByBroadcastAtLastThenForgotten() {
        net.knowGuest();
        net.nowNs += NetConfig.defaults().neighborAgeNs() + 1;
        long start = net.nowNs;
        assertEquals(GUEST_MAC, net.neighbors.find(0, lo(GUEST), net.nowNs));
        assertRequest(GUEST_MAC, GUEST);
        for (int i = 0; i < REQUEST_TIMES_MS.length; i++) {
            net.neighbors.onDeadline(start + REQUEST_TIMES_MS[i] * MS);
            assertRequest(i + 1 < NeighborTable.UNICAST_REQUESTS ? GUEST_MAC : MacAddress.BROADCAST, GUEST);
            assertEquals(GUEST_MAC, net.neighbors.find(0, lo(GUEST), start), "still used");
        }
        net.neighbors.onDeadline(start + GIVEN_UP_MS * MS);
        assertEquals(-1, net.neighbors.find(0, lo(GUEST), start));
        assertEquals(0, net.counters.drops());
    }

    @Test
    void heldFrameKeepsItsOffload() {
        net.close();
        net = new NetFixture(LinkCapabilities.offloading(1_500, false), NetConfig.defaults());
        sendTo(GUEST, 1);
        net.next();
        net.neighbors.heard(0, lo(GUEST), GUEST_MAC, net.nowNs);
        assertTrue(net.link.sent.peek().offload() != 0);
        checkedIp(net.next(), GUEST_MAC, OUTSIDE, GUEST, 17);
    }

    @Test
    void timerRunsOnlyWhileSomebodyIsAsked() {
        assertEquals(Long.MAX_VALUE, net.wheel.nextDeadlineNs());
        long start = net.nowNs;
        sendTo(GUEST, 1);
        assertTrue(net.wheel.nextDeadlineNs() <= start + 100 * MS);
        for (long at : REQUEST_TIMES_MS) {
            net.advanceTo(start + at * MS - 50 * MS);
            int sent = net.link.sent.size();
            net.advanceTo(start + at * MS + 10 * MS);
            assertEquals(sent + 1, net.link.sent.size());
        }
        net.neighbors.heard(0, lo(GUEST), GUEST_MAC, net.nowNs);
        assertEquals(Long.MAX_VALUE, net.wheel.nextDeadlineNs());
        sendTo(OTHER_GUEST, 1);
        for (int i = 1; i <= 50; i++) {
            net.advanceTo(net.nowNs + 100 * MS);
        }
        assertEquals(1, net.neighbors.size());
        assertEquals(Long.MAX_VALUE, net.wheel.nextDeadlineNs());
    }
}
