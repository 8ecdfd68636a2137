package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/// What a Linux virtual machine in QEMU must be able to do, whatever its network card is connected to. One guest
/// serves all tests of a class, as each boot takes seconds; the first gets its lease.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(300)
abstract class QemuGuestTests {
    static final String GATEWAY = "10.0.2.2";
    private static final long LENGTH = 100_000_000;

    final Netdev netdev;
    Installation installation;
    OutsideNetwork outside;
    ServedNetwork network;
    QemuGuest guest;
    private ByteServer bytes;
    private int hostPort;

    QemuGuestTests(Netdev netdev) {
        this.netdev = netdev;
    }

    @BeforeAll
    void boot() throws IOException {
        QemuGuest.require();
        installation = new Installation();
        outside = new OutsideNetwork();
        bytes = new ByteServer();
        hostPort = Ports.free();
        Path dnsmasq = Files.writeString(installation.scratch().resolve("dnsmasq.conf"),
                "no-resolv\nno-hosts\nport=53\nlocal=/example/\naddress=/www.example/192.0.2.80\n");
        outside.serve(53, "udp", installation.scratch().resolve("dnsmasq.log"),
                "dnsmasq", "--keep-in-foreground", "--conf-file=" + dnsmasq, "--pid-file=", "--user=root");
        if (netdev == Netdev.USER) {
            guest = new QemuGuest(installation.scratch(), 0, List.of(), netdev.arguments(installation.scratch(), 0, hostPort, 0));
        } else {
            network = new ServedNetwork(installation, netdev, "--dns", OutsideNetwork.ADDRESS, "-p", "tcp:127.0.0.1:" + hostPort + "-:80");
            guest = network.boot(0);
        }
    }

    @AfterAll
    void tearDown() throws Exception {
        List<AutoCloseable> resources = new ArrayList<>();
        resources.add(guest);
        resources.add(network);
        resources.add(bytes);
        resources.add(outside);
        resources.add(installation);
        for (AutoCloseable resource : resources) {
            if (resource != null) {
                resource.close();
            }
        }
    }

    @Test
    @Order(1)
    void udhcpcGetsTheFirstLease() {
        assertTrue(guest.dhcp().ok().out().contains("lease 10.0.2.15/24 router 10.0.2.2 dns 10.0.2.3"));
    }

    @Test
    @Order(2)
    void pingReachesTheGateway() {
        String out = guest.sh(30, "ping -c 3 -s 1000 " + GATEWAY).ok().out();
        assertTrue(out.contains("3 packets received"), out);
    }

    @Test
    @Order(2)
    void nslookupResolves() {
        // QEMU's own network asks the host's resolver, which knows nothing of our names.
        if (netdev != Netdev.USER) {
            String out = guest.sh(30, "nslookup -type=a www.example").ok().out();
            assertTrue(out.contains("Address: 192.0.2.80"), out);
        }
    }

    @Test
    @Order(3)
    void aHundredMegabytesComeAndGoWithEqualSums() {
        assertEquals(ByteServer.sum(LENGTH, 1), thereAndBack(LENGTH));
    }

    /// SHA-256 of what the host got back after the guest had fetched a file and sent it.
    String thereAndBack(long length) {
        guest.sh(120, "wget -q -O /tmp/file http://" + GATEWAY + ':' + bytes.port() + "/bytes/" + length + "/1").ok();
        String sum = guest.upload(120, "cat /tmp/file", length, GATEWAY, bytes.port());
        guest.sh(10, "rm /tmp/file").ok();
        return sum;
    }

    @Test
    @Order(4)
    void aForwardedPortReachesTheGuestsServer() throws IOException {
        guest.sh(30, "mkdir -p /tmp/www && head -c 1000000 /dev/urandom > /tmp/www/page && httpd -p 80 -h /tmp/www").ok();
        String sum = guest.sh(30, "md5sum < /tmp/www/page").ok().out().split(" ")[0];
        Path page = installation.scratch().resolve("page");
        Shell.run(60, "curl", "-sS", "-o", page.toString(), "http://127.0.0.1:" + hostPort + "/page").ok();
        assertEquals(sum, Shell.run(10, "md5sum", page.toString()).ok().out().split(" ")[0]);
        try (Socket refused = new Socket(InetAddress.getLoopbackAddress(), hostPort)) {
            refused.getOutputStream().write("GET /none HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            refused.shutdownOutput();
            String answer = new String(refused.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertTrue(answer.startsWith("HTTP/1.1 404"), answer);
        }
    }

    /// The host's end of the network is replaced by a new one, and serves the guest that knew the old one.
    void assertServedAfterRestart(Runnable reconnect) {
        Guest.Stats stats = network.stop();
        assertEquals(stats.get("TCP_FLOWS_OPENED"), stats.get("TCP_FLOWS_CLOSED"), stats::text);
        assertEquals(0, stats.get("INTERNAL"), stats::text);
        assertTrue(stats.text().contains("buffers in use 0"), stats::text);
        network.start();
        reconnect.run();
        assertTrue(guest.dhcp().ok().out().contains("lease 10.0.2.15/24"));
        assertEquals(ByteServer.sum(1_000_000, 1), thereAndBack(1_000_000));
    }
}
