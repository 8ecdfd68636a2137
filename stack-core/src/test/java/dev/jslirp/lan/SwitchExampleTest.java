package dev.jslirp.lan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.GuestNetwork;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.host.HostNetwork;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.testkit.SimHostNetwork;
import dev.jslirp.testkit.SimLink;
import dev.jslirp.testkit.SimReactor;
import dev.jslirp.testkit.TrackingAllocator;
import dev.jslirp.time.Reactor;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The example of README.md, section "Several guests on one network": it works, and README.md shows these very lines.
class SwitchExampleTest {
    private static final Path SOURCE = Path.of("src/test/java/dev/jslirp/lan/SwitchExampleTest.java");
    private static final Path README = Path.of("../README.md");

    private static List<String> portsLeft(GuestNetworkConfig config, Link firstLink, Link secondLink, HostNetwork host, Reactor reactor,
            ByteBufAllocator allocator) {
        // README begin
        var lan = new VirtualSwitch(SwitchConfig.defaults(1500), config.addresses(), reactor, new SecureRandom(), allocator);
        var network = new GuestNetwork(config, lan, host, reactor, new SecureRandom(), allocator);
        network.onLease(lease -> lan.lease(lease.mac(), lease.address()));           // what guarded ports go by
        network.start();

        SwitchPort trusted = lan.add(PortConfig.open("build"), firstLink);
        SwitchPort tenant = lan.add(PortConfig.guarded("tenant-7"), secondLink);     // held to its MAC address and to its lease

        trusted.close();                                                             // this guest has gone
        // README end
        List<String> left = lan.ports().stream().map(SwitchPort::name).toList();
        network.close();
        assertTrue(trusted.isClosed() && tenant.isClosed());
        return left;
    }

    @Test
    void portsComeAndGo() {
        SimReactor reactor = new SimReactor();
        TrackingAllocator allocator = new TrackingAllocator();
        SimLink first = new SimLink(reactor, LinkCapabilities.plain(1500), allocator);
        SimLink second = new SimLink(reactor, LinkCapabilities.offloading(1500, true), allocator);

        assertEquals(List.of("tenant-7"), portsLeft(GuestNetworkConfig.defaults(), first, second,
                new SimHostNetwork(reactor, allocator), reactor, allocator));

        assertTrue(first.isClosed() && second.isClosed());
        allocator.assertAllReleased();
    }

    @Test
    void theReadmeShowsTheseLines() throws IOException {
        String example = Files.readString(SOURCE).split("// README begin\n|\\s*// README end\n")[1].stripIndent();
        String section = Files.readString(README).split("\n### Several guests on one network\n")[1].split("\n## ")[0];
        assertEquals(example, section.split("```java\n")[1].split("\n```")[0]);
    }
}
