package dev.jslirp.tap.host;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.host.ReadChunk;
import dev.jslirp.host.WriteQueue;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.GatherList;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// A TCP connection. States and events: see the package.
final class LinuxStream extends HostSocket implements HostStream {
    /// Bytes read in one turn, so that one busy stream does not starve the others.
    private static final int MAX_READ_BYTES = 256 * 1024;
    /// Bytes read and forgotten before closing.
    private static final int MAX_UNREAD_BYTES = 512 * 1024;
    private static final int EVENTS = EpollLoop.IN | EpollLoop.PRI | EpollLoop.OUT | EpollLoop.RDHUP | EpollLoop.EDGE;
    private static final int READABLE = EpollLoop.IN | EpollLoop.RDHUP | EpollLoop.HUP | EpollLoop.ERR;
    /// A read that gets less than it asked for may leave something: the end of the stream, its failure, or what follows an urgent byte.
    private static final int SHORT_READS = EpollLoop.RDHUP | EpollLoop.HUP | EpollLoop.ERR | EpollLoop.PRI;

    private enum State { CONNECTING, OPEN, CLOSING, FAILING, CLOSED }

    private final InetSocketAddress remote;
    private final WriteQueue queue = new WriteQueue();
    private HostStreamListener listener;
    private InetSocketAddress local;
    private State state;
    private boolean readsPaused = true;
    /// There may be bytes (or the end) to read.
    private boolean readable;
    /// Only EAGAIN tells that all was read; what a short read leaves will not be told of again.
    private boolean shortReads;
    private boolean turnAsked;
    private boolean eof;
    private boolean writable;
    private boolean shutdownWanted;
    private boolean outputShut;

    /// A stream to be connected.
    LinuxStream(LinuxHostNetwork network, InetSocketAddress remote, HostStreamListener listener) {
        super(network);
        this.remote = remote;
        this.listener = listener;
        this.state = State.CONNECTING;
    }

    /// An accepted stream. The listener is to follow, before the loop goes on.
    LinuxStream(LinuxHostNetwork network, InetSocketAddress remote, int accepted) throws TapException {
        super(network);
        this.remote = remote;
        this.state = State.OPEN;
        this.writable = true;
        open(accepted, EVENTS);
    }

    void listener(HostStreamListener user) {
        listener = user;
    }

    /// Whether it is open, and nobody has read, written or heard anything yet.
    boolean isUntouched() {
        return state == State.OPEN && listener == null && queue.bytes() == 0;
    }

    /// Leaves the connection to `successor`.
    void giveUpTo(HostSocket successor) {
        successor.takeOver(this);
        dispose(State.CLOSED);
    }

    void connect() {
        InetAddress to = remote.getAddress();
        // The kernel would take 0.0.0.0 and :: for the host's loopback.
        if (to == null || to.isAnyLocalAddress()) {
            failLater(HostError.NETWORK_UNREACHABLE);
        } else if (network.isClosed()) {
            failLater(HostError.OTHER);
        } else {
            long result = connectTo(to);
            if (result < 0 && result != -Errno.EINPROGRESS.number()) {
                failLater(HostErrors.of(result));
            }
        }
    }

    private long connectTo(InetAddress to) {
        Sockets calls = network.calls();
        IpAddress address = IpAddress.of(to);
        int fd = calls.openStream(address.hi(), address.lo());
        if (fd < 0) {
            return fd;
        }
        LinuxHostNetwork.Options options = network.options();
        calls.setBuffers(fd, options.sendBufferBytes(), options.receiveBufferBytes());
        IpAddress outbound = to.isLoopbackAddress() ? null : options.outbound(address);
        int bound = outbound == null ? 0 : calls.bindSource(fd, outbound.hi(), outbound.lo());
        if (bound < 0) {
            Sockets.close(fd);
            return bound;
        }
        int scope = to instanceof Inet6Address v6 ? v6.getScopeId() : 0;
        int result = calls.connect(fd, address.hi(), address.lo(), remote.getPort(), scope);
        try {
            // Watched only now: a socket that was never connected would at once be told of as hung up.
            open(fd, EVENTS);
        } catch (TapException e) {
            return -e.errno().number();
        }
        return result;
    }

    @Override
    public void onEvents(int events) {
        if (state == State.CONNECTING) {
            finishConnect(events);
            if (state != State.OPEN) {
                return;
            }
            events &= ~EpollLoop.OUT;
        }
        readable |= (events & READABLE) != 0;
        shortReads |= (events & SHORT_READS) != 0;
        if ((events & EpollLoop.OUT) != 0) {
            writable = true;
            writeMore();
        }
        if (eof && (events & EpollLoop.ERR) != 0) {
            failAfterEof();
        } else if (readable && !turnAsked) {
            readAvailable();
        }
    }

    /// Nothing is read any more that would tell.
    private void failAfterEof() {
        int error = isOpen() ? network.calls().takeError(fd()) : 0;
        if (error < 0) {
            fail(error);
        }
    }

    private void finishConnect(int events) {
        if ((events & (EpollLoop.ERR | EpollLoop.HUP)) != 0) {
            int error = network.calls().takeError(fd());
            if (error < 0) {
                dispose(State.CLOSED);
                listener.onConnectFailed(HostErrors.of(error));
                return;
            }
        } else if ((events & EpollLoop.OUT) == 0) {
            return;
        }
        state = State.OPEN;
        writable = true;
        listener.onConnected();
        flush();
        shutdownIfDrained();
    }

    @Override
    void onTurn() {
        turnAsked = false;
        readAvailable();
    }

    private void readAvailable() {
        ReadChunk chunk = network.readChunk();
        int budget = MAX_READ_BYTES;
        while (readable && state == State.OPEN && !readsPaused && !eof) {
            if (budget <= 0) {
                askTurn();
                return;
            }
            int room = chunk.room();
            long length = Sockets.read(fd(), chunk.buffer().memoryAddress() + chunk.index(), room);
            if (length > 0) {
                // A short read has emptied the socket, most often.
                readable = length == room || shortReads;
                budget -= (int) length;
                listener.onBytes(chunk.take((int) length));
            } else if (length == 0) {
                eof = true;
                listener.onEof();
            } else if (length == -Errno.EAGAIN.number()) {
                readable = false;
            } else if (length != -Errno.EINTR.number()) {
                fail(length);
            }
        }
    }

    private void askTurn() {
        if (!turnAsked) {
            turnAsked = true;
            network.turnLater(this);
        }
    }

    private void writeMore() {
        if (queue.bytes() == 0 || state != State.OPEN && state != State.CLOSING) {
            return;
        }
        int before = queue.bytes();
        long result = writeQueue();
        if (result < 0) {
            fail(result);
        } else if (state == State.OPEN && queue.bytes() < before) {
            listener.onDrained();
        }
    }

    /// Writes what the kernel takes, then does what was waiting for the empty queue. @return 0 or a negated error number
    private long writeQueue() {
        while (writable && queue.bytes() > 0) {
            long offered = gather();
            long written = Sockets.write(fd(), network.gather());
            writable = written == offered;
            if (written >= 0) {
                queue.consume(written);
            } else if (written == -Errno.EINTR.number()) {
                writable = true;
            } else if (written != -Errno.EAGAIN.number()) {
                return written;
            }
        }
        if (queue.bytes() > 0) {
            return 0;
        }
        if (state == State.CLOSING) {
            finishClose();
        } else if (shutdownWanted && !outputShut) {
            outputShut = true;
            return Sockets.shutdownOutput(fd());
        }
        return 0;
    }

    private long gather() {
        GatherList gather = network.gather();
        gather.clear();
        long offered = 0;
        int count = Math.min(queue.entries(), gather.capacity());
        for (int i = 0; i < count; i++) {
            gather.add(queue.buffer(i).memoryAddress() + queue.index(i), queue.length(i));
            offered += queue.length(i);
        }
        return offered;
    }

    @Override
    public void write(ByteBuf bytes, int index, int length) {
        if (!shutdownWanted && (state == State.CONNECTING || state == State.OPEN)) {
            queue.add(bytes, index, length, network.allocator());
        }
    }

    @Override
    public void flush() {
        if (state == State.OPEN && writable && queue.bytes() > 0) {
            writeOrFailLater();
        }
    }

    private void shutdownIfDrained() {
        if (state == State.OPEN && shutdownWanted && !outputShut && queue.bytes() == 0) {
            writeOrFailLater();
        }
    }

    private void writeOrFailLater() {
        long result = writeQueue();
        if (result < 0) {
            failLater(HostErrors.of(result));
        }
    }

    @Override
    public int unsentBytes() {
        return queue.bytes();
    }

    @Override
    public void shutdownOutput() {
        shutdownWanted = true;
        shutdownIfDrained();
    }

    @Override
    public void pauseReads() {
        readsPaused = true;
    }

    @Override
    public void resumeReads() {
        readsPaused = false;
        if (readable && state == State.OPEN && !eof) {
            askTurn();
        }
    }

    @Override
    public void close() {
        if (state == State.OPEN) {
            state = State.CLOSING;
            if (queue.bytes() == 0 || writable) {
                writeOrFailLater();
            }
        } else if (state == State.CONNECTING || state == State.FAILING) {
            dispose(State.CLOSED);
        }
    }

    /// The kernel answers close with a reset, and forgets what it has not sent, if received bytes are unread
    /// (RFC 2525 §2.17); so these are read first.
    private void finishClose() {
        ReadChunk chunk = network.readChunk();
        for (int budget = MAX_UNREAD_BYTES; readable && !eof && budget > 0; budget -= ReadChunk.MIN_ROOM_BYTES) {
            int room = chunk.room();
            readable = Sockets.read(fd(), chunk.buffer().memoryAddress() + chunk.index(), room) == room;
        }
        dispose(State.CLOSED);
    }

    @Override
    public void reset() {
        if (isOpen()) {
            network.calls().resetOnClose(fd());
        }
        dispose(State.CLOSED);
    }

    @Override
    void abandon() {
        reset();
    }

    /// Failed inside an event: tell at once.
    private void fail(long result) {
        boolean tell = state == State.OPEN;
        dispose(State.CLOSED);
        if (tell) {
            listener.onReset(HostErrors.of(result));
        }
    }

    /// Failed inside a call of the user: tell after it.
    private void failLater(HostError error) {
        boolean connecting = state == State.CONNECTING;
        boolean tell = connecting || state == State.OPEN;
        dispose(tell ? State.FAILING : State.CLOSED);
        if (tell) {
            boolean networkClosed = network.isClosed();
            network.loop().execute(() -> {
                if (network.isClosed() == networkClosed) {
                    tellFailure(connecting, error);
                }
            });
        }
    }

    private void tellFailure(boolean connecting, HostError error) {
        if (state != State.FAILING) {
            return;
        }
        state = State.CLOSED;
        if (connecting) {
            listener.onConnectFailed(error);
        } else {
            listener.onReset(error);
        }
    }

    private void dispose(State end) {
        state = end;
        queue.release();
        closeDescriptor();
    }

    @Override
    public InetSocketAddress localAddress() {
        if (local == null && state == State.OPEN) {
            local = lookUpLocalAddress();
        }
        return local;
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return remote;
    }
}
