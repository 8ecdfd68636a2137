package dev.jslirp.tap.guest;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/// Runs in a guest. First connection: sends a request, closes its sending side, and still gets the answer. Second
/// connection: reads until the server has closed *its* sending side, and still delivers an answer.
final class HalfCloseClient {
    private HalfCloseClient() {}

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(arguments[1]);
        try (Socket socket = new Socket(arguments[0], port)) {
            socket.getOutputStream().write("first".getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            expect("answer to first", socket.getInputStream().readAllBytes());
        }
        try (Socket socket = new Socket(arguments[0], port)) {
            expect("second", socket.getInputStream().readAllBytes());
            socket.getOutputStream().write("answer to second".getBytes(StandardCharsets.US_ASCII));
        }
        System.out.println("both half-closes worked");
    }

    private static void expect(String expected, byte[] bytes) {
        String actual = new String(bytes, StandardCharsets.US_ASCII);
        if (!actual.equals(expected)) {
            throw new AssertionError("expected '" + expected + "', got '" + actual + "'");
        }
    }
}
