package dev.jslirp.link;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.testkit.LeakExtension;
import dev.jslirp.wire.ArpHeader;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TraceLinkTest {
    @RegisterExtension
    final LeakExtension leaks = new LeakExtension();
    private final FakeLink inner = new FakeLink();
    private final List<String> lines = new ArrayList<>();

    @Test
    void eachFrameIsOneLineWithItsDirection() {
        TraceLink link = new TraceLink(inner, lines::add, leaks.allocator());
        List<Integer> received = new ArrayList<>();
        link.start((frame, _) -> received.add(frame.readableBytes()));
        inner.deliver(arp(), Offload.NONE);
        link.transmit(FakeLink.frame(segment(2_896), "a".repeat(1_000), "b".repeat(1_896)));
        OutboundFrame large = FakeLink.frame(segment(2_896), "a".repeat(1_000), "b".repeat(1_896));
        large.offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_448, 66, 34, 16);
        link.transmit(large);
        link.transmit(FakeLink.frame("runt"));
        assertEquals(List.of(
                "< arp who-has 10.0.2.2 tell 10.0.2.15",
                "> 192.0.2.9:80 > 10.0.2.15:40000 tcp P. 7:2903(2896) ack 4294967295 win 512 <nop,nop,TS val 1 ecr 2>",
                "> 192.0.2.9:80 > 10.0.2.15:40000 tcp P. 7:2903(2896) ack 4294967295 win 512 <nop,nop,TS val 1 ecr 2> gso 1448",
                "> ETHERNET_LENGTH (4)"), lines);
        assertEquals(List.of(42), received);
        assertEquals(3, inner.sent.size());
        link.close();
        link.close();
    }

    private static byte[] arp() {
        byte[] bytes = new byte[EthernetHeader.LENGTH + ArpHeader.LENGTH];
        ByteBuf buf = Unpooled.wrappedBuffer(bytes);
        EthernetHeader.write(buf, 0, -1L >>> 16, 0x525400123456L, EthernetHeader.TYPE_ARP);
        ArpHeader.write(buf, EthernetHeader.LENGTH, ArpHeader.REQUEST, 0x525400123456L, 0x0a00020f, 0, 0x0a000202);
        return bytes;
    }

    private static byte[] segment(int payloadLength) {
        OutboundSegment segment = new OutboundSegment();
        segment.clear();
        segment.seq = 7;
        segment.ack = -1;
        segment.flags = TcpHeader.PSH | TcpHeader.ACK;
        segment.window = 512;
        segment.timestamps = true;
        segment.tsVal = 1;
        segment.tsEcr = 2;
        byte[] bytes = new byte[EthernetHeader.LENGTH + Ipv4Header.MIN_LENGTH + 32];
        ByteBuf buf = Unpooled.wrappedBuffer(bytes);
        EthernetHeader.write(buf, 0, 0x525400123456L, 0x52550a000202L, EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(buf, 14, 0, Ipv4Header.MIN_LENGTH + 32 + payloadLength, 1, 0, 64, Ipv4Header.TCP, 0xc0000209, 0x0a00020f);
        TcpHeader.write(buf, 34, 80, 40_000, segment);
        return bytes;
    }
}
