package dev.jslirp.tap.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/// Runs in a guest: opens connections to an echo server until no more can be had, waits for a line on its input while it holds them,
/// shows that the first one still works, closes all, and opens another.
final class Hoarder {
    private static final int CONNECTIONS_MAX = 1_000;
    private static final int TRIES = 20;

    private Hoarder() {}

    public static void main(String[] arguments) throws IOException {
        InetSocketAddress server = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        List<Socket> held = new ArrayList<>();
        Socket next = open(server);
        while (next != null && held.size() < CONNECTIONS_MAX) {
            held.add(next);
            next = open(server);
        }
        System.out.println("holding " + held.size());
        input.readLine();
        System.out.println(echoes(held.getFirst()) ? "the first one works" : "the first one is broken");
        for (Socket socket : held) {
            socket.close();
        }
        for (int i = 0; i < TRIES; i++) {
            Socket fresh = open(server);
            if (fresh != null) {
                System.out.println(echoes(fresh) ? "recovered" : "a new one is broken");
                return;
            }
        }
        System.out.println("no new connection");
    }

    /// A connection that works, or null.
    private static Socket open(InetSocketAddress server) {
        Socket socket = new Socket();
        try {
            socket.connect(server, 2_000);
            socket.setSoTimeout(5_000);
            if (echoes(socket)) {
                return socket;
            }
            socket.close();
        } catch (IOException e) {
            // None to be had.
        }
        return null;
    }

    private static boolean echoes(Socket socket) throws IOException {
        socket.getOutputStream().write(7);
        return socket.getInputStream().read() == 7;
    }
}
