package dev.jslirp.tap.guest;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// An HTTP server whose pages are reproducible bytes: `GET /bytes/LENGTH/SEED` sends them, `PUT /sum` answers with
/// the SHA-256 of what it was sent.
final class ByteServer implements AutoCloseable {
    private static final int BLOCK = 1 << 20;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    ByteServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
        server.setExecutor(threads);
        server.createContext("/bytes/", this::sendBytes);
        server.createContext("/sum", this::receiveBytes);
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    /// SHA-256 of `GET /bytes/length/seed`.
    static String sum(long length, long seed) {
        MessageDigest digest = sha256();
        forEachBlock(length, seed, digest::update);
        return HexFormat.of().formatHex(digest.digest());
    }

    private void sendBytes(HttpExchange exchange) throws IOException {
        String[] path = exchange.getRequestURI().getPath().split("/");
        long length = Long.parseLong(path[2]);
        exchange.sendResponseHeaders(200, length);
        try (exchange; OutputStream out = exchange.getResponseBody()) {
            forEachBlock(length, Long.parseLong(path[3]), out::write);
        }
    }

    private void receiveBytes(HttpExchange exchange) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = exchange.getRequestBody()) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
        byte[] answer = HexFormat.of().formatHex(digest.digest()).getBytes(StandardCharsets.US_ASCII);
        exchange.sendResponseHeaders(200, answer.length);
        try (exchange; OutputStream out = exchange.getResponseBody()) {
            out.write(answer);
        }
    }

    private interface Sink<E extends Exception> {
        void take(byte[] bytes, int off, int length) throws E;
    }

    private static <E extends Exception> void forEachBlock(long length, long seed, Sink<E> sink) throws E {
        byte[] block = new byte[BLOCK];
        new SplittableRandom(seed).nextBytes(block);
        ByteBuffer number = ByteBuffer.wrap(block);
        long left = length;
        for (long i = 0; left > 0; i++) {
            number.putLong(0, i ^ seed);
            int count = (int) Math.min(left, BLOCK);
            sink.take(block, 0, count);
            left -= count;
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }
}
