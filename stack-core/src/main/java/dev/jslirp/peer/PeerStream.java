package dev.jslirp.peer;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.time.Batch;
import dev.jslirp.wire.PinnedMemory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;

/// One end of a connection within this process. Each end owns the queue of what it wrote; the other end takes from it, at the end of
/// a batch.
final class PeerStream implements HostStream, Batch.Participant {
    private enum State {
        /// Not yet accepted by the other side.
        CONNECTING,
        /// Bytes flow.
        OPEN,
        /// The terminal event is on its way.
        FAILING,
        /// No more events; what was written before [#close] may still be taken.
        CLOSED
    }

    /// Bytes delivered in one batch, so that others get their turn.
    private static final int TURN_BYTES = 512 << 10;
    /// Largest piece delivered at once.
    private static final int PIECE_BYTES = 64 << 10;
    /// A range is retained if it is at least this part of what it pins, else copied.
    private static final int PIN_FACTOR = 4;

    private final Batch batch;
    private final ByteBufAllocator allocator;
    private final InetSocketAddress local;
    private final InetSocketAddress remote;
    private final ArrayDeque<ByteBuf> written = new ArrayDeque<>();
    private PeerStream other;
    private HostStreamListener listener;
    private State state;
    private HostError error;
    private boolean failedToConnect;
    private boolean accepted;
    private int unsentBytes;
    private boolean readsPaused = true;
    private boolean outputShut;
    private boolean eofTold;
    private boolean drainedDue;
    private boolean joined;

    private PeerStream(Batch batch, ByteBufAllocator allocator, InetSocketAddress local, InetSocketAddress remote, State state) {
        this.batch = batch;
        this.allocator = allocator;
        this.local = local;
        this.remote = remote;
        this.state = state;
    }

    /// Two ends, the one in hand still connecting, its [#other] open. Both are to be given their listeners at once.
    static PeerStream connecting(Batch batch, ByteBufAllocator allocator, InetSocketAddress local, InetSocketAddress remote) {
        PeerStream end = new PeerStream(batch, allocator, local, remote, State.CONNECTING);
        end.other = new PeerStream(batch, allocator, remote, local, State.OPEN);
        end.other.other = end;
        return end;
    }

    PeerStream other() {
        return other;
    }

    void listener(HostStreamListener listener) {
        this.listener = listener;
    }

    /// The other side takes the connection: [HostStreamListener#onConnected] follows.
    void accept() {
        if (!accepted) {
            accepted = true;
            join();
        }
    }

    /// Ends with an event, which follows: [HostStreamListener#onConnectFailed] while connecting, else `onReset`.
    void fail(HostError cause) {
        if (!isLive()) {
            return;
        }
        failedToConnect = state == State.CONNECTING;
        error = cause;
        state = State.FAILING;
        dropWritten();
        join();
    }

    // ---- HostStream

    @Override
    public void write(ByteBuf bytes, int index, int length) {
        if (!isLive() || outputShut || length == 0) {
            return;
        }
        if (other.state == State.CLOSED) {
            // As a kernel answers bytes for a socket that was closed.
            fail(HostError.RESET);
            other.dropWritten();
            return;
        }
        boolean copied = PinnedMemory.bytes(bytes) / PIN_FACTOR > length;
        for (int at = 0; at < length; at += PIECE_BYTES) {
            int count = Math.min(PIECE_BYTES, length - at);
            written.add(copied ? allocator.directBuffer(count, count).writeBytes(bytes, index + at, count)
                    : bytes.retainedSlice(index + at, count));
        }
        unsentBytes += length;
    }

    @Override
    public void flush() {
        if (!written.isEmpty()) {
            other.joinToRead();
        }
    }

    @Override
    public int unsentBytes() {
        return unsentBytes;
    }

    @Override
    public void shutdownOutput() {
        if (isLive() && !outputShut) {
            outputShut = true;
            other.joinToRead();
        }
    }

    @Override
    public void reset() {
        reset(HostError.RESET);
    }

    @Override
    public void reset(HostError cause) {
        boolean tell = isLive();
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        dropWritten();
        if (tell) {
            // Who asked to connect hears that it was refused.
            other.fail(cause == HostError.RESET && other.state == State.CONNECTING ? HostError.REFUSED : cause);
            other.dropWritten();
        }
    }

    @Override
    public void close() {
        if (state == State.CONNECTING) {
            reset();
        } else if (state == State.OPEN) {
            shutdownOutput();
            state = State.CLOSED;
            other.discardWritten();
        } else {
            state = State.CLOSED;
        }
    }

    @Override
    public void pauseReads() {
        readsPaused = true;
    }

    @Override
    public void resumeReads() {
        readsPaused = false;
        // A flow resumes its host's reads when the guest has accepted: only now is there somebody to talk to.
        other.accept();
        joinToRead();
    }

    @Override
    public InetSocketAddress localAddress() {
        return local;
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return remote;
    }

    // ---- events, at the end of a batch

    @Override
    public void onBatchEnd(long nowNs) {
        joined = false;
        switch (state) {
            case CONNECTING -> {
                if (accepted) {
                    state = State.OPEN;
                    listener.onConnected();
                    deliver();
                }
            }
            case OPEN -> deliver();
            case FAILING -> {
                state = State.CLOSED;
                if (failedToConnect) {
                    listener.onConnectFailed(error);
                } else {
                    listener.onReset(error);
                }
            }
            case CLOSED -> { }
        }
    }

    private void deliver() {
        int left = TURN_BYTES;
        while (canRead() && left > 0 && !other.written.isEmpty()) {
            ByteBuf piece = other.written.poll();
            left -= piece.readableBytes();
            other.taken(piece.readableBytes());
            listener.onBytes(piece);
        }
        if (canRead() && other.written.isEmpty() && other.outputShut && !eofTold) {
            eofTold = true;
            listener.onEof();
        }
        if (state == State.OPEN && drainedDue) {
            drainedDue = false;
            listener.onDrained();
        }
        if (!other.written.isEmpty()) {
            joinToRead();
        }
    }

    private boolean canRead() {
        return state == State.OPEN && !readsPaused;
    }

    private void taken(int bytes) {
        unsentBytes -= bytes;
        if (state == State.OPEN) {
            drainedDue = true;
            join();
        }
    }

    private void discardWritten() {
        int bytes = unsentBytes;
        dropWritten();
        if (bytes > 0) {
            taken(0);
        }
    }

    private void dropWritten() {
        written.forEach(ByteBuf::release);
        written.clear();
        unsentBytes = 0;
    }

    private boolean isLive() {
        return state == State.CONNECTING || state == State.OPEN;
    }

    private void joinToRead() {
        if (canRead()) {
            join();
        }
    }

    private void join() {
        if (!joined) {
            joined = true;
            batch.join(this);
        }
    }
}
