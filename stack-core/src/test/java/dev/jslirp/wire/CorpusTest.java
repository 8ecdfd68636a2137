package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the decoders make of real frames.
class CorpusTest {
    private final FrameText text = new FrameText();

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            arp-request              | arp who-has 10.0.2.2 tell 10.0.2.15
            arp-reply                | arp 10.0.2.2 is-at 52:55:0a:00:02:02
            dhcp-discover-udhcpc     | 0.0.0.0:68 > 255.255.255.255:67 udp (300)
            dhcp-ack                 | 10.0.2.2:67 > 10.0.2.15:68 udp (300)
            icmp-echo-first-fragment | 10.0.2.15 > 10.0.2.2 fragment 0+1480 more
            ipv4-middle-fragment     | 10.0.2.15 > 10.0.2.2 fragment 1480+1480 more
            ipv4-last-fragment       | 10.0.2.15 > 10.0.2.2 fragment 2960+48 last
            tcp-syn                  | S 1684446661:1684446661(0) win 64240 <mss 1460,sackOK,TS val 3596354875 ecr 0,wscale 10>
            tcp-data                 | P. 1684446662:1684446742(80) ack 170696876 win 63 <TS val 3596354882 ecr 1447710319>
            tcp-sack                 | ack 170715700 win 71 <TS val 3596354962 ecr 1447710400,sack 170717148:170718596>
            tcp-reset                | R.
            icmp-port-unreachable    | 10.0.2.2 > 10.0.2.15 icmp type 3 code 3
            icmp-time-exceeded       | 10.0.2.2 > 10.0.2.15 icmp type 11 code 0 (84)
            dhcp-discover-dhclient   | 0.0.0.0:68 > 255.255.255.255:67 udp (300)
            vlan-tagged              | ethertype 0x8100
            ipv6-mld-report          | ethertype 0x86dd
            """)
    void framesAreDescribed(String name, String expected) {
        String actual = text.describe(Corpus.frame(name), Offload.NONE);
        assertTrue(actual.contains(expected), actual);
    }

    @Test
    void everyFrameIsWellFormed() {
        for (String name : Corpus.names()) {
            String described = text.describe(Corpus.frame(name), Offload.NONE);
            assertFalse(described.contains("malformed"), () -> name + ": " + described);
        }
    }

    /// Every byte of these frames is covered by a checksum, or by a field that the decoders check, except addresses and types of
    /// Ethernet, and padding.
    @Test
    void aFlippedBitInTcpIsNoticed() {
        for (String name : new String[] {"tcp-syn", "tcp-data", "tcp-sack", "tcp-fin"}) {
            byte[] bytes = Corpus.bytes(name);
            for (int bit = EthernetHeader.LENGTH * 8; bit < bytes.length * 8; bit++) {
                ByteBuf frame = Corpus.frame(name);
                frame.setByte(bit / 8, frame.getByte(bit / 8) ^ 1 << bit % 8);
                String described = text.describe(frame, Offload.NONE);
                int flipped = bit;
                assertTrue(described.contains("malformed"), () -> name + " bit " + flipped + ": " + described);
            }
        }
    }

    @Test
    void dhcpAndDnsMessagesParse() {
        PacketView view = new PacketView();
        for (String client : new String[] {"udhcpc", "dhclient"}) {
            ByteBuf discover = udp("dhcp-discover-" + client, view);
            DhcpMessage dhcp = DhcpMessage.parse(discover, view.payloadOffset, view.payloadLength);
            assertNotNull(dhcp, client);
            assertEquals(DhcpMessage.DISCOVER, dhcp.type(), client);
        }
        ByteBuf query = udp("dns-query-edns", view);
        DnsMessage dns = DnsMessage.parse(query, view.payloadOffset, view.payloadLength);
        assertNotNull(dns);
        assertEquals("www.example", dns.name());
        assertFalse(dns.isResponse());
        ByteBuf answer = udp("dns-answer-nxdomain", view);
        DnsMessage negative = DnsMessage.parse(answer, view.payloadOffset, view.payloadLength);
        assertNotNull(negative);
        assertEquals(DnsMessage.NXDOMAIN, negative.rcode());
    }

    @Test
    void icmpErrorsQuoteAPacketThatIsRead() {
        PacketView view = new PacketView();
        ByteBuf error = Corpus.frame("icmp-fragmentation-needed");
        assertEquals(DropReason.NONE, Ipv4Header.decode(error, EthernetHeader.LENGTH, error.readableBytes() - EthernetHeader.LENGTH, view));
        assertEquals(DropReason.NONE, IcmpHeader.decode(error, view));
        assertEquals(IcmpHeader.FRAGMENTATION_NEEDED, view.icmpCode);
        assertEquals(1000, view.icmpSeq, "the next hop's MTU stands where an echo has its sequence number (RFC 1191 §4)");
        PacketView quoted = new PacketView();
        assertEquals(DropReason.IPV4_TOTAL_LENGTH, Ipv4Header.decode(error, view.payloadOffset, view.payloadLength, quoted),
                "the quotation is cut");
    }

    private static ByteBuf udp(String name, PacketView view) {
        ByteBuf frame = Corpus.frame(name);
        view.offload = Offload.NONE;
        assertEquals(DropReason.NONE, Ipv4Header.decode(frame, EthernetHeader.LENGTH, frame.readableBytes() - EthernetHeader.LENGTH, view));
        assertEquals(DropReason.NONE, UdpHeader.decode(frame, view));
        return frame;
    }
}
