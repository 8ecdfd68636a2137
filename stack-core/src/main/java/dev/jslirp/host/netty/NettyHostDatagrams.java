package dev.jslirp.host.netty;

import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostError;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A UDP socket on a `DatagramChannel`.
///
/// The kernel tells of ICMP errors only to connected sockets. So the socket is connected to its first
/// destination, and disconnected for good when a second one appears; its port stays (it was bound, not
/// chosen by connect). While connected it hears nobody else, which is why destinations that answer from another port
/// (TFTP) and sockets bound on purpose (forwards) are left unconnected.
final class NettyHostDatagrams extends NioSocket implements HostDatagrams {
    private static final Logger LOG = LoggerFactory.getLogger(NettyHostDatagrams.class);
    /// Datagrams received for one readiness event.
    private static final int MAX_RECEIVES = 64;
    /// RFC 1350 §4: the server answers from a port of its choice.
    private static final int TFTP_PORT = 69;

    private final DatagramChannel channel;
    private final HostDatagramsListener listener;
    private final InetSocketAddress local;
    private final DatagramQueue queue = new DatagramQueue();
    private boolean mayConnect;
    /// The only destination; null while there was none, and when there is more than one.
    private InetSocketAddress connected;
    private boolean writeBlocked;
    private boolean closed;

    private long targetHi;
    private long targetLo;
    private InetSocketAddress target;

    private InetSocketAddress source;
    private long sourceHi;
    private long sourceLo;

    private NettyHostDatagrams(NettyHostNetwork network, DatagramChannel channel, boolean mayConnect, HostDatagramsListener listener)
            throws IOException {
        super(network);
        this.channel = channel;
        this.mayConnect = mayConnect;
        this.listener = listener;
        this.local = (InetSocketAddress) channel.getLocalAddress();
    }

    static NettyHostDatagrams open(
            NettyHostNetwork network, InetSocketAddress local, InetAddress family, HostDatagramsListener listener) throws IOException {
        InetAddress outbound = network.options().outbound(family);
        InetSocketAddress bind = local != null ? local : outbound != null ? new InetSocketAddress(outbound, 0) : null;
        DatagramChannel channel = null;
        try {
            channel = DatagramChannel.open(Addresses.family(bind == null ? family : NettyHostNetwork.resolved(bind)));
            channel.bind(bind);
            NettyHostDatagrams socket = new NettyHostDatagrams(network, channel, local == null, listener);
            socket.register(channel);
            socket.interest(SelectionKey.OP_READ);
            return socket;
        } catch (IOException | UnsupportedOperationException e) {
            if (channel != null) {
                channel.close();
            }
            String where = bind == null ? "" : " on " + Addresses.text(bind);
            throw new IOException("cannot open a UDP socket" + where + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void send(ByteBuf bytes, int index, int length, long addressHi, long addressLo, int port) {
        if (closed) {
            return;
        }
        InetSocketAddress to = target(addressHi, addressLo, port);
        if (to.getAddress().isAnyLocalAddress()) {
            // java.nio and the kernel would take 0.0.0.0 and :: for the host's loopback.
            tellLater(HostError.NETWORK_UNREACHABLE, to);
        } else if (writeBlocked || !trySend(bytes, index, length, to)) {
            queue.add(bytes, index, length, to, network.allocator());
        }
    }

    @Override
    public void flush() {
        // Datagrams go out as they come; what the kernel refused waits for the socket to become writable.
    }

    /// Sends one datagram. @return false if the kernel has no room now
    private boolean trySend(ByteBuf bytes, int index, int length, InetSocketAddress to) {
        ByteBuffer datagram = bytes.nioBufferCount() == 1 ? bytes.internalNioBuffer(index, length) : bytes.nioBuffer(index, length);
        try {
            aim(to, length);
            return transmit(datagram, to);
        } catch (PortUnreachableException e) {
            // The answer to an earlier datagram; this one is not sent yet.
            tellLater(HostError.REFUSED, connected);
        } catch (IOException | IllegalArgumentException e) {
            tellLater(HostErrors.classify(e), to);
            return true;
        }
        try {
            return transmit(datagram, to);
        } catch (IOException | IllegalArgumentException e) {
            tellLater(HostErrors.classify(e), to);
            return true;
        }
    }

    private boolean transmit(ByteBuffer datagram, InetSocketAddress to) throws IOException {
        int length = datagram.remaining();
        int sent = connected != null ? channel.write(datagram) : channel.send(datagram, to);
        // Nothing sent of an empty datagram cannot be told from success.
        if (sent == 0 && length > 0) {
            writeBlocked = true;
            interest(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
            return false;
        }
        return true;
    }

    /// Connects to the first destination; disconnects at the second, and for an empty datagram, which java.nio sends only unconnected.
    private void aim(InetSocketAddress to, int length) throws IOException {
        if (!mayConnect || to == connected && length > 0) {
            return;
        }
        boolean connectable = length > 0 && to.getPort() != TFTP_PORT && !to.getAddress().isMulticastAddress();
        if (connected == null && connectable) {
            channel.connect(to);
            connected = to;
        } else if (!connectable || !to.equals(connected)) {
            mayConnect = false;
            connected = null;
            channel.disconnect();
        }
    }

    @Override
    void onReady(int ops) {
        if ((ops & SelectionKey.OP_READ) != 0) {
            receiveAvailable();
        }
        if ((ops & SelectionKey.OP_WRITE) != 0 && !closed) {
            sendQueued();
        }
    }

    private void receiveAvailable() {
        for (int i = 0; i < MAX_RECEIVES && !closed; i++) {
            ByteBuf buffer = network.datagramBuffer();
            ByteBuffer into = buffer.internalNioBuffer(0, NettyHostNetwork.DATAGRAM_BYTES);
            // In a pooled buffer's memory, the first byte is rarely at position 0.
            int start = into.position();
            InetSocketAddress from;
            try {
                from = (InetSocketAddress) channel.receive(into);
            } catch (PortUnreachableException e) {
                tell(HostError.REFUSED, connected);
                continue;
            } catch (IOException e) {
                LOG.debug("receiving on {}", local, e);
                return;
            }
            if (from == null) {
                return;
            }
            if (from != source) {
                source = from;
                sourceHi = Addresses.hi(from.getAddress());
                sourceLo = Addresses.lo(from.getAddress());
            }
            buffer.setIndex(0, into.position() - start);
            listener.onDatagram(buffer, sourceHi, sourceLo, from.getPort());
        }
    }

    private void sendQueued() {
        writeBlocked = false;
        while (!queue.isEmpty()) {
            ByteBuf datagram = queue.first();
            if (!trySend(datagram, datagram.readerIndex(), datagram.readableBytes(), queue.firstTarget())) {
                return;
            }
            queue.removeFirst();
        }
        interest(SelectionKey.OP_READ);
    }

    private InetSocketAddress target(long hi, long lo, int port) {
        if (target == null || targetHi != hi || targetLo != lo || target.getPort() != port) {
            target = Addresses.socketAddress(hi, lo, port);
            targetHi = hi;
            targetLo = lo;
        }
        return target;
    }

    private void tellLater(HostError error, InetSocketAddress to) {
        network.loop().execute(() -> tell(error, to));
    }

    private void tell(HostError error, InetSocketAddress to) {
        if (!closed && to != null) {
            listener.onError(error, Addresses.hi(to.getAddress()), Addresses.lo(to.getAddress()), to.getPort());
        }
    }

    @Override
    public InetSocketAddress localAddress() {
        return local;
    }

    @Override
    public void close() {
        abandon();
    }

    @Override
    void abandon() {
        closed = true;
        queue.release();
        closeChannel();
    }
}
