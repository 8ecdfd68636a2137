package dev.jslirp.tap.guest;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.DatagramChannel;

/// Runs in a guest: a TCP and a UDP echo server on the given ports; says `listening` when ready.
final class EchoServer {
    private EchoServer() {}

    public static void main(String[] arguments) throws IOException {
        DatagramChannel datagrams = DatagramChannel.open().bind(new InetSocketAddress(Integer.parseInt(arguments[1])));
        Thread.ofPlatform().daemon().start(() -> UdpEcho.echo(datagrams));
        try (ServerSocket server = new ServerSocket(Integer.parseInt(arguments[0]))) {
            System.out.println("listening");
            while (true) {
                Socket socket = server.accept();
                Thread.ofPlatform().daemon().start(() -> echo(socket));
            }
        }
    }

    private static void echo(Socket socket) {
        try (socket) {
            socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException e) {
            // The peer is gone.
        }
    }
}
