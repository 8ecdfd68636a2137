package dev.jslirp.service;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.stats.Counter;
import dev.jslirp.time.Batch;
import dev.jslirp.time.Timed;
import dev.jslirp.wire.DnsMessage;
import dev.jslirp.wire.DropReason;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// A guest's TCP connection to the forwarder, seen as a host stream that ends in this process.
///
/// What is written to it are queries with a length before each; answers come back in the order in which they are
/// ready (RFC 7766 §7). The listener is called at the end of a batch only.
final class GuestDnsStream implements HostStream, DnsExchange.Asker, Batch.Participant, Timed {
    private static final int PREFIX = 2;

    /// What becomes of the connection at the end of the batch; in order of time.
    private enum State { CONNECTING, REFUSING, OPEN, FAILING, ENDED, CLOSED }

    private final DnsForwarder forwarder;
    private final InetSocketAddress remote;
    private final HostStreamListener listener;
    private final ByteBuf input;
    private final ArrayDeque<ByteBuf> answers = new ArrayDeque<>();
    private final List<DnsExchange> exchanges = new ArrayList<>();
    private final int timer;
    private State state;
    private HostError error;
    private int unreadBytes;
    private boolean paused = true;
    private boolean guestEnded;
    private boolean stalled;
    private boolean drainedDue;
    private boolean joined;

    GuestDnsStream(DnsForwarder forwarder, InetSocketAddress remote, HostStreamListener listener, boolean refused) {
        this.forwarder = forwarder;
        this.remote = remote;
        this.listener = listener;
        this.state = refused ? State.REFUSING : State.CONNECTING;
        this.error = HostError.REFUSED;
        this.input = forwarder.allocator.buffer(PREFIX + DnsMessage.UDP_PAYLOAD_MIN);
        this.timer = forwarder.wheel.add(this);
        touch();
        join();
    }

    @Override
    public void write(ByteBuf bytes, int index, int length) {
        if (isLive() && !guestEnded) {
            input.writeBytes(bytes, index, length);
        }
    }

    @Override
    public void flush() {
        if (isLive()) {
            // The guest's window, half shut by now, is opened again when this input has been read.
            drainedDue |= input.readableBytes() > forwarder.config.tcpInputBytesMax() / 2;
            join();
        }
    }

    @Override
    public int roomBytes() {
        return Math.max(0, forwarder.config.tcpInputBytesMax() - input.readableBytes());
    }

    /// What waits because the guest asks faster than answers come. A query in parts is not counted: it waits for the guest.
    @Override
    public int unsentBytes() {
        return stalled ? input.readableBytes() : 0;
    }

    @Override
    public void shutdownOutput() {
        if (isLive()) {
            guestEnded = true;
            join();
        }
    }

    @Override
    public void reset() {
        dispose();
    }

    @Override
    public void close() {
        dispose();
    }

    @Override
    public void pauseReads() {
        paused = true;
    }

    @Override
    public void resumeReads() {
        paused = false;
        if (isLive()) {
            join();
        }
    }

    @Override
    public InetSocketAddress localAddress() {
        return remote;
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return remote;
    }

    @Override
    public void onAnswer(DnsExchange exchange, ByteBuf answer, int index, int length) {
        exchanges.remove(exchange);
        answer(answer, index, length);
    }

    @Override
    public void onDropped(DnsExchange exchange) {
        exchanges.remove(exchange);
        if (isLive()) {
            join();
        }
    }

    /// Queues an answer to the guest. **Borrows** it.
    void answer(ByteBuf answer, int index, int length) {
        if (!isLive()) {
            return;
        }
        ByteBuf prefixed = forwarder.allocator.buffer(PREFIX + length);
        prefixed.writeShort(length).writeBytes(answer, index, length);
        answers.add(prefixed);
        unreadBytes += prefixed.readableBytes();
        touch();
        join();
    }

    /// The exchange will call this stream.
    void add(DnsExchange exchange) {
        exchanges.add(exchange);
    }

    @Override
    public void onDeadline(long nowNs) {
        if (!exchanges.isEmpty()) {
            touch();
            return;
        }
        forwarder.counters.increment(Counter.DNS_STREAM_IDLE);
        if (answers.isEmpty()) {
            guestEnded = true;
            join();
        } else {
            fail(HostError.TIMED_OUT); // it does not read
        }
    }

    @Override
    public void onBatchEnd(long nowNs) {
        joined = false;
        switch (state) {
            case REFUSING -> {
                dispose();
                listener.onConnectFailed(error);
            }
            case FAILING -> {
                dispose();
                listener.onReset(error);
            }
            case CONNECTING -> {
                state = State.OPEN;
                listener.onConnected();
                work();
            }
            case OPEN -> work();
            case ENDED, CLOSED -> { }
        }
    }

    private void work() {
        readQueries();
        while (state == State.OPEN && !paused && !answers.isEmpty()) {
            ByteBuf answer = answers.poll();
            unreadBytes -= answer.readableBytes();
            listener.onBytes(answer);
        }
        if (stalled && state == State.OPEN && hasRoom()) {
            join();
        }
        if (drainedDue && state == State.OPEN && !stalled) {
            drainedDue = false;
            listener.onDrained();
        }
        if (state == State.OPEN && guestEnded && !stalled && exchanges.isEmpty() && answers.isEmpty()) {
            dispose();
            state = State.ENDED;
            listener.onEof();
        }
    }

    /// Takes the complete queries out of the input as far as there is room for them.
    private void readQueries() {
        stalled = false;
        while (state == State.OPEN && input.readableBytes() >= PREFIX) {
            int length = input.getUnsignedShort(input.readerIndex());
            if (length > forwarder.config.tcpQueryBytesMax()) {
                forwarder.counters.drop(DropReason.DNS_MALFORMED);
                fail(HostError.RESET);
                return;
            }
            if (input.readableBytes() < PREFIX + length) {
                break;
            }
            if (!hasRoom()) {
                stalled = true;
                forwarder.counters.increment(Counter.DNS_STREAM_STALLED);
                drainedDue = true;
                break;
            }
            int index = input.readerIndex() + PREFIX;
            input.skipBytes(PREFIX + length);
            touch();
            forwarder.onStreamQuery(this, input, index, length);
        }
        if (state == State.OPEN) {
            input.discardReadBytes();
        }
    }

    private boolean hasRoom() {
        return exchanges.size() < forwarder.config.tcpExchangesMax() && unreadBytes < forwarder.config.tcpUnreadBytesMax();
    }

    /// Whether nothing is being asked for it, so that a newer stream may have its place.
    boolean isIdle() {
        return exchanges.isEmpty() && state == State.OPEN;
    }

    /// Ends it for a newer one.
    void giveWay() {
        fail(HostError.NO_RESOURCES);
        forwarder.streams.remove(this);
    }

    private boolean isLive() {
        return state == State.CONNECTING || state == State.OPEN;
    }

    private void fail(HostError cause) {
        error = cause;
        state = State.FAILING;
        join();
    }

    private void touch() {
        forwarder.wheel.arm(timer, forwarder.batch.begin() + forwarder.config.tcpIdleNs());
        forwarder.active(this);
    }

    private void join() {
        if (!joined) {
            joined = true;
            forwarder.batch.join(this);
        }
    }

    /// Ends without a word; idempotent.
    void dispose() {
        if (state == State.CLOSED || state == State.ENDED) {
            return;
        }
        state = State.CLOSED;
        forwarder.wheel.remove(timer);
        forwarder.streams.remove(this);
        for (DnsExchange exchange : List.copyOf(exchanges)) {
            exchange.cancel();
        }
        input.release();
        answers.forEach(ByteBuf::release);
        answers.clear();
    }
}
