package dev.jslirp.tap.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.wire.Offload;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MultiqueueTest {
    @TempDir
    private Path directory;

    private static void offerBuffers(DriverRing rx, int area) {
        for (int i = 0; i < 64; i++) {
            rx.descriptor(i, FrontEnd.address(FrontEnd.BUFFERS + area * 65_536L + i * 512), 512, DriverRing.WRITE, 0);
            rx.offer(i);
        }
        rx.publish(0);
    }

    /// A frame header that looks like IPv4 from `port`.
    private static byte[] flow(int port) {
        byte[] header = new byte[54];
        header[34] = (byte) (port >> 8);
        header[35] = (byte) port;
        return header;
    }

    @Test
    void allTransmitQueuesAreServedAndFlowsSpreadOverReceiveQueues() throws IOException {
        try (LinkFixture fixture = new LinkFixture(directory.resolve("s"), new VhostUserConfig(1_500, 4, 1 << 20)).recording();
                FrontEnd guest = new FrontEnd(fixture, 64, 8)) {
            assertTrue((guest.get(Request.GET_FEATURES) & Features.MQ) != 0);
            assertEquals(4, guest.get(Request.GET_QUEUE_NUM));
            guest.start(FrontEnd.ALL | Features.MQ);
            for (int i = 1; i < 8; i += 2) {
                guest.rings[i].descriptor(0, FrontEnd.address(FrontEnd.BUFFERS), 72, 0, 0);
                guest.rings[i].offer(0);
                guest.rings[i].publish(0);
                guest.rings[i].kick();
                offerBuffers(guest.rings[i - 1], i);
            }
            guest.settle();
            assertEquals(4, fixture.delivered().size());
            for (int port = 0; port < 64; port++) {
                fixture.transmit(Offload.NONE, flow(port));
            }
            fixture.flush();
            for (int i = 0; i < 8; i += 2) {
                assertTrue(guest.rings[i].usedCount() > 4, "queue " + i + " got " + guest.rings[i].usedCount());
                assertEquals(1, guest.rings[i].calls());
            }
            guest.must(Request.SET_VRING_ENABLE, FrontEnd.words(2));
            int before = guest.rings[0].usedCount();
            for (int port = 0; port < 8; port++) {
                fixture.transmit(Offload.NONE, flow(port));
            }
            fixture.flush();
            assertEquals(before + 8, guest.rings[0].usedCount(), "queues after a disabled one are not used");
        }
    }
}
