package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SocketsTest {
    private static final long LOOPBACK4 = 0xffff_7f00_0001L;

    /// A port taken at once would be one of few thousand for all destinations together.
    @Test
    void aSourceAddressTakesNoPortBeforeTheDestinationIsKnown() {
        try (Sockets calls = new Sockets()) {
            int fd = calls.openStream(0, LOOPBACK4);
            assertEquals(0, calls.bindSource(fd, 0, LOOPBACK4));
            assertEquals(0, calls.localAddress(fd));
            assertEquals(0, calls.port());
            assertEquals(LOOPBACK4, calls.lo());
            Sockets.close(fd);
        }
    }

    @Test
    void aListenerHasItsPortAtOnce() {
        try (Sockets calls = new Sockets()) {
            int fd = calls.openStream(0, LOOPBACK4);
            assertEquals(0, calls.listen(fd, 0, LOOPBACK4, 0, 1));
            assertEquals(0, calls.localAddress(fd));
            assertTrue(calls.port() > 0);
            Sockets.close(fd);
        }
    }
}
