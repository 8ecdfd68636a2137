package dev.jslirp.testkit;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.Consumer;

/// One simulated TCP connection of the host. The stack holds it as a [HostStream]; the test plays the
/// peer with the `peer…` methods and the kernel's send buffer with [#setRoom].
///
/// Everything the peer does reaches the listener in a later round. Bytes wait while reads are paused;
/// an end of stream waits behind them; a reset overtakes them, as it does in a kernel.
public final class SimHostStream implements HostStream {
    private enum State { CONNECTING, OPEN, FINISHED }

    private static final int READ_BYTES_MAX = 65_536;

    private final SimHostNetwork network;
    private final InetSocketAddress remote;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final ArrayDeque<byte[]> unsent = new ArrayDeque<>();
    private final ArrayDeque<byte[]> unread = new ArrayDeque<>();
    private Consumer<byte[]> peerListener;
    private InetSocketAddress local;
    private HostStreamListener listener;
    private State state = State.CONNECTING;
    private int unsentBytes;
    private long room = Long.MAX_VALUE;
    private long consumedMark;
    private boolean readsPaused = true;
    private boolean pumpScheduled;
    private boolean flushLeftSome;
    private boolean outputShut;
    private boolean closing;
    private boolean eofFromPeer;
    private boolean eofDelivered;
    private boolean peerSawEof;
    private boolean peerSawReset;

    SimHostStream(SimHostNetwork network, InetSocketAddress local, InetSocketAddress remote, HostStreamListener listener) {
        this.network = network;
        this.local = local;
        this.remote = remote;
        this.listener = listener;
    }

    // The stack's side.

    @Override
    public void write(ByteBuf bytes, int index, int length) {
        if (state == State.FINISHED || closing) {
            return;
        }
        if (outputShut) {
            throw new AssertionError("write after shutdownOutput");
        }
        if (length == 0) {
            return;
        }
        byte[] copy = new byte[length];
        bytes.getBytes(index, copy);
        unsent.add(copy);
        unsentBytes += length;
    }

    @Override
    public void flush() {
        if (state != State.OPEN) {
            return;
        }
        drain();
        flushLeftSome = unsentBytes > 0;
    }

    /// Moves bytes to the peer as far as there is room. @return whether any moved
    private boolean drain() {
        boolean moved = false;
        while (room > 0 && !unsent.isEmpty()) {
            byte[] head = unsent.poll();
            int taken = (int) Math.min(room, head.length);
            receive(head, taken);
            unsentBytes -= taken;
            room -= room == Long.MAX_VALUE ? 0 : taken;
            moved = true;
            if (taken < head.length) {
                unsent.addFirst(Arrays.copyOfRange(head, taken, head.length));
            }
        }
        if (unsent.isEmpty() && outputShut) {
            peerSawEof = true;
        }
        if (unsent.isEmpty() && closing) {
            finish();
        }
        return moved;
    }

    private void receive(byte[] bytes, int count) {
        if (peerListener == null) {
            received.write(bytes, 0, count);
        } else {
            peerListener.accept(Arrays.copyOf(bytes, count));
        }
    }

    @Override
    public int unsentBytes() {
        return state == State.FINISHED ? 0 : unsentBytes;
    }

    @Override
    public void shutdownOutput() {
        if (state == State.FINISHED || outputShut) {
            return;
        }
        outputShut = true;
        flush();
    }

    @Override
    public void reset() {
        if (state != State.FINISHED) {
            peerSawReset = true;
            finish();
        }
    }

    @Override
    public void close() {
        if (state == State.FINISHED || closing) {
            return;
        }
        outputShut = true;
        closing = true;
        unread.clear();
        if (state == State.CONNECTING) {
            finish();
        } else {
            flush();
        }
    }

    @Override
    public void pauseReads() {
        readsPaused = true;
    }

    @Override
    public void resumeReads() {
        if (readsPaused) {
            readsPaused = false;
            schedulePump();
        }
    }

    @Override
    public InetSocketAddress localAddress() {
        return local;
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return remote;
    }

    // The network's side.

    void connected(InetSocketAddress boundTo) {
        if (state != State.CONNECTING) {
            return;
        }
        local = boundTo;
        state = State.OPEN;
        listener.onConnected();
        schedulePump();
    }

    void connectFailed(HostError error) {
        if (state != State.CONNECTING) {
            return;
        }
        finish();
        listener.onConnectFailed(error);
    }

    /// An accepted connection begins its life open; a null listener resets it.
    void accepted(HostStreamListener acceptedBy) {
        if (acceptedBy == null) {
            reset();
            return;
        }
        listener = acceptedBy;
    }

    void openAccepted() {
        state = State.OPEN;
    }

    private void finish() {
        state = State.FINISHED;
        unsent.clear();
        unsentBytes = 0;
        unread.clear();
        network.socketClosed();
    }

    private void schedulePump() {
        if (pumpScheduled || readsPaused || state != State.OPEN || closing) {
            return;
        }
        if (unread.isEmpty() && (!eofFromPeer || eofDelivered)) {
            return;
        }
        pumpScheduled = true;
        network.later(this::pump);
    }

    /// One read: bytes up to a limit, else the end of the stream.
    private void pump() {
        pumpScheduled = false;
        if (readsPaused || state != State.OPEN || closing || listener == null) {
            return;
        }
        if (!unread.isEmpty()) {
            byte[] chunk = unread.poll();
            listener.onBytes(network.allocator().directBuffer(chunk.length).writeBytes(chunk));
        } else if (eofFromPeer && !eofDelivered) {
            eofDelivered = true;
            listener.onEof();
        }
        schedulePump();
    }

    // The peer's side.

    /// The peer sends bytes.
    public void peerSend(byte[] bytes) {
        if (eofFromPeer) {
            throw new AssertionError("the peer sends after its end of stream");
        }
        for (int at = 0; at < bytes.length; at += READ_BYTES_MAX) {
            unread.add(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + READ_BYTES_MAX)));
        }
        schedulePump();
    }

    /// The peer sends FIN after what it has sent.
    public void peerEof() {
        eofFromPeer = true;
        schedulePump();
    }

    /// The peer resets the connection; what the stack has not read is lost.
    public void peerReset() {
        peerFails(HostError.RESET);
    }

    /// The connection fails for `error`.
    public void peerFails(HostError error) {
        network.later(() -> {
            if (state == State.OPEN && listener != null) {
                boolean silent = closing;
                finish();
                if (!silent) {
                    listener.onReset(error);
                }
            }
        });
    }

    /// How many more bytes the kernel takes; 0 blocks writes, [Long#MAX_VALUE] unblocks them for good. What
    /// waits is written by itself, with `onDrained`, in a later round.
    public void setRoom(long bytes) {
        room = bytes;
        if (bytes == 0) {
            return;
        }
        network.later(() -> {
            if (state != State.OPEN || !flushLeftSome) {
                return;
            }
            if (drain() && state == State.OPEN && !closing) {
                flushLeftSome = unsentBytes > 0;
                listener.onDrained();
            }
        });
    }

    /// Everything the peer has received.
    public byte[] peerReceived() {
        return received.toByteArray();
    }

    /// Gives `listener` what the peer receives from now on, in place of keeping it.
    public void onPeerReceived(Consumer<byte[]> listener) {
        peerListener = listener;
    }

    /// What the peer has received since the last call.
    public byte[] takePeerReceived() {
        byte[] all = received.toByteArray();
        byte[] fresh = Arrays.copyOfRange(all, (int) consumedMark, all.length);
        consumedMark = all.length;
        return fresh;
    }

    /// Whether the peer has seen the stack's end of stream, all bytes before it included.
    public boolean peerSawEof() {
        return peerSawEof;
    }

    /// Whether the stack reset the connection.
    public boolean peerSawReset() {
        return peerSawReset;
    }

    /// Whether the peer has sent its FIN.
    public boolean peerHasEnded() {
        return eofFromPeer;
    }

    /// Whether the connection is open.
    public boolean isOpen() {
        return state == State.OPEN;
    }

    /// Whether the connect is still undecided.
    public boolean isConnecting() {
        return state == State.CONNECTING;
    }

    /// Whether the stack has paused reads.
    public boolean readsPaused() {
        return readsPaused;
    }

    /// Bytes the peer has sent and the stack has not read.
    public int unreadBytes() {
        int bytes = 0;
        for (byte[] chunk : unread) {
            bytes += chunk.length;
        }
        return bytes;
    }
}
