package dev.jslirp.tap.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.wire.IpAddress;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListenSpecTest {
    @ParameterizedTest
    @ValueSource(strings = {"stream:/run/net.sock", "stream:./net.sock", "stream:/a:b:9", "stream:127.0.0.1:1234", "stream:[2001:db8:0:0:0:0:0:1]:0",
        "dgram:/run/net.sock", "stdio"})
    void isPrintedAsItIsRead(String text) {
        assertEquals(text, ListenSpec.parse(text).toString());
    }

    @Test
    void aSlashMakesAPath() {
        assertEquals(new ListenSpec.UnixStream(Path.of("/1:2")), ListenSpec.parse("stream:/1:2"));
        assertEquals(new ListenSpec.TcpStream(IpAddress.parse("192.0.2.1"), 65_535), ListenSpec.parse("stream:192.0.2.1:65535"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "foo", "foo:/x", "stream", "stream:", "stream:x", "stream:1", "stream:localhost:1", "stream:127.0.0.1:", "stream::1",
        "stream:127.0.0.1:65536", "stream:127.0.0.1:-1", "stream:::1:1", "stream:/tmp/", "dgram", "dgram:", "dgram:x", "dgram:127.0.0.1:1",
        "stdio:", "STDIO"})
    void anythingElseIsNamedAndRefused(String text) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> ListenSpec.parse(text));
        assertTrue(e.getMessage().startsWith("'" + text + "': expected "), e::getMessage);
    }

    @Test
    void aPathHasAsManyBytesAsTheKernelTakes() {
        String longest = "/" + "p".repeat(106);
        assertEquals(new ListenSpec.UnixDatagram(Path.of(longest)), ListenSpec.parse("dgram:" + longest));
        for (String tooLong : new String[] {longest + "p", "/" + "é".repeat(54)}) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> ListenSpec.parse("stream:" + tooLong)).getMessage().contains("107"));
        }
    }
}
