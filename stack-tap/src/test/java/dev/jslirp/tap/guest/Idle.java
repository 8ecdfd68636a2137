package dev.jslirp.tap.guest;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Connections that say something, are silent for so long that the kernel has forgotten to which queue they belong, and go on; every
/// other one by its client, the rest by its server. Both ends run in guests and on the host.
///
/// The pause is what is tested: there is no event by which the kernel tells that it forgot.
final class Idle {
    static final long PAUSE_NS = 5_000_000_000L;
    private static final int CLIENT_GOES_ON = 'c';
    private static final int SERVER_GOES_ON = 's';
    private static final int BULK_BYTES = 300_000;

    private Idle() {}

    /// `client HOST PORT CONNECTIONS` or `server PORT`, which says `listening` when ready.
    public static void main(String[] arguments) throws IOException {
        if (arguments[0].equals("client")) {
            System.out.println(goOn(arguments[1], Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3])) + " went on");
            return;
        }
        try (ServerSocket server = new ServerSocket(Integer.parseInt(arguments[1]), 1_024)) {
            System.out.println("listening");
            while (true) {
                Socket accepted = server.accept();
                Thread.ofPlatform().daemon().start(() -> serveAndClose(accepted));
            }
        }
    }

    private static void serveAndClose(Socket accepted) {
        try (accepted) {
            serve(accepted);
        } catch (IOException e) {
            // The client sees it.
        }
    }

    /// The server's part in one connection.
    static void serve(Socket accepted) throws IOException {
        DataInputStream in = new DataInputStream(accepted.getInputStream());
        OutputStream out = accepted.getOutputStream();
        int first = in.readUnsignedByte();
        out.write(first);
        if (first == SERVER_GOES_ON) {
            LockSupport.parkNanos(PAUSE_NS);
            out.write(new byte[BULK_BYTES]);
        }
        in.readFully(new byte[BULK_BYTES]);
        out.write(first);
    }

    /// The client's part in so many connections at once. @return how many went on
    static int goOn(String host, int port, int connections) throws IOException {
        List<Socket> sockets = new ArrayList<>();
        int wentOn = 0;
        try {
            for (int i = 0; i < connections; i++) {
                Socket socket = new Socket(host, port);
                sockets.add(socket);
                int first = i % 2 == 0 ? CLIENT_GOES_ON : SERVER_GOES_ON;
                socket.getOutputStream().write(first);
                expect(first, socket);
            }
            LockSupport.parkNanos(PAUSE_NS);
            for (int i = 0; i < connections; i++) {
                Socket socket = sockets.get(i);
                boolean clientFirst = i % 2 == 0;
                if (!clientFirst) {
                    new DataInputStream(socket.getInputStream()).readFully(new byte[BULK_BYTES]);
                }
                socket.getOutputStream().write(new byte[BULK_BYTES]);
                expect(clientFirst ? CLIENT_GOES_ON : SERVER_GOES_ON, socket);
                wentOn++;
            }
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        return wentOn;
    }

    private static void expect(int expected, Socket socket) throws IOException {
        int got = socket.getInputStream().read();
        if (got != expected) {
            throw new IOException("expected " + expected + " but got " + got);
        }
    }
}
