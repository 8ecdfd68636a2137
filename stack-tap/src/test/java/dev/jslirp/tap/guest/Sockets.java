package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Host-side ends of the tests' connections.
final class Sockets {
    static final int GREETING_BYTES = 100;

    private Sockets() {}

    /// Sends `length` bytes to an echo server and checks that they come back, then that EOF does.
    static void assertTcpEcho(String host, int port, int length) throws Exception {
        byte[] sent = new byte[length];
        new SplittableRandom(length).nextBytes(sent);
        try (Socket socket = new Socket(host, port)) {
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
                try {
                    socket.getOutputStream().write(sent);
                    socket.shutdownOutput();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }, Thread::startVirtualThread);
            assertArrayEquals(sent, socket.getInputStream().readAllBytes());
            writer.get(20, TimeUnit.SECONDS);
        }
    }

    /// Sends datagrams of these sizes to an echo server, one after the other, and checks that they come back.
    static void assertUdpEcho(String host, int port, int... sizes) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(10_000);
            byte[] received = new byte[65_536];
            for (int size : sizes) {
                byte[] sent = new byte[size];
                new SplittableRandom(size).nextBytes(sent);
                socket.send(new DatagramPacket(sent, size, InetAddress.getByName(host), port));
                DatagramPacket answer = new DatagramPacket(received, received.length);
                socket.receive(answer);
                assertArrayEquals(sent, Arrays.copyOf(received, answer.getLength()));
            }
        }
    }

    /// A server on the loopback address whose connections `serve` handles, one thread each.
    abstract static class Server implements AutoCloseable {
        private final ServerSocket socket;

        Server() throws IOException {
            socket = new ServerSocket(0, 1024, InetAddress.getByName("127.0.0.1"));
            Thread.ofPlatform().daemon().start(this::acceptAll);
        }

        int port() {
            return socket.getLocalPort();
        }

        private void acceptAll() {
            try {
                while (true) {
                    Socket accepted = socket.accept();
                    Thread.startVirtualThread(() -> {
                        try (accepted) {
                            serve(accepted);
                        } catch (IOException e) {
                            // The guest's end shows what went wrong.
                        }
                    });
                }
            } catch (IOException e) {
                // Closed: the test is over.
            }
        }

        abstract void serve(Socket accepted) throws IOException;

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /// Resets every connection once it has received something.
    static final class Resetter extends Server {
        Resetter() throws IOException {}

        @Override
        void serve(Socket accepted) throws IOException {
            accepted.getInputStream().read();
            accepted.setSoLinger(true, 0);
        }
    }

    /// Sends back every byte.
    static final class Echo extends Server {
        Echo() throws IOException {}

        @Override
        void serve(Socket accepted) throws IOException {
            accepted.getInputStream().transferTo(accepted.getOutputStream());
        }
    }

    /// Reads one byte, sends the greeting, closes.
    static final class Greeter extends Server {
        Greeter() throws IOException {}

        @Override
        void serve(Socket accepted) throws IOException {
            accepted.getInputStream().read();
            accepted.getOutputStream().write(new byte[GREETING_BYTES]);
        }
    }

    /// The other end of [HalfCloseClient].
    static final class HalfCloser implements AutoCloseable {
        private final ServerSocket socket = new ServerSocket(0, 16, InetAddress.getByName("127.0.0.1"));
        private final CompletableFuture<String> done = CompletableFuture.supplyAsync(this::serve, Thread::startVirtualThread);

        HalfCloser() throws IOException {}

        int port() {
            return socket.getLocalPort();
        }

        private String serve() {
            try {
                try (Socket first = socket.accept()) {
                    String request = new String(first.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                    first.getOutputStream().write(("answer to " + request).getBytes(StandardCharsets.US_ASCII));
                }
                try (Socket second = socket.accept()) {
                    second.getOutputStream().write("second".getBytes(StandardCharsets.US_ASCII));
                    second.shutdownOutput();
                    return new String(second.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                }
            } catch (IOException e) {
                return e.toString();
            }
        }

        void assertDone() throws InterruptedException, ExecutionException, TimeoutException {
            assertEquals("answer to second", done.get(20, TimeUnit.SECONDS));
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
