package dev.jslirp.tap.host;

import dev.jslirp.host.HostStream;
import dev.jslirp.host.SplicedStream;
import dev.jslirp.host.SplicedStreamListener;
import dev.jslirp.host.StreamSplicer;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.Pipe;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;

/// Joins connections of the host with servers in a guest's network namespace, by sockets that were made in there: a socket keeps its
/// namespace for life, wherever its descriptor goes. There is a fixed number of them, and each serves one connection after another.
final class Splicer implements StreamSplicer {
    /// What a pipe may hold, and what is moved in a turn: one call fills it, one empties it. Pipes for 64 connections take half of the
    /// 64 MiB that the kernel allows an ordinary user for the pipes of all their programs; those who have none left get very small ones.
    static final int PIPE_BYTES = 256 * 1024;
    /// Empty pipes kept for connections to come.
    private static final int IDLE_PIPES_MAX = 4;
    /// The kernel's usual range for ports of its choice.
    private static final int FIRST_PORT = 32_768;
    private static final int LAST_PORT = 60_999;
    /// Ports the kernel looks at for one connection.
    private static final int PORTS_TRIED = 16;

    private final LinuxHostNetwork network;
    /// Unconnected sockets; `idleSockets` of them are there.
    private final int[] sockets;
    private int idleSockets;
    private final ArrayDeque<Pipe> idlePipes = new ArrayDeque<>();
    private int nextPort = FIRST_PORT;

    /// Takes `sockets` over.
    Splicer(LinuxHostNetwork network, int[] sockets) {
        this.network = network;
        this.sockets = sockets.clone();
        idleSockets = sockets.length;
        // So that the first connection finds the system calls linked.
        giveBack(takePipe());
    }

    @Override
    public SplicedStream splice(HostStream accepted, InetSocketAddress guest, SplicedStreamListener listener) {
        if (idleSockets == 0 || !(accepted instanceof LinuxStream stream) || !stream.isUntouched()) {
            return null;
        }
        Pipe toGuest = takePipe();
        Pipe toHost = takePipe();
        SplicedPair pair = toGuest == null || toHost == null ? null : splice(stream, guest, toGuest, toHost, listener);
        if (pair == null) {
            giveBack(toGuest);
            giveBack(toHost);
        }
        return pair;
    }

    private SplicedPair splice(LinuxStream accepted, InetSocketAddress guest, Pipe toGuest, Pipe toHost, SplicedStreamListener listener) {
        int fd = sockets[--idleSockets];
        if (!connect(fd, guest)) {
            giveBack(fd);
            return null;
        }
        try {
            return new SplicedPair(this, accepted, fd, toGuest, toHost, listener);
        } catch (TapException e) {
            // No memory to watch it.
            return null;
        }
    }

    /// Where the address is the guest's own, the connection stays in the guest's kernel. Where it is not, or not yet (`EADDRNOTAVAIL`), the
    /// server is beyond the interface, and so is the way there. Other failures are the ordinary way's to find out.
    private boolean connect(int fd, InetSocketAddress guest) {
        IpAddress address = IpAddress.of(guest.getAddress());
        Sockets calls = network.calls();
        // Thousands of ports may be in TIME_WAIT, and the kernel would take milliseconds to find another one. Those used longest ago are the
        // likeliest to be free.
        int port = firstPort(nextPort, guest.getPort());
        calls.limitSourcePorts(fd, port, port + PORTS_TRIED - 1);
        nextPort = port + 1;
        return calls.bindSource(fd, address.hi(), address.lo()) >= 0
                && calls.connect(fd, address.hi(), address.lo(), guest.getPort(), 0) == -Errno.EINPROGRESS.number();
    }

    /// The first of the ports to look at, from `wanted` on: without `guestPort` among them, since a socket that comes from there and finds no
    /// server would connect to itself (RFC 9293 §3.5, simultaneous open).
    static int firstPort(int wanted, int guestPort) {
        int first = wanted <= guestPort && guestPort < wanted + PORTS_TRIED ? guestPort + 1 : wanted;
        return first + PORTS_TRIED - 1 > LAST_PORT ? FIRST_PORT : first;
    }

    LinuxHostNetwork network() {
        return network;
    }

    /// Resets the connection of `fd`, if there still is one, so that the socket serves another.
    void giveBack(int fd) {
        if (network.calls().disconnect(fd) < 0) {
            Sockets.close(fd);
        } else {
            sockets[idleSockets++] = fd;
        }
    }

    /// Null if no descriptors are left.
    private Pipe takePipe() {
        Pipe pipe = idlePipes.poll();
        return pipe == null ? Pipe.open(PIPE_BYTES) : pipe;
    }

    void giveBack(Pipe pipe) {
        if (pipe == null) {
            return;
        }
        if (pipe.bytes() == 0 && idlePipes.size() < IDLE_PIPES_MAX) {
            idlePipes.push(pipe);
        } else {
            pipe.close();
        }
    }

    /// Closes what is idle; the rest has been given back.
    void close() {
        while (idleSockets > 0) {
            Sockets.close(sockets[--idleSockets]);
        }
        idlePipes.forEach(Pipe::close);
        idlePipes.clear();
    }

    /// For tests.
    int idleSockets() {
        return idleSockets;
    }
}
