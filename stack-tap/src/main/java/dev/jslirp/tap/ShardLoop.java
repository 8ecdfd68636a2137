package dev.jslirp.tap;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.TcpShard;
import dev.jslirp.link.HandOver;
import dev.jslirp.link.HandOverLink;
import dev.jslirp.link.Link;
import dev.jslirp.stats.Counters;
import dev.jslirp.tap.host.LinuxHostNetwork;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapDevice;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.time.Reactor;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.function.Consumer;

/// A loop of the daemon beyond its first one: it serves one queue of the TAP, and the TCP flows whose frames come there.
final class ShardLoop implements AutoCloseable {
    private final TapDevice queue;
    private final ServiceLoop service;
    private TcpShard shard;

    /// What is put around the link of a loop.
    interface Decorator {
        Link decorate(Link bare, Reactor reactor, ServiceLoop service);
    }

    /// Starts the thread for `queue`, which is owned from now on.
    ///
    /// @param number     1 and up
    /// @param busyPollNs as [dev.jslirp.tap.linux.EpollLoop] takes it
    ShardLoop(TapDevice queue, int number, long busyPollNs) throws TapException {
        this.queue = queue;
        service = new ServiceLoop("jslirp-loop-" + number, busyPollNs);
    }

    /// Serves the queue.
    ///
    /// @param config divided by the number of loops
    /// @param first  the link of the first loop, which takes what is not for this one
    /// @param onGone called in-loop when the interface has disappeared
    void serve(int mtuBytes, GuestNetworkConfig config, LinuxHostNetwork.Options sockets, HandOverLink first, Decorator decorator,
            Runnable onGone) throws IOException {
        service.call(() -> {
            Reactor reactor = service.loop().newReactor();
            Link link = decorator.decorate(new TapLink(queue, mtuBytes, service.loop(), service.allocator(), onGone), reactor, service);
            LinuxHostNetwork host = new LinuxHostNetwork(service.loop(), service.allocator(), sockets);
            shard = new TcpShard(config, link, host, reactor, new SecureRandom(), service.allocator(),
                    first.entrance(service.allocator()));
            shard.start();
            Processes.forgoNewPrivileges();
            return null;
        });
    }

    /// Lets segments that the loop of `before` does not know come here; `connect` is called in that loop.
    void takeStraysOf(ServiceLoop before, Consumer<HandOver> connect) throws IOException {
        HandOver strays = shard.strays(before.allocator());
        before.call(() -> {
            connect.accept(strays);
            return null;
        });
    }

    /// To be called in-loop: segments that are not known here are handed to `next`.
    void handStraysTo(HandOver next) {
        shard.handStraysTo(next);
    }

    /// What the shard has counted; null if it never served. To be read when the loop has ended.
    Counters counters() {
        return shard == null ? null : shard.counters();
    }

    ServiceLoop service() {
        return service;
    }

    /// Resets all flows and closes the queue; the loop lives on. Idempotent.
    ///
    /// @return frames for the guest that the queue had no room for
    long closeNetwork() throws IOException {
        return service.call(() -> {
            if (shard == null) {
                queue.close();
                return 0L;
            }
            long drops = shard.stats().linkDrops();
            shard.close();
            return drops;
        });
    }

    /// Ends the loop, after [#closeNetwork]. Idempotent.
    @Override
    public void close() {
        service.close();
    }
}
