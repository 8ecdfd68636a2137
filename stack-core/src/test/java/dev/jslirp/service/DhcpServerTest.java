package dev.jslirp.service;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DhcpMessage;
import dev.jslirp.wire.DhcpOptions;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DhcpServerTest {
    private static final long MAC = 0x5254_0000_0001L;
    private static final int GATEWAY = ip("10.0.2.2"), FIRST = ip("10.0.2.15");
    private static final long SECOND_NS = 1_000_000_000L;

    private record Sent(long mac, String to, int port, DhcpMessage message) {
        int type() {
            return message.type();
        }
    }

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
    private final Counters counters = new Counters();
    private final List<Sent> sent = new ArrayList<>();
    private final List<Lease> told = new ArrayList<>();
    private DhcpServer server = server(DhcpConfig.defaults());
    private long nowNs = -5;

    @AfterEach
    void everyBufferIsReleased() {
        assertEquals(0, allocator.metric().usedHeapMemory());
    }

    @Test
    void firstGuestGetsTheFirstLeaseByTheFourMessages() {
        Sent offer = only(message(DhcpMessage.DISCOVER, MAC));
        assertEquals(DhcpMessage.OFFER, offer.type());
        assertEquals(FIRST, offer.message.yiaddr());
        Sent ack = only(select(MAC, FIRST));
        assertEquals(DhcpMessage.ACK, ack.type());
        assertEquals(FIRST, ack.message.yiaddr());
        assertEquals(MAC, ack.mac);
        assertEquals("10.0.2.15", ack.to);
        assertEquals(68, ack.port);
        assertEquals(List.of(53, 54, 51, 1, 3, 6, 26, 28, 58, 59), ack.message.options().codes());
        assertEquals(86_400, ack.message.options().number(51, 4, 0));
        assertEquals(43_200, ack.message.options().number(58, 4, 0));
        assertEquals(65_520, ack.message.options().number(26, 2, 0));
        assertEquals(List.of(new Lease(new MacAddress(MAC), IpAddress.v4(FIRST), "", nowNs + 86_400 * SECOND_NS)), told);
        assertEquals(told, server.leases(nowNs));
    }

    @Test
    void parameterRequestListDecidesOrderAndSubset() {
        DhcpMessage discover = message(DhcpMessage.DISCOVER, MAC);
        discover.options().put(DhcpOptions.PARAMETER_LIST, (byte) 28, (byte) 6, (byte) 3, (byte) 42);
        assertEquals(List.of(53, 54, 51, 1, 28, 6, 3), only(discover).message.options().codes());
    }

    @Test
    void guestsGetConsecutiveAddressesAndKeepThem() {
        for (int guest = 0; guest < 5; guest++) {
            assertEquals(FIRST + guest, only(message(DhcpMessage.DISCOVER, MAC + guest)).message.yiaddr());
            only(select(MAC + guest, FIRST + guest));
        }
        nowNs += 200_000 * SECOND_NS;
        assertEquals(FIRST + 3, only(message(DhcpMessage.DISCOVER, MAC + 3)).message.yiaddr());
        assertEquals(List.of(), server.leases(nowNs));
    }

    @Test
    void broadcastFlagAndNakGoToEverybody() {
        DhcpMessage flagged = new DhcpMessage(1, 7, 0, DhcpMessage.BROADCAST_FLAG, 0, 0, 0, 0, MAC, "",
                new DhcpOptions().put(53, (byte) DhcpMessage.DISCOVER));
        Sent offer = only(flagged);
        assertEquals(MacAddress.BROADCAST, offer.mac);
        assertEquals("255.255.255.255", offer.to);
        Sent nak = only(rebootWith(MAC, ip("192.168.1.7")));
        assertEquals(DhcpMessage.NAK, nak.type());
        assertEquals(MacAddress.BROADCAST, nak.mac);
        assertEquals(0, nak.message.yiaddr());
        assertEquals(1, counters.get(Counter.DHCP_NAKS));
    }

    @Test
    void renewingGuestIsAnsweredAtItsAddress() {
        only(select(MAC, FIRST));
        nowNs += 1000 * SECOND_NS;
        Sent ack = only(withCiaddr(DhcpMessage.REQUEST, MAC, FIRST));
        assertEquals(DhcpMessage.ACK, ack.type());
        assertEquals("10.0.2.15", ack.to);
        assertEquals(nowNs + 86_400 * SECOND_NS, told.getLast().expiresNs());
        assertEquals(DhcpMessage.NAK, only(withCiaddr(DhcpMessage.REQUEST, MAC + 1, FIRST)).type());
    }

    @Test
    void rebootingGuestKeepsAFreeAddressTheServerForgot() {
        assertEquals(DhcpMessage.ACK, only(rebootWith(MAC, ip("10.0.2.77"))).type());
        assertEquals(DhcpMessage.NAK, only(rebootWith(MAC + 1, ip("10.0.2.77"))).type());
        for (String ours : List.of("10.0.2.0", "10.0.2.2", "10.0.2.3", "10.0.2.255")) {
            assertEquals(DhcpMessage.NAK, only(rebootWith(MAC + 2, ip(ours))).type(), ours);
        }
    }

    @Test
    void requestToAnotherServerFreesTheOffer() {
        only(message(DhcpMessage.DISCOVER, MAC));
        DhcpMessage other = select(MAC, FIRST);
        other.options().putInt(DhcpOptions.SERVER_ID, ip("10.0.2.99"));
        assertEquals(List.of(), deliver(other));
        assertEquals(DhcpMessage.ACK, only(rebootWith(MAC + 1, FIRST)).type());
    }

    @Test
    void declinedAddressIsQuarantined() {
        only(select(MAC, FIRST));
        DhcpMessage decline = select(MAC, FIRST);
        decline.options().put(53, (byte) DhcpMessage.DECLINE);
        assertEquals(List.of(), deliver(decline));
        assertEquals(FIRST + 1, only(message(DhcpMessage.DISCOVER, MAC)).message.yiaddr());
        assertEquals(DhcpMessage.NAK, only(rebootWith(MAC + 1, FIRST)).type());
        nowNs += LeaseTable.QUARANTINE_NS;
        assertEquals(DhcpMessage.ACK, only(rebootWith(MAC + 1, FIRST)).type());
    }

    @Test
    void releasedAddressMayGoToAnother() {
        only(select(MAC, FIRST));
        assertEquals(List.of(), deliver(withCiaddr(DhcpMessage.RELEASE, MAC, FIRST)));
        assertEquals(List.of(), server.leases(nowNs));
        assertEquals(DhcpMessage.ACK, only(rebootWith(MAC + 1, FIRST)).type());
    }

    @Test
    void informGetsOptionsButNoLease() {
        Sent ack = only(withCiaddr(DhcpMessage.INFORM, MAC, ip("10.0.2.200")));
        assertEquals(0, ack.message.yiaddr());
        assertEquals("10.0.2.200", ack.to);
        assertFalse(ack.message.options().has(DhcpOptions.LEASE_TIME));
        assertFalse(ack.message.options().has(DhcpOptions.RENEWAL_TIME));
        assertEquals(List.of(), told);
    }

    @Test
    void rapidCommitSavesTwoMessages() {
        DhcpMessage discover = message(DhcpMessage.DISCOVER, MAC);
        discover.options().put(DhcpOptions.RAPID_COMMIT);
        Sent ack = only(discover);
        assertEquals(DhcpMessage.ACK, ack.type());
        assertTrue(ack.message.options().has(DhcpOptions.RAPID_COMMIT));
        assertEquals(1, told.size());
    }

    @Test
    void clientIdentifierAndFqdnAreEchoed() {
        DhcpMessage discover = message(DhcpMessage.DISCOVER, MAC);
        discover.options().put(DhcpOptions.CLIENT_ID, (byte) 1, (byte) 2)
                .put(DhcpOptions.CLIENT_FQDN, (byte) 5, (byte) 0, (byte) 0, (byte) 0);
        DhcpOptions options = only(discover).message.options();
        assertArrayEquals(new byte[] {1, 2}, options.get(DhcpOptions.CLIENT_ID));
        assertArrayEquals(new byte[] {4 | 8 | 2, -1, -1, 0}, options.get(DhcpOptions.CLIENT_FQDN));
    }

    @Test
    void spoofedDiscoversNeitherGrowTheTableNorStarveBoundGuests() {
        server = server(new DhcpConfig(true, 3600, 4, Map.of(), null, null, List.of(), null, null, Map.of()));
        only(select(MAC, FIRST));
        for (int i = 1; i < 100; i++) {
            only(message(DhcpMessage.DISCOVER, MAC + i));
        }
        assertEquals(FIRST, server.leases(nowNs).getFirst().address().v4Bits());
        for (int i = 200; i < 203; i++) {
            assertEquals(DhcpMessage.ACK, only(rebootWith(MAC + i, FIRST + i)).type());
        }
        assertEquals(List.of(), deliver(message(DhcpMessage.DISCOVER, MAC + 300)));
        assertEquals(1, counters.get(Counter.DHCP_LEASE_LIMIT));
    }

    @Test
    void exhaustedPoolReusesTheOldestFreeAddress() {
        server = new DhcpServer(AddressPlan.of(IpAddress.parse("10.0.2.0"), 29), DhcpConfig.defaults(), 1500, counters, allocator,
                this::record, told::add);
        assertEquals(ip("10.0.2.4"), only(message(DhcpMessage.DISCOVER, MAC)).message.yiaddr());
        only(message(DhcpMessage.DISCOVER, MAC + 1));
        only(message(DhcpMessage.DISCOVER, MAC + 2));
        nowNs += LeaseTable.OFFER_NS;
        assertEquals(ip("10.0.2.4"), only(message(DhcpMessage.DISCOVER, MAC + 3)).message.yiaddr());
    }

    @Test
    void reservationHoldsForItsMacOnly() {
        server = server(new DhcpConfig(true, 3600, 10, Map.of(new MacAddress(MAC + 9), IpAddress.v4(FIRST)), "box", "example.org",
                List.of("example.org", "eng.example.org"), IpAddress.parse("10.0.2.2"), "boot.efi", Map.of(252, new byte[] {'x'})));
        assertEquals(FIRST + 1, only(message(DhcpMessage.DISCOVER, MAC)).message.yiaddr());
        Sent offer = only(message(DhcpMessage.DISCOVER, MAC + 9));
        assertEquals(FIRST, offer.message.yiaddr());
        assertEquals("boot.efi", offer.message.file());
        assertEquals(GATEWAY, offer.message.siaddr());
        assertEquals("box", new String(offer.message.options().get(12)));
        assertNotNull(offer.message.options().get(252));
        assertEquals(DhcpMessage.NAK, only(rebootWith(MAC, FIRST)).type());
    }

    @Test
    void offerIsHeldForAMinute() {
        nowNs = 1;
        assertEquals(FIRST, only(wanting(MAC, FIRST)).message.yiaddr());
        nowNs += 59 * SECOND_NS;
        assertEquals(FIRST + 1, only(wanting(MAC + 1, FIRST)).message.yiaddr());
        nowNs += 2 * SECOND_NS;
        assertEquals(FIRST, only(wanting(MAC + 2, FIRST)).message.yiaddr());
    }

    @Test
    void leaseIsGivenBackByItsAddressOnly() {
        only(select(MAC, FIRST));
        assertEquals(List.of(), deliver(withCiaddr(DhcpMessage.RELEASE, MAC, FIRST + 1)));
        DhcpMessage decline = message(DhcpMessage.DECLINE, MAC);
        decline.options().putInt(DhcpOptions.REQUESTED_ADDRESS, FIRST + 1);
        assertEquals(List.of(), deliver(decline));
        assertEquals(1, server.leases(nowNs).size());
        assertEquals(List.of(), deliver(withCiaddr(DhcpMessage.RELEASE, MAC, FIRST)));
        assertEquals(List.of(), server.leases(nowNs));
    }

    @Test
    void guestWhoseExpiredAddressWentToAnotherGetsANewOne() {
        only(select(MAC, FIRST));
        nowNs += 90_000 * SECOND_NS;
        assertEquals(DhcpMessage.ACK, only(select(MAC + 1, FIRST)).type());
        assertEquals(FIRST + 1, only(message(DhcpMessage.DISCOVER, MAC)).message.yiaddr());
        assertEquals(DhcpMessage.ACK, only(select(MAC, FIRST + 1)).type());
    }

    @Test
    void disabledServerIsSilent() {
        server = server(new DhcpConfig(false, 3600, 10, Map.of(), null, null, List.of(), null, null, Map.of()));
        assertEquals(List.of(), deliver(message(DhcpMessage.DISCOVER, MAC)));
    }

    @Test
    void relayedMessageIsNotAnswered() {
        assertEquals(List.of(), deliver(new DhcpMessage(1, 7, 0, 0, 0, 0, 0, ip("10.9.9.9"), MAC, "",
                new DhcpOptions().put(53, (byte) DhcpMessage.DISCOVER))));
        assertEquals(1, counters.get(DropReason.POLICY));
    }

    @Test
    void reservedAddressIsRefusedToOthersBeforeItsGuestCame() {
        server = server(new DhcpConfig(true, 3600, 10, Map.of(new MacAddress(MAC + 9), IpAddress.v4(FIRST)), null, null,
                List.of(), null, null, Map.of()));
        assertEquals(DhcpMessage.NAK, only(rebootWith(MAC, FIRST)).type());
        assertEquals(FIRST + 1, only(wanting(MAC, FIRST)).message.yiaddr());
    }

    @Test
    void leasesSurviveARestartBySnapshot() {
        only(select(MAC, ip("10.0.2.50")));
        List<Lease> snapshot = server.leases(nowNs);
        server = server(DhcpConfig.defaults());
        server.restore(snapshot, nowNs);
        assertEquals(snapshot, server.leases(nowNs));
        assertEquals(ip("10.0.2.50"), only(message(DhcpMessage.DISCOVER, MAC)).message.yiaddr());
    }

    @Test
    void hostNameIsMadeSafeToPrint() {
        DhcpMessage request = select(MAC, FIRST);
        request.options().putText(DhcpOptions.HOST_NAME, "a\n\u001b[31m b.c");
        only(request);
        assertEquals("a31mb.c", told.getLast().hostname());
    }

    @Test
    void malformedAndMutatedMessagesNeverThrow() {
        Random random = new Random(42);
        ByteBuf good = Unpooled.buffer();
        DhcpMessage request = select(MAC, FIRST);
        request.options().put(55, (byte) 1, (byte) 3, (byte) 119).put(52, (byte) 3).put(57, (byte) 2, (byte) 64);
        request.write(good, 548);
        for (int round = 0; round < 5_000; round++) {
            ByteBuf bad = good.copy(0, random.nextInt(good.readableBytes() + 1));
            for (int i = random.nextInt(4); i > 0 && bad.isReadable(); i--) {
                bad.setByte(random.nextInt(bad.readableBytes()), random.nextInt());
            }
            deliver(bad);
        }
        assertTrue(counters.get(DropReason.DHCP_MALFORMED) > 1_000);
        assertTrue(server.leases(nowNs).size() <= 200);
    }

    @Test
    void configurationErrorsNameTheField() {
        assertMessage("host name 'a..b'", () -> config("a..b", Map.of()));
        assertMessage("DHCP option 3 is set by the server itself", () -> config("a", Map.of(3, new byte[4])));
        assertMessage("DHCP option 255 is outside 1 to 254", () -> config("a", Map.of(255, new byte[4])));
        assertMessage("not a guest address", () -> server(new DhcpConfig(true, 60, 1,
                Map.of(new MacAddress(1), IpAddress.parse("10.0.2.2")),
                null, null, List.of(), null, null, Map.of())));
        assertNull(DhcpConfig.defaults().hostname());
    }

    private static void assertMessage(String part, org.junit.jupiter.api.function.Executable executable) {
        String message = assertThrows(IllegalArgumentException.class, executable).getMessage();
        assertTrue(message.contains(part), message);
    }

    private static DhcpConfig config(String hostname, Map<Integer, byte[]> extra) {
        return new DhcpConfig(true, 3600, 10, Map.of(), hostname, null, List.of(), null, null, extra);
    }

    private DhcpServer server(DhcpConfig config) {
        return new DhcpServer(AddressPlan.defaults(), config, 65_520, counters, allocator, this::record, told::add);
    }

    private void record(long mac, long srcLo, int srcPort, long dstLo, int dstPort, ByteBuf payload, int index, int length) {
        assertEquals(IpAddress.v4Lo(GATEWAY), srcLo);
        assertEquals(67, srcPort);
        sent.add(new Sent(mac, IpAddress.v4((int) dstLo).toString(), dstPort, DhcpMessage.parse(payload, index, length)));
    }

    private List<Sent> deliver(DhcpMessage message) {
        ByteBuf bytes = Unpooled.buffer().writeZero(3);
        message.write(bytes, 1400);
        return deliver(bytes.skipBytes(3));
    }

    private List<Sent> deliver(ByteBuf bytes) {
        PacketView view = new PacketView();
        view.payloadOffset = bytes.readerIndex();
        view.payloadLength = bytes.readableBytes();
        sent.clear();
        server.onDatagram(view, bytes, nowNs);
        return List.copyOf(sent);
    }

    private Sent only(DhcpMessage message) {
        List<Sent> answers = deliver(message);
        assertEquals(1, answers.size());
        return answers.getFirst();
    }

    private static DhcpMessage message(int type, long mac) {
        return withCiaddr(type, mac, 0);
    }

    private static DhcpMessage withCiaddr(int type, long mac, int ciaddr) {
        return new DhcpMessage(1, 0x1234_5678, 0, 0, ciaddr, 0, 0, 0, mac, "", new DhcpOptions().put(53, (byte) type));
    }

    private static DhcpMessage wanting(long mac, int address) {
        DhcpMessage discover = message(DhcpMessage.DISCOVER, mac);
        discover.options().putInt(DhcpOptions.REQUESTED_ADDRESS, address);
        return discover;
    }

    private static DhcpMessage rebootWith(long mac, int address) {
        DhcpMessage request = message(DhcpMessage.REQUEST, mac);
        request.options().putInt(DhcpOptions.REQUESTED_ADDRESS, address);
        return request;
    }

    private static DhcpMessage select(long mac, int address) {
        DhcpMessage request = rebootWith(mac, address);
        request.options().putInt(DhcpOptions.SERVER_ID, GATEWAY);
        return request;
    }

    private static int ip(String text) {
        return IpAddress.parse(text).v4Bits();
    }
}
