package dev.jslirp.tap.guest;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/// Runs in a guest: begins 2000 connects to addresses that never answer, and holds them until its input ends.
final class DeadConnects {
    static final int COUNT = 2_000;

    private DeadConnects() {}

    public static void main(String[] arguments) throws IOException {
        List<SocketChannel> channels = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            SocketChannel channel = SocketChannel.open();
            channel.configureBlocking(false);
            int host = OutsideNetwork.DEAD_FIRST + i % OutsideNetwork.DEAD_COUNT;
            channel.connect(new InetSocketAddress(OutsideNetwork.DEAD_PREFIX + host, 1_000 + i));
            channels.add(channel);
        }
        System.out.println("connecting");
        System.in.read();
        for (SocketChannel channel : channels) {
            channel.close();
        }
    }
}
