package dev.jslirp.link;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.testkit.LeakExtension;
import dev.jslirp.testkit.SimHostNetwork;
import dev.jslirp.testkit.SimReactor;
import dev.jslirp.wire.ArpHeader;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.FrameText;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EmbeddedLinkTest {
    @RegisterExtension
    final LeakExtension leaks = new LeakExtension();
    private final List<String> events = new ArrayList<>();
    private final FrameSink sink = new FrameSink() {
        @Override
        public void onFrame(OutboundFrame frame) {
            ByteBuf copy = Unpooled.buffer();
            frame.copyTo(copy);
            events.add(FrameText.of(copy, 0, copy.readableBytes(), frame.offload));
        }

        @Override
        public void onFlush() {
            events.add("flush");
        }
    };

    @Test
    void anEmbeddedNetworkAnswersItsGuest() {
        SimReactor reactor = new SimReactor();
        EmbeddedLink link = new EmbeddedLink(LinkCapabilities.plain(1_500), sink);
        GuestNetwork network = new GuestNetwork(GuestNetworkConfig.defaults(), link,
                new SimHostNetwork(reactor, leaks.allocator()), reactor, new SplittableRandom(1), leaks.allocator());
        ByteBuf frame = arp();
        link.receive(frame, 0);
        assertEquals(1, link.dropped(), "before the start");
        reactor.round(network::start);
        reactor.round(() -> link.receive(frame, 0));
        assertEquals(List.of("arp reply 10.0.2.2 is-at 52:55:0a:00:02:02", "flush"), events);
        assertEquals(1, frame.refCnt());
        reactor.round(network::close);
        reactor.settle();
        int before = events.size();
        link.receive(frame, 0);
        link.flush();
        assertEquals(2, link.dropped(), "after the end");
        assertEquals(before, events.size());
    }

    @Test
    void aSinkMayBeALambda() {
        EmbeddedLink link = new EmbeddedLink(LinkCapabilities.plain(1_500), frame -> events.add("frame of " + frame.length()));
        link.start((_, _) -> {});
        link.transmit(FakeLink.frame("abc", "def"));
        link.flush();
        assertEquals(List.of("frame of 6"), events);
        link.close();
        link.transmit(FakeLink.frame("late"));
        assertEquals(1, link.dropped());
        assertEquals(1, events.size());
    }

    private static ByteBuf arp() {
        ByteBuf buf = Unpooled.buffer(42).writeZero(42);
        EthernetHeader.write(buf, 0, -1L >>> 16, 0x525400123456L, EthernetHeader.TYPE_ARP);
        ArpHeader.write(buf, EthernetHeader.LENGTH, ArpHeader.REQUEST, 0x525400123456L, 0x0a00020f, 0, 0x0a000202);
        return buf;
    }
}
