package dev.jslirp.tap.guest;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/// Runs in a guest, or anywhere: requests to an echo server, with pauses of random length in between, so that they meet whatever else goes
/// on at any moment of it. For each number that is read from the input it makes so many requests, and prints the median and the 99th
/// percentile of their times in nanoseconds. With `fresh` as its third argument each request has a connection of its own, and its time
/// begins with the connect.
final class RequestClient {
    private static final int REQUEST_BYTES = 64;
    private static final int PAUSE_MAX_NS = 1_000_000;
    private static final int WARM_UP = 2_000;

    private final byte[] request = new byte[REQUEST_BYTES];
    private final SplittableRandom random = new SplittableRandom(1);
    private final String host;
    private final int port;
    private final boolean fresh;
    private Socket socket;

    private RequestClient(String host, int port, boolean fresh) {
        this.host = host;
        this.port = port;
        this.fresh = fresh;
    }

    public static void main(String[] arguments) throws IOException {
        RequestClient client = new RequestClient(arguments[0], Integer.parseInt(arguments[1]), arguments.length > 2);
        for (int i = 0; i < WARM_UP; i++) {
            client.ask();
        }
        System.out.println("ready");
        for (int c = System.in.read(), count = 0; c >= 0; c = System.in.read()) {
            if (c == '\n') {
                client.measure(count);
                count = 0;
            } else {
                count = count * 10 + c - '0';
            }
        }
    }

    private void measure(int count) throws IOException {
        long[] timesNs = new long[count];
        for (int i = 0; i < count; i++) {
            LockSupport.parkNanos(random.nextInt(PAUSE_MAX_NS));
            timesNs[i] = ask();
        }
        Arrays.sort(timesNs);
        System.out.println(timesNs[count / 2] + " " + timesNs[count * 99 / 100]);
    }

    private long ask() throws IOException {
        long startNs = System.nanoTime();
        if (socket == null) {
            socket = new Socket(host, port);
            socket.setTcpNoDelay(true);
        }
        socket.getOutputStream().write(request);
        new DataInputStream(socket.getInputStream()).readFully(request);
        long timeNs = System.nanoTime() - startNs;
        if (fresh) {
            socket.close();
            socket = null;
        }
        return timeNs;
    }
}
