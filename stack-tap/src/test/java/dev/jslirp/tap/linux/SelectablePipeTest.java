package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import org.junit.jupiter.api.Test;

class SelectablePipeTest {

    /// A descriptor Java has no channel for: a pipe to ourselves would prove less.
    private static int datagramSocket() throws TapException {
        return TapException.check(Libc.socket(Constants.AF_INET, Constants.SOCK_DGRAM | Constants.SOCK_NONBLOCK, 0), "socket");
    }

    @Test
    void selectorSeesAForeignDescriptorBecomeReadable() throws IOException {
        try (SelectablePipe pipe = SelectablePipe.wrap(datagramSocket()); Selector selector = Selector.open();
                Arena arena = Arena.ofConfined()) {
            pipe.channel().register(selector, SelectionKey.OP_READ);
            assertEquals(0, selector.selectNow());
            MemorySegment address = arena.allocate(Structs.SOCKADDR_IN);
            Structs.putSockaddr(address, 0, 0x7f00_0001);
            assertEquals(0, Libc.bind(pipe.fd(), address.address(), 16));
            MemorySegment length = arena.allocateFrom(java.lang.foreign.ValueLayout.JAVA_INT, 16);
            SocketNames.getsockname(pipe.fd(), address, length);
            assertEquals(0, Libc.connect(pipe.fd(), address.address(), 16));
            assertEquals(1, Libc.write(pipe.fd(), address.address(), 1));
            assertEquals(1, selector.select(5_000));
        }
    }

    @Test
    void closingTheChannelClosesTheDescriptor() throws IOException {
        SelectablePipe pipe = SelectablePipe.wrap(datagramSocket());
        int fd = pipe.fd();
        pipe.close();
        assertFalse(Processes.isOpen(fd));
    }

    @Test
    void aDescriptorThatIsNotOpenIsRefused() {
        assertThrows(IOException.class, () -> SelectablePipe.wrap(-1));
    }

    /// The one call only this test needs.
    private static final class SocketNames {
        static void getsockname(int fd, MemorySegment address, MemorySegment length) throws IOException {
            try (java.util.stream.Stream<String> lines = java.nio.file.Files.lines(java.nio.file.Path.of("/proc/net/udp"))) {
                String inode = java.nio.file.Files.readSymbolicLink(java.nio.file.Path.of("/proc/self/fd/" + fd)).toString()
                        .replaceAll("\\D", "");
                String port = lines.map(String::strip).map(line -> line.split("\\s+")).filter(words -> words[9].equals(inode))
                        .map(words -> words[1].substring(words[1].indexOf(':') + 1)).findFirst().orElseThrow();
                address.set(Structs.BIG_ENDIAN_SHORT, 2, (short) Integer.parseInt(port, 16));
            }
        }
    }
}
