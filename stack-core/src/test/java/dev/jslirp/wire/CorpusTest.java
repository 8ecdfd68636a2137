package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.netty.buffer.ByteBuf;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import java.util.stream.Stream;

/// Frames of a Linux kernel and its DHCP clients are read as what they are.
class CorpusTest {
    private final PacketView view = new PacketView();

    @TestFactory
    Stream<DynamicTest> framesAreTold() {
        return Corpus.all().stream().map(frame -> DynamicTest.dynamicTest(frame.name(), () -> {
            ByteBuf bytes = frame.exact(5);
            assertEquals(frame.text(), FrameText.of(bytes, 5, frame.bytes().length, Offload.NONE));
        }));
    }

    @TestFactory
    Stream<DynamicTest> checksumsAreRight() {
        return Corpus.all().stream().map(frame -> DynamicTest.dynamicTest(frame.name(), () ->
                assertEquals(DropReason.NONE, Parsers.decode(frame.exact(3), 3, frame.bytes().length, view))));
    }

    @Test
    void headsOfFramesAreEnoughForTheirText() {
        for (Corpus.Frame frame : Corpus.all()) {
            int length = frame.bytes().length;
            ByteBuf head = frame.exact(0).copy(0, Math.min(length, FrameText.HEAD_BYTES));
            assertEquals(frame.text(), FrameText.of(head, 0, length, Offload.NONE), frame.name());
        }
    }

    @Test
    void everyBitThatIsFlippedInASegmentIsNoticed() {
        for (String name : new String[] {"tcp-syn", "tcp-data", "tcp-sack", "icmp-echo", "dns-query"}) {
            ByteBuf bytes = Corpus.frame(name).exact(0);
            for (int bit = EthernetHeader.LENGTH * 8; bit < bytes.writerIndex() * 8; bit++) {
                flip(bytes, bit);
                DropReason reason = Parsers.decode(bytes, 0, bytes.writerIndex(), view);
                assertEquals(true, reason != DropReason.NONE || view.isFragment(), name + " bit " + bit);
                flip(bytes, bit);
            }
        }
    }

    private static void flip(ByteBuf bytes, int bit) {
        bytes.setByte(bit / 8, bytes.getByte(bit / 8) ^ 1 << bit % 8);
    }

    @Test
    void optionsOfASynAreRead() {
        decode("tcp-syn");
        assertEquals(TcpHeader.SYN, view.flags);
        assertEquals(1460, view.options.mss);
        assertEquals(10, view.options.windowScale);
        assertEquals(true, view.options.sackPermitted);
        assertEquals(854_841_621, view.options.tsVal);
        assertEquals(0, view.options.tsEcr);
        assertEquals(1, view.seqLength());
    }

    @Test
    void sackBlocksAreRead() {
        decode("tcp-sack");
        assertEquals(1, view.options.sackBlocks);
        assertEquals(1448, view.options.sack[1] - view.options.sack[0]);
        assertEquals(1448, view.options.sack[0] - view.ack);
        assertEquals(true, view.options.timestamps);
    }

    @Test
    void lastFragmentKnowsItsPlace() {
        decode("ipv4-last-fragment");
        assertEquals(2960, view.fragmentOffset);
        assertEquals(3008 - 2960, view.l4Length);
        assertEquals(false, view.moreFragments);
    }

    @Test
    void icmpErrorsQuoteAPacketThatIsRead() {
        decode("icmp-port-unreachable");
        ByteBuf bytes = Corpus.frame("icmp-port-unreachable").exact(0);
        PacketView quoted = new PacketView();
        assertEquals(DropReason.NONE, Ipv4Header.decode(bytes, view.payloadOffset, view.payloadLength, quoted));
        assertEquals(DropReason.NONE, UdpHeader.decode(bytes, quoted));
        assertEquals(53, quoted.dstPort);
        decode("icmp-fragmentation-needed");
        assertEquals(1000, view.icmpSeq, "the next hop's MTU stands where an echo has its sequence number (RFC 1191 §4)");
    }

    @Test
    void dhcpClientsAskForAnAddress() {
        for (String name : new String[] {"dhcp-discover-udhcpc", "dhcp-discover-dhclient"}) {
            decode(name);
            DhcpMessage message = DhcpMessage.parse(Corpus.frame(name).exact(0), view.payloadOffset, view.payloadLength);
            assertNotNull(message, name);
            assertEquals(DhcpMessage.DISCOVER, message.type(), name);
            assertEquals(new MacAddress(view.srcMac), new MacAddress(message.chaddr()), name);
            assertEquals(DhcpMessage.BOOTREQUEST, message.op(), name);
        }
    }

    @Test
    void dnsQueryIsRead() {
        decode("dns-query");
        DnsMessage query = DnsMessage.parse(Corpus.frame("dns-query").exact(0), view.payloadOffset, view.payloadLength);
        assertEquals("www.example", query.name());
        assertEquals(DnsMessage.A, query.type());
        assertEquals(1232, query.udpPayload());
        assertEquals(35_287, query.id());
    }

    private void decode(String name) {
        Corpus.Frame frame = Corpus.frame(name);
        assertEquals(DropReason.NONE, Parsers.decode(frame.exact(0), 0, frame.bytes().length, view), name);
    }
}
