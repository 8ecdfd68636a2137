package dev.jslirp.tap.vmm;

import dev.jslirp.lan.PortConfig;
import dev.jslirp.lan.SwitchPort;
import dev.jslirp.lan.VirtualSwitch;
import dev.jslirp.link.Link;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Sockets;
import io.netty.buffer.ByteBufAllocator;
import java.util.IdentityHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// The guests of all endpoints, and what the endpoints share. Ties each guest to the switch, and says who comes and goes. In-loop.
final class Guests {
    private static final Logger LOG = LoggerFactory.getLogger(VmmLink.class);
    /// What is asked of the kernel for each socket; it gives as much as it allows.
    private static final int SOCKET_BUFFER_BYTES = 1 << 20;

    private final VirtualSwitch lan;
    private final EpollLoop loop;
    private final ByteBufAllocator allocator;
    private final VmmConfig config;
    private final Sockets calls = new Sockets();
    private final Map<Link, SwitchPort> ports = new IdentityHashMap<>();
    private long refused;

    Guests(VirtualSwitch lan, EpollLoop loop, ByteBufAllocator allocator, VmmConfig config) {
        this.lan = lan;
        this.loop = loop;
        this.allocator = allocator;
        this.config = config;
    }

    EpollLoop loop() {
        return loop;
    }

    ByteBufAllocator allocator() {
        return allocator;
    }

    VmmConfig config() {
        return config;
    }

    Sockets calls() {
        return calls;
    }

    void enlargeBuffers(int fd) {
        calls.setBuffers(fd, SOCKET_BUFFER_BYTES, SOCKET_BUFFER_BYTES);
    }

    /// Ties a guest to the network. @return whether there is room for it; if not, the link stays the caller's
    boolean admit(Link guest, ListenSpec where, String name) {
        String full = where + " " + name;
        SwitchPort port = lan.add(config.guarded() ? PortConfig.guarded(full) : PortConfig.open(full), guest);
        if (port == null) {
            turnedAway(where, name, "there are " + config.guestsMax() + " guests already");
            return false;
        }
        ports.put(guest, port);
        LOG.info("{}: guest {} has come", where, name);
        return true;
    }

    void turnedAway(ListenSpec where, String name, String reason) {
        LOG.warn("{}: guest {} was turned away: {}", where, name, reason);
    }

    /// A guest's end: it is untied and closed.
    void dismiss(Link guest, ListenSpec where, String name, String reason, boolean violation) {
        SwitchPort port = ports.get(guest);
        LOG.atLevel(violation ? Level.WARN : Level.INFO)
                .log("{}: guest {} has gone: {}; {}", where, name, reason, port == null ? "" : PortReport.of(port));
        release(guest);
    }

    /// Unties and closes a guest without a word.
    void release(Link guest) {
        SwitchPort port = ports.remove(guest);
        if (port != null) {
            port.close();
        }
    }

    /// A datagram came that is no guest's.
    void refused() {
        refused++;
    }

    long refusedDatagrams() {
        return refused;
    }

    void close() {
        calls.close();
    }
}
