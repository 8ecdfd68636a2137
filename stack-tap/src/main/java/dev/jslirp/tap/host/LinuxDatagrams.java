package dev.jslirp.tap.host;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import dev.jslirp.tap.linux.DatagramReceiver;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// A UDP socket. Never connected: its error queue tells of ICMP errors with the destination they are about.
final class LinuxDatagrams extends HostSocket implements HostDatagrams {
    /// Calls of `recvmmsg`, and errors taken, in one turn.
    private static final int MAX_RECEIVES = 4;
    private static final int MAX_ERRORS = 16;
    private static final int RUN_SEGMENT_MAX = 65_507;
    private static final long V4_ANY = 0xffffL << 32;

    private final HostDatagramsListener listener;
    private final DatagramTraffic traffic;
    private InetSocketAddress local;
    /// Longest datagrams that the kernel is still asked to cut a run into.
    private int runSegmentMax = RUN_SEGMENT_MAX;

    private LinuxDatagrams(LinuxHostNetwork network, HostDatagramsListener listener) {
        super(network);
        this.listener = listener;
        this.traffic = network.datagrams();
    }

    static LinuxDatagrams open(LinuxHostNetwork network, InetSocketAddress local, InetAddress family, HostDatagramsListener listener)
            throws IOException {
        if (local != null && local.isUnresolved()) {
            throw new IOException("cannot open a UDP socket on " + text(local) + ": unknown host");
        }
        IpAddress remote = family == null ? null : IpAddress.of(family);
        IpAddress bind = local != null ? IpAddress.of(local.getAddress()) : network.options().outbound(remote);
        IpAddress kind = bind != null ? bind : remote;
        Sockets calls = network.calls();
        int fd = calls.openDatagrams(kind.hi(), kind.lo());
        // Without an address of its own, the kernel binds it when it first sends.
        int result = fd < 0 || bind == null ? fd : calls.bind(fd, bind.hi(), bind.lo(), local == null ? 0 : local.getPort());
        if (result < 0) {
            if (fd >= 0) {
                Sockets.close(fd);
            }
            String where = local == null ? bind == null ? "" : " on " + bind : " on " + text(local);
            throw new IOException("cannot open a UDP socket" + where + ": " + Errno.text(-result));
        }
        LinuxDatagrams socket = new LinuxDatagrams(network, listener);
        socket.open(fd, EpollLoop.IN);
        return socket;
    }

    @Override
    public void send(ByteBuf bytes, int index, int length, long addressHi, long addressLo, int port) {
        if (!isOpen()) {
            return;
        }
        if (isUnspecified(addressHi, addressLo)) {
            tellLater(-Errno.ENETUNREACH.number(), addressHi, addressLo, port);
        } else if (length <= DatagramTraffic.GATHERED_MAX_BYTES) {
            traffic.gather(this, bytes, index, length, addressHi, addressLo, port);
        } else {
            traffic.sendNow(this, bytes, index, length, 0, addressHi, addressLo, port);
        }
    }

    @Override
    public void sendRun(ByteBuf bytes, int index, int length, int segmentBytes, long addressHi, long addressLo, int port) {
        if (!isOpen()) {
            return;
        }
        if (isUnspecified(addressHi, addressLo)) {
            tellLater(-Errno.ENETUNREACH.number(), addressHi, addressLo, port);
        } else {
            traffic.sendNow(this, bytes, index, length, segmentBytes, addressHi, addressLo, port);
        }
    }

    /// The kernel would take these for the host's loopback.
    private static boolean isUnspecified(long hi, long lo) {
        return hi == 0 && (lo == 0 || lo == V4_ANY);
    }

    @Override
    public void flush() {
        if (isOpen()) {
            traffic.flush(this);
        }
    }

    int runSegmentMax() {
        return runSegmentMax;
    }

    /// Whether the kernel does not cut runs into datagrams of this length (the path takes only shorter ones whole, or the device cannot
    /// complete checksums); remembers it.
    boolean refusesRuns(int result, int segmentBytes) {
        boolean refuses = result == -Errno.EINVAL.number() || result == -Errno.EMSGSIZE.number() || result == -Errno.EIO.number();
        if (refuses) {
            runSegmentMax = segmentBytes - 1;
        }
        return refuses;
    }

    static boolean isFull(int result) {
        return result == -Errno.EAGAIN.number() || result == -Errno.ENOBUFS.number();
    }

    void tellLater(int result, long hi, long lo, int port) {
        HostError error = HostErrors.of(result);
        network.loop().execute(() -> {
            if (isOpen()) {
                listener.onError(error, hi, lo, port);
            }
        });
    }

    @Override
    public void onEvents(int events) {
        if ((events & EpollLoop.ERR) != 0) {
            takeErrors();
        }
        if ((events & EpollLoop.IN) != 0) {
            receiveAvailable();
        }
    }

    private void takeErrors() {
        DatagramReceiver receiver = traffic.receiver();
        int taken = 0;
        while (taken < MAX_ERRORS && isOpen() && receiver.receiveError(fd())) {
            taken++;
            if (receiver.errorNumber() != 0) {
                HostError error = HostErrors.of(Errno.of(receiver.errorNumber()));
                listener.onError(error, receiver.errorHi(), receiver.errorLo(), receiver.errorPort());
            }
        }
        if (taken == 0 && isOpen()) {
            // Not in the queue but pending: reported once, and cleared by that.
            network.calls().takeError(fd());
        }
    }

    private void receiveAvailable() {
        for (int i = 0; i < MAX_RECEIVES && isOpen(); i++) {
            int received = traffic.receive(fd());
            if (received < 0 && received != -Errno.EAGAIN.number()) {
                // An error that the queue tells of, in its turn.
                continue;
            }
            deliver(received);
            if (received < DatagramReceiver.SLOTS) {
                return;
            }
        }
    }

    private void deliver(int received) {
        DatagramReceiver receiver = traffic.receiver();
        ByteBuf slots = traffic.slots();
        for (int slot = 0; slot < received && isOpen();) {
            int base = slot * DatagramReceiver.SLOT_BYTES;
            int length = receiver.length(slot);
            int segment = receiver.segmentBytes(slot);
            slots.setIndex(base, base + length);
            int joined = traffic.joinRun(slot, received);
            int runSegment = joined > 1 ? length : segment;
            if (runSegment > 0 && slots.readableBytes() > runSegment) {
                listener.onDatagrams(slots, runSegment, receiver.hi(slot), receiver.lo(slot), receiver.port(slot));
            } else {
                listener.onDatagram(slots, receiver.hi(slot), receiver.lo(slot), receiver.port(slot));
            }
            slot += joined;
        }
    }

    /// With the port the kernel chose, once it has.
    @Override
    public InetSocketAddress localAddress() {
        if (local != null) {
            return local;
        }
        InetSocketAddress now = lookUpLocalAddress();
        if (now != null && now.getPort() != 0) {
            local = now;
        }
        return now;
    }

    @Override
    public void close() {
        abandon();
    }

    @Override
    void abandon() {
        traffic.forget(this);
        closeDescriptor();
    }
}
