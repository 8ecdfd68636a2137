package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Two virtual machines on one `jslirp serve`.
@Timeout(300)
class QemuPairIT {
    private Installation installation;
    private ServedNetwork network;
    private QemuGuest first;
    private QemuGuest second;

    @AfterEach
    void tearDown() throws Exception {
        for (AutoCloseable resource : new AutoCloseable[] {first, second, network, installation}) {
            if (resource != null) {
                resource.close();
            }
        }
    }

    @Test
    void guestsOfAnIsolatedNetworkReachEachOtherAndNothingElse() throws Exception {
        QemuGuest.require();
        installation = new Installation();
        network = new ServedNetwork(installation, Netdev.STREAM_UNIX, "--isolated", "--guard");
        first = network.boot(0);
        second = network.boot(1);
        assertTrue(first.dhcp().ok().out().contains("lease 10.0.2.15/24"));
        assertTrue(second.dhcp().ok().out().contains("lease 10.0.2.16/24"));
        assertTrue(second.sh(30, "ping -c 3 10.0.2.15").ok().out().contains("3 packets received"));
        assertTrue(second.sh(30, "ping -c 3 10.0.2.2").ok().out().contains("3 packets received"));
        try (ByteServer bytes = new ByteServer()) {
            String url = "http://10.0.2.2:" + bytes.port() + "/bytes/10/1";
            assertNotEquals(0, second.sh(30, "wget -q -O - " + url).status(), "the host's loopback is outside");
        }
        // The lease names no router; with a route made by hand the gateway still refuses.
        Shell.Result outside = second.sh(30, "ip route add default via 10.0.2.2 && nc -w 5 192.0.2.1 80 < /dev/null");
        assertNotEquals(0, outside.status());
        assertTrue(outside.out().contains("refused") || outside.out().contains("unreachable"), outside.out());
    }

    @ParameterizedTest
    @EnumSource(names = {"STREAM_UNIX", "DGRAM"})
    void twoGuestsPingAndCopyBetweenEachOther(Netdev netdev) {
        QemuGuest.require();
        installation = new Installation();
        network = new ServedNetwork(installation, netdev);
        first = network.boot(0);
        second = network.boot(1);
        assertTrue(first.dhcp().ok().out().contains("lease 10.0.2.15/24"));
        assertTrue(second.dhcp().ok().out().contains("lease 10.0.2.16/24"));
        assertTrue(second.sh(30, "ping -c 3 -s 1000 10.0.2.15").ok().out().contains("3 packets received"));
        String sum = first.sh(60, "mkdir /tmp/www && head -c 20000000 /dev/urandom > /tmp/www/file "
                + "&& httpd -h /tmp/www && md5sum < /tmp/www/file").ok().out();
        assertEquals(sum, second.sh(60, "wget -q -O - http://10.0.2.15/file | md5sum").ok().out());
    }
}
