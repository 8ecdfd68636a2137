package dev.jslirp.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jslirp.wire.Offload;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MtuLinkTest {
    private final List<Integer> toGuest = new ArrayList<>();
    private final List<Integer> fromGuest = new ArrayList<>();
    private final EmbeddedLink embedded = new EmbeddedLink(LinkCapabilities.offloading(65_520, true), frame -> toGuest.add(frame.length()));

    @Test
    void longerFramesAndSuperFramesAreDroppedBothWays() {
        MtuLink link = new MtuLink(embedded, 576);
        link.start((frame, _) -> fromGuest.add(frame.readableBytes()));
        link.transmit(Frames.outbound(54, 536));
        link.transmit(Frames.outbound(54, 537));
        embedded.receive(Unpooled.wrappedBuffer(Frames.pattern(590)), Offload.NONE);
        embedded.receive(Unpooled.wrappedBuffer(Frames.pattern(591)), Offload.NONE);
        embedded.receive(Unpooled.wrappedBuffer(Frames.pattern(500)), Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 100, 54, 34, 16));
        assertEquals(List.of(590), toGuest);
        assertEquals(List.of(590), fromGuest);
        assertEquals(3, link.dropped());
    }

    @Test
    void theSmallerMtuIsAnnouncedWithoutSegmentation() {
        assertEquals(new LinkCapabilities(1_280, true, false, false, 1_294), new MtuLink(embedded, 1_280).capabilities());
        assertEquals(65_520, new MtuLink(embedded, 65_535).capabilities().mtuBytes());
        assertThrows(IllegalArgumentException.class, () -> new MtuLink(embedded, 67));
    }
}
