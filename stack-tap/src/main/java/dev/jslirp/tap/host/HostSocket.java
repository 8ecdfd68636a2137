package dev.jslirp.tap.host;

import dev.jslirp.tap.linux.FdListener;
import dev.jslirp.tap.linux.FdWatch;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;

/// A watched descriptor: what streams, listeners and datagram sockets have in common. Also a node of the network's list of
/// open sockets.
abstract class HostSocket implements FdListener {
    final LinuxHostNetwork network;
    private int fd = -1;
    private FdWatch watch;
    private HostSocket previous;
    private HostSocket next;
    /// The next in the network's list of those that have asked for a turn.
    HostSocket nextTurn;

    HostSocket(LinuxHostNetwork network) {
        this.network = network;
    }

    /// Takes `descriptor` over and begins to watch it; closes it if that fails.
    final void open(int descriptor, int events) throws TapException {
        try {
            watch = network.loop().watch(descriptor, events, this);
        } catch (TapException e) {
            Sockets.close(descriptor);
            throw e;
        }
        fd = descriptor;
        network.add(this);
    }

    /// Goes on with the descriptor and the watch of `other`, which is left without.
    final void takeOver(HostSocket other) {
        fd = other.fd;
        watch = other.watch;
        watch.tell(this);
        network.add(this);
        other.fd = -1;
        network.remove(other);
    }

    final int fd() {
        return fd;
    }

    final boolean isOpen() {
        return fd >= 0;
    }

    final FdWatch watch() {
        return watch;
    }

    /// The turn that [LinuxHostNetwork#turnLater] was asked for.
    void onTurn() {
        throw new IllegalStateException("no turn was asked for");
    }

    /// The network goes away: close without another event.
    abstract void abandon();

    /// Closes the descriptor; idempotent.
    final void closeDescriptor() {
        if (fd >= 0) {
            fd = -1;
            network.remove(this);
            watch.cancelAndClose();
        }
    }

    /// Gives the descriptor, which stays open, to the caller.
    final int release() {
        int released = fd;
        fd = -1;
        network.remove(this);
        watch.cancel();
        return released;
    }

    final InetSocketAddress lookUpLocalAddress() {
        if (fd < 0 || network.calls().localAddress(fd) < 0) {
            return null;
        }
        return network.lastAddress();
    }

    static String text(InetSocketAddress address) {
        if (address.getAddress() == null) {
            return address.toString();
        }
        IpAddress host = IpAddress.of(address.getAddress());
        return (host.isV4() ? host.toString() : "[" + host + "]") + ":" + address.getPort();
    }

    final void linkBefore(HostSocket head) {
        next = head;
        if (head != null) {
            head.previous = this;
        }
    }

    /// Leaves the list that begins with `head`. @return its new head
    final HostSocket unlink(HostSocket head) {
        HostSocket rest = head == this ? next : head;
        if (previous != null) {
            previous.next = next;
        }
        if (next != null) {
            next.previous = previous;
        }
        previous = null;
        next = null;
        return rest;
    }
}
