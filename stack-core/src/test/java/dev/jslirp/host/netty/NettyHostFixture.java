package dev.jslirp.host.netty;

import dev.jslirp.host.HostFixture;
import dev.jslirp.host.HostNetwork;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.util.concurrent.TimeUnit;

/// NIO on Netty's loop.
final class NettyHostFixture extends HostFixture {
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    final IoEventLoop loop = group.next();
    private final NettyHostNetwork network = new NettyHostNetwork(loop, allocator, NettyHostNetwork.Options.DEFAULT);

    @Override
    public HostNetwork network() {
        return network;
    }

    @Override
    protected void execute(Runnable task) {
        loop.execute(task);
    }

    @Override
    protected void stop() throws Exception {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).get(GUARD_S, TimeUnit.SECONDS);
    }
}
