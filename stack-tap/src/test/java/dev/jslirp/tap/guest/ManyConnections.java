package dev.jslirp.tap.guest;

import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Runs in a guest: opens connections, sixteen at a time, reads the greeting of each to its end, and closes it.
final class ManyConnections {
    private ManyConnections() {}

    public static void main(String[] arguments) throws InterruptedException {
        int port = Integer.parseInt(arguments[1]);
        int count = Integer.parseInt(arguments[2]);
        AtomicInteger done = new AtomicInteger();
        try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
            for (int i = 0; i < count; i++) {
                threads.execute(() -> {
                    connect(arguments[0], port);
                    done.incrementAndGet();
                });
            }
            threads.shutdown();
            threads.awaitTermination(200, TimeUnit.SECONDS);
        }
        System.out.println(done + " connections");
    }

    private static void connect(String host, int port) {
        try (Socket socket = new Socket(host, port)) {
            socket.getOutputStream().write(1);
            if (socket.getInputStream().readAllBytes().length != Sockets.GREETING_BYTES) {
                throw new AssertionError("greeting cut short");
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
