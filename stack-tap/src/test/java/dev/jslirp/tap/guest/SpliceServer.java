package dev.jslirp.tap.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/// Runs in a guest: a TCP server whose connections begin with a byte that says what is to become of them. Says `listening` when ready.
final class SpliceServer {
    /// Sends back every byte that follows.
    static final char ECHO = 'e';
    /// Answers with the address of its peer.
    static final char WHO = 'w';
    /// Resets the connection.
    static final char RESET = 'r';
    /// Sends its FIN at once, then prints how many bytes follow.
    static final char FINISH = 'f';
    /// Waits for the connection to fail, and prints that.
    static final char WAIT = 'a';

    private SpliceServer() {}

    /// `ADDRESS PORT`.
    public static void main(String[] arguments) throws IOException {
        try (ServerSocket server = new ServerSocket(Integer.parseInt(arguments[1]), 1_024, InetAddress.getByName(arguments[0]))) {
            System.out.println("listening");
            while (true) {
                Socket socket = server.accept();
                Thread.ofPlatform().daemon().start(() -> serve(socket));
            }
        }
    }

    private static void serve(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            switch (in.read()) {
                case ECHO -> in.transferTo(out);
                case WHO -> out.write(socket.getInetAddress().getHostAddress().getBytes(StandardCharsets.US_ASCII));
                case RESET -> socket.setSoLinger(true, 0);
                case FINISH -> {
                    socket.shutdownOutput();
                    System.out.println(in.transferTo(OutputStream.nullOutputStream()) + " bytes after the FIN");
                }
                case WAIT -> System.out.println("read " + in.read());
                default -> { }
            }
        } catch (IOException e) {
            System.out.println("failed");
        }
    }
}
