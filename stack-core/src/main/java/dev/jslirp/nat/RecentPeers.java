package dev.jslirp.nat;

import java.util.Arrays;

/// The far endpoints a UDP flow has sent to, the latest of them, for filtering. It begins with room for two, which is
/// what nearly every flow needs, and grows to its limit; then the one added first is forgotten.
final class RecentPeers {
    private final int max;
    private long[] addresses = new long[4];
    private int[] ports = new int[2];
    private int size;
    private int oldest;
    private int lastFound;

    RecentPeers(int max) {
        this.max = max;
    }

    /// Remembers an endpoint.
    void add(long hi, long lo, int port) {
        if (contains(hi, lo, port)) {
            return;
        }
        int at = size;
        if (size == max) {
            at = oldest;
            oldest = (oldest + 1) % max;
        } else {
            if (size == ports.length) {
                ports = Arrays.copyOf(ports, Math.min(max, 2 * size));
                addresses = Arrays.copyOf(addresses, 2 * ports.length);
            }
            size++;
        }
        addresses[2 * at] = hi;
        addresses[2 * at + 1] = lo;
        ports[at] = port;
    }

    /// Whether this endpoint is remembered.
    boolean contains(long hi, long lo, int port) {
        if (lastFound < size && ports[lastFound] == port && isAddress(lastFound, hi, lo)) {
            return true;
        }
        for (int i = 0; i < size; i++) {
            if (ports[i] == port && isAddress(i, hi, lo)) {
                lastFound = i;
                return true;
            }
        }
        return false;
    }

    /// Whether an endpoint of this address is remembered.
    boolean containsAddress(long hi, long lo) {
        for (int i = 0; i < size; i++) {
            if (isAddress(i, hi, lo)) {
                return true;
            }
        }
        return false;
    }

    private boolean isAddress(int i, long hi, long lo) {
        return addresses[2 * i + 1] == lo && addresses[2 * i] == hi;
    }
}
