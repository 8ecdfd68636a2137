package dev.jslirp.host.netty;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.host.ReadChunk;
import dev.jslirp.host.WriteQueue;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.util.Arrays;

/// A TCP connection on a `SocketChannel`. States and events: see the package.
final class NettyHostStream extends NioSocket implements HostStream {
    /// Bytes read for one readiness event, so that one busy stream does not starve the others.
    private static final int MAX_READ_BYTES = 256 * 1024;
    /// Bytes read and forgotten before closing.
    private static final int MAX_UNREAD_BYTES = 512 * 1024;

    private enum State {
        /// connect is under way.
        CONNECTING,
        /// Bytes flow.
        OPEN,
        /// [#close] was called; the queue is still being written.
        CLOSING,
        /// The socket failed inside a call of ours and is closed; the terminal event is on its way.
        FAILING,
        /// The end.
        CLOSED
    }

    private final InetSocketAddress remote;
    private final WriteQueue queue = new WriteQueue();
    private HostStreamListener listener;
    private SocketChannel channel;
    private InetSocketAddress local;
    private State state;
    private boolean readsPaused = true;
    private boolean eof;
    private boolean writeBlocked;
    private boolean shutdownWanted;
    private boolean outputShut;

    /// A stream to be connected.
    NettyHostStream(NettyHostNetwork network, InetSocketAddress remote, HostStreamListener listener) {
        super(network);
        this.remote = remote;
        this.listener = listener;
        this.state = State.CONNECTING;
    }

    /// An accepted stream. The listener is to follow, before the loop goes on.
    NettyHostStream(NettyHostNetwork network, SocketChannel accepted) throws IOException {
        super(network);
        this.remote = (InetSocketAddress) accepted.getRemoteAddress();
        this.channel = accepted;
        this.state = State.OPEN;
        accepted.setOption(StandardSocketOptions.TCP_NODELAY, true);
        keepUrgentBytes(accepted);
        register(accepted);
    }

    void listener(HostStreamListener listener) {
        this.listener = listener;
    }

    void connect() {
        try {
            network.requireOpen();
            InetAddress to = remote.getAddress();
            if (to == null) {
                throw new UnresolvedAddressException();
            }
            if (to.isAnyLocalAddress()) {
                // java.nio and the kernel would take 0.0.0.0 and :: for the host's loopback.
                throw new IOException("Network is unreachable");
            }
            channel = SocketChannel.open(Addresses.family(to));
            register(channel);
            setOptions(to);
            if (channel.connect(remote)) {
                network.loop().execute(this::finishConnect);
            } else {
                interest(SelectionKey.OP_CONNECT);
            }
        } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
            failLater(HostErrors.classify(e));
        }
    }

    private void setOptions(InetAddress to) throws IOException {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        keepUrgentBytes(channel);
        NettyHostNetwork.Options options = network.options();
        if (options.sendBufferBytes() > 0) {
            channel.setOption(StandardSocketOptions.SO_SNDBUF, options.sendBufferBytes());
        }
        if (options.receiveBufferBytes() > 0) {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, options.receiveBufferBytes());
        }
        InetAddress outbound = options.outbound(to);
        if (outbound != null && !to.isLoopbackAddress()) {
            channel.bind(new InetSocketAddress(outbound, 0));
        }
    }

    /// RFC 6093 §6: in line, as the guest's are; otherwise the kernel would take them out of the stream.
    private static void keepUrgentBytes(SocketChannel channel) throws IOException {
        channel.socket().setOOBInline(true);
    }

    @Override
    void onReady(int ops) {
        if ((ops & SelectionKey.OP_CONNECT) != 0) {
            finishConnect();
        }
        if ((ops & SelectionKey.OP_READ) != 0) {
            readAvailable();
        }
        if ((ops & SelectionKey.OP_WRITE) != 0) {
            writeMore();
        }
    }

    private void finishConnect() {
        if (state != State.CONNECTING) {
            return;
        }
        try {
            if (!channel.finishConnect()) {
                return;
            }
        } catch (IOException e) {
            dispose(State.CLOSED);
            listener.onConnectFailed(HostErrors.classify(e));
            return;
        }
        state = State.OPEN;
        updateInterest();
        listener.onConnected();
        flush();
        shutdownIfDrained();
    }

    private void readAvailable() {
        ReadChunk chunk = network.readChunk();
        int budget = MAX_READ_BYTES;
        while (state == State.OPEN && !readsPaused && !eof && budget > 0) {
            int room = chunk.room();
            int length;
            try {
                length = channel.read(chunk.buffer().internalNioBuffer(chunk.index(), room));
            } catch (IOException e) {
                fail(e);
                return;
            }
            if (length > 0) {
                budget -= length;
                listener.onBytes(chunk.take(length));
                if (length < room) {
                    return;
                }
            } else if (length < 0) {
                eof = true;
                updateInterest();
                listener.onEof();
            } else {
                return;
            }
        }
    }

    private void writeMore() {
        if (state != State.OPEN && state != State.CLOSING) {
            return;
        }
        int before = queue.bytes();
        try {
            writeQueue();
        } catch (IOException e) {
            fail(e);
            return;
        }
        if (state == State.OPEN && queue.bytes() < before) {
            listener.onDrained();
        }
    }

    /// Writes what the kernel takes, then does what was waiting for the empty queue.
    private void writeQueue() throws IOException {
        while (queue.entries() > 0 && writeSome()) {
            // The kernel takes more.
        }
        writeBlocked = queue.bytes() > 0;
        if (!writeBlocked && state == State.CLOSING) {
            finishClose();
            return;
        }
        updateInterest();
        if (!writeBlocked && shutdownWanted && !outputShut) {
            outputShut = true;
            channel.shutdownOutput();
        }
    }

    /// One gathering write. @return whether the kernel took all that was offered
    private boolean writeSome() throws IOException {
        ByteBuffer[] gather = network.gather();
        int count = Math.min(queue.entries(), gather.length);
        long offered = 0;
        for (int i = 0; i < count; i++) {
            gather[i] = range(gather, i);
            offered += queue.length(i);
        }
        long written = count == 1 ? channel.write(gather[0]) : channel.write(gather, 0, count);
        Arrays.fill(gather, 0, count, null);
        queue.consume(written);
        return written == offered;
    }

    /// Range `entry` as the channel takes it. The internal view of a buffer is one object: an earlier range of the same buffer that
    /// has it gets one of its own.
    private ByteBuffer range(ByteBuffer[] gather, int entry) {
        ByteBuffer range = queue.buffer(entry).internalNioBuffer(queue.index(entry), queue.length(entry));
        for (int i = 0; i < entry; i++) {
            if (gather[i] == range) {
                gather[i] = queue.buffer(i).nioBuffer(queue.index(i), queue.length(i));
            }
        }
        return range;
    }

    private void updateInterest() {
        int ops = state == State.OPEN && !readsPaused && !eof ? SelectionKey.OP_READ : 0;
        interest(writeBlocked ? ops | SelectionKey.OP_WRITE : ops);
    }

    @Override
    public void write(ByteBuf bytes, int index, int length) {
        if (!shutdownWanted && (state == State.CONNECTING || state == State.OPEN)) {
            queue.add(bytes, index, length, network.allocator());
        }
    }

    @Override
    public void flush() {
        if (state == State.OPEN && !writeBlocked && queue.bytes() > 0) {
            writeOrFailLater();
        }
    }

    private void shutdownIfDrained() {
        if (state == State.OPEN && shutdownWanted && !outputShut && queue.bytes() == 0) {
            writeOrFailLater();
        }
    }

    private void writeOrFailLater() {
        try {
            writeQueue();
        } catch (IOException e) {
            failLater(HostErrors.classify(e));
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
        if (state == State.OPEN) {
            updateInterest();
        }
    }

    @Override
    public void resumeReads() {
        readsPaused = false;
        if (state == State.OPEN) {
            updateInterest();
        }
    }

    @Override
    public void close() {
        if (state == State.OPEN) {
            state = State.CLOSING;
            if (writeBlocked) {
                updateInterest();
            } else {
                writeOrFailLater();
            }
        } else if (state == State.CONNECTING || state == State.FAILING) {
            dispose(State.CLOSED);
        }
    }

    /// The kernel answers close with a reset, and forgets what it has not sent, if received bytes are unread
    /// (RFC 2525 §2.17); so these are read first.
    private void finishClose() throws IOException {
        ReadChunk chunk = network.readChunk();
        for (int budget = MAX_UNREAD_BYTES; !eof && budget > 0; budget -= ReadChunk.MIN_ROOM_BYTES) {
            int room = chunk.room();
            if (channel.read(chunk.buffer().internalNioBuffer(chunk.index(), room)) < room) {
                break;
            }
        }
        dispose(State.CLOSED);
    }

    @Override
    public void reset() {
        if (state == State.OPEN || state == State.CLOSING) {
            try {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            } catch (IOException e) {
                // Already dead: closing it is all that is left to do.
                dispose(State.CLOSED);
                return;
            }
        }
        dispose(State.CLOSED);
    }

    @Override
    void abandon() {
        reset();
    }

    /// Failed inside an event: tell at once.
    private void fail(IOException e) {
        boolean tell = state == State.OPEN;
        dispose(State.CLOSED);
        if (tell) {
            listener.onReset(HostErrors.classify(e));
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
        closeChannel();
    }

    @Override
    public InetSocketAddress localAddress() {
        if (local == null && state == State.OPEN) {
            try {
                local = (InetSocketAddress) channel.getLocalAddress();
            } catch (IOException e) {
                // Closed meanwhile: not known, as the interface says.
                return null;
            }
        }
        return local;
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return remote;
    }
}
