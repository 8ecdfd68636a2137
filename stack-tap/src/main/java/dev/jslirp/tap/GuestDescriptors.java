package dev.jslirp.tap;

import dev.jslirp.tap.linux.Processes;
import java.util.Arrays;

/// What was made inside a namespace for use outside. Whoever has it owns the descriptors.
///
/// @param tap     one for each of the interface's queues
/// @param sockets unconnected TCP sockets of the namespace
record GuestDescriptors(int[] tap, int... sockets) implements AutoCloseable {
    /// From what [#all] gave.
    static GuestDescriptors of(int[] all, int queues) {
        return new GuestDescriptors(Arrays.copyOf(all, queues), Arrays.copyOfRange(all, queues, all.length));
    }

    /// Those of the queues, then the sockets.
    int[] all() {
        int[] all = Arrays.copyOf(tap, tap.length + sockets.length);
        System.arraycopy(sockets, 0, all, tap.length, sockets.length);
        return all;
    }

    /// Closes them all.
    @Override
    public void close() {
        for (int fd : all()) {
            Processes.close(fd);
        }
    }
}
