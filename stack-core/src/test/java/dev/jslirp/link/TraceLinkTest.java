package dev.jslirp.link;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.wire.Corpus;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TraceLinkTest {
    @Test
    void oneLinePerFrameAndDirection() {
        List<String> lines = new ArrayList<>();
        EmbeddedLink embedded = new EmbeddedLink(LinkCapabilities.plain(1_500), _ -> true);
        TraceLink link = new TraceLink(embedded, lines::add, UnpooledByteBufAllocator.DEFAULT);
        link.start((_, _) -> {});
        embedded.receive(Corpus.frame("arp-request"), Offload.NONE);
        ByteBuf reply = Corpus.frame("arp-reply");
        link.transmit(new OutboundFrame(reply));
        assertEquals(List.of("< arp who-has 10.0.2.2 tell 10.0.2.15", "> arp 10.0.2.2 is-at 52:55:0a:00:02:02"), lines);
        assertEquals(0, link.dropped());
    }

    @Test
    void aFrameTheEmbedderRefusesCountsAsDropped() {
        EmbeddedLink embedded = new EmbeddedLink(LinkCapabilities.plain(1_500), _ -> false);
        embedded.transmit(Frames.outbound(54, 6));
        assertEquals(1, embedded.dropped());
        embedded.close();
        embedded.receive(Corpus.frame("arp-request"));
        assertEquals(1, embedded.dropped());
    }
}
