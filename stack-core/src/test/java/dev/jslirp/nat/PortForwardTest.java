package dev.jslirp.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jslirp.nat.PortForward.Protocol;
import dev.jslirp.wire.IpAddress;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PortForwardTest {
    private static final IpAddress GUEST = IpAddress.parse("10.0.2.15");

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "tcp::8080-:80                       | tcp 0.0.0.0:8080 -> 10.0.2.15:80",
        ":127.0.0.1:2222-:22                 | tcp 127.0.0.1:2222 -> 10.0.2.15:22",
        "udp:127.0.0.1:5353-10.0.2.20:53     | udp 127.0.0.1:5353 -> 10.0.2.20:53",
        "tcp:[::1]:8080-:80                  | tcp [0:0:0:0:0:0:0:1]:8080 -> 10.0.2.15:80",
        "tcp::0-:65535                       | tcp 0.0.0.0:0 -> 10.0.2.15:65535"})
    void readsARule(String text, String rule) {
        assertEquals(List.of(rule), PortForward.parse(text, GUEST).stream().map(PortForward::toString).toList());
    }

    @Test
    void aRangeIsOneRulePerPort() throws Exception {
        InetAddress any = InetAddress.ofLiteral("0.0.0.0");

        assertEquals(
                List.of(new PortForward(Protocol.UDP, any, 8000, GUEST, 80), new PortForward(Protocol.UDP, any, 8001, GUEST, 81),
                        new PortForward(Protocol.UDP, any, 8002, GUEST, 82)),
                PortForward.parse("udp::8000-8002-:80-82", GUEST));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "8080                  | expected [tcp|udp]:[hostaddr]:hostport[-hostport]-[guestaddr]:guestport[-guestport]",
        "tcp::8080             | expected [tcp|udp]:[hostaddr]:hostport[-hostport]-[guestaddr]:guestport[-guestport]",
        "tcp:::1:8080-:80      | expected [tcp|udp]:[hostaddr]:hostport[-hostport]-[guestaddr]:guestport[-guestport]",
        "sctp::8080-:80        | unknown protocol 'sctp', expected tcp or udp",
        "tcp:localhost:80-:80  | bad host address 'localhost': expected a numeric IP address",
        "tcp:1.2.3.999:80-:80  | bad host address '1.2.3.999': expected a numeric IP address",
        "tcp:[1.2.3.4]:80-:80  | bad host address '[1.2.3.4]': brackets are for IPv6 addresses",
        "tcp:[::zz]:80-:80     | bad host address '[::zz]': expected a numeric IP address",
        "tcp::80-guest:80      | bad guest address 'guest': expected a numeric IP address",
        "tcp::-:80             | bad host port '': expected 0 to 65535",
        "tcp::http-:80         | bad host port 'http': expected 0 to 65535",
        "tcp::65536-:80        | bad host port '65536': expected 0 to 65535",
        "tcp::999999-:80       | bad host port '999999': expected 0 to 65535",
        "tcp::80-:0            | bad guest port '0': expected 1 to 65535",
        "tcp::80-:             | bad guest port '': expected 1 to 65535",
        "tcp::80-70-:80-90     | the host range 80-70 runs backwards",
        "tcp::80-90-:90-80     | the guest range 90-80 runs backwards",
        "tcp::80-82-:80-81     | the host range has 3 ports, the guest range 2",
        "tcp::80-82-:80        | the host range has 3 ports, the guest range 1",
        "tcp::0-2-:80-82       | a range cannot begin with host port 0"}, quoteCharacter = '"')
    void saysWhatIsWrongWithARule(String text, String problem) {
        var thrown = assertThrows(IllegalArgumentException.class, () -> PortForward.parse(text, GUEST));

        assertEquals("port forward '" + text + "': " + problem, thrown.getMessage());
    }

    @Test
    void aPortOutOfRangeIsNamed() {
        InetAddress any = InetAddress.ofLiteral("0.0.0.0");

        assertEquals("host port 70000 is not within 0 to 65535",
                assertThrows(IllegalArgumentException.class, () -> new PortForward(Protocol.TCP, any, 70_000, GUEST, 80)).getMessage());
        assertEquals("guest port 0 is not within 1 to 65535",
                assertThrows(IllegalArgumentException.class, () -> new PortForward(Protocol.TCP, any, 80, GUEST, 0)).getMessage());
    }

    @Test
    void aLimitOfZeroIsRefusedByName() {
        assertEquals("udpFlowsMax is 0, expected at least 1",
                assertThrows(IllegalArgumentException.class, () -> NatConfig.defaults().withFlows(1, 1, 0, 1)).getMessage());
    }
}
