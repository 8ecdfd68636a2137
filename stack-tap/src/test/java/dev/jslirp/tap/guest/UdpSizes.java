package dev.jslirp.tap.guest;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.SplittableRandom;

/// Runs in a guest: sends datagrams of 1 to 65 507 bytes to an echo server and checks what comes back. Every size
/// up to 3 000 (where fragmentation begins at common MTUs), then in steps that are no multiple of anything, and the
/// largest.
final class UdpSizes {
    private static final int LARGEST = 65_507;
    private static final int TRIES = 5;

    private UdpSizes() {}

    public static void main(String[] arguments) throws IOException {
        InetSocketAddress server = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(1_000);
            for (int size = 1; size < LARGEST; size += size < 3_000 ? 1 : 97) {
                roundTrip(socket, server, size);
            }
            roundTrip(socket, server, LARGEST);
        }
        System.out.println("every size came back");
    }

    /// UDP may lose a datagram; a size that never gets through fails.
    private static void roundTrip(DatagramSocket socket, InetSocketAddress server, int size) throws IOException {
        byte[] sent = new byte[size];
        new SplittableRandom(size).nextBytes(sent);
        byte[] received = new byte[65_536];
        for (int i = 0; i < TRIES; i++) {
            socket.send(new DatagramPacket(sent, size, server));
            DatagramPacket answer = new DatagramPacket(received, received.length);
            try {
                do {
                    socket.receive(answer);
                } while (answer.getLength() != size);
                if (!Arrays.equals(sent, 0, size, received, 0, size)) {
                    throw new AssertionError("a datagram of " + size + " bytes came back changed");
                }
                return;
            } catch (SocketTimeoutException e) {
                // Try again.
            }
        }
        throw new AssertionError("datagrams of " + size + " bytes do not come back");
    }
}
