package dev.jslirp.service;

import dev.jslirp.stats.Counter;
import dev.jslirp.time.Timed;
import dev.jslirp.wire.DnsMessage;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.util.List;

/// One query on its way through the resolvers, until one answers, all attempts are used up, or it is cancelled.
abstract class DnsExchange implements Timed {
    /// Who asked.
    interface Asker {
        /// The end of the exchange: an answer of `length` bytes at `index`, with the guest's id. **Borrows** `answer`.
        void onAnswer(DnsExchange exchange, ByteBuf answer, int index, int length);

        /// The end of the exchange without an answer.
        void onDropped(DnsExchange exchange);
    }

    private static final int FLAGS_OFFSET = 2, QUESTIONS_OFFSET = 4, TYPE_AND_CLASS = 4;

    final DnsForwarder forwarder;
    /// The query as the guest sent it.
    final DnsMessage question;
    /// Owned copy of the query; its id is that of the present attempt.
    final ByteBuf query;
    private final Asker asker;
    private final List<InetSocketAddress> upstreams;
    private final int timer;
    private int attempt = -1;
    private int attemptId;
    private boolean done;

    /// **Borrows** `query`.
    DnsExchange(DnsForwarder forwarder, DnsMessage question, ByteBuf query, int index, int length, Asker asker,
            List<InetSocketAddress> upstreams) {
        this.forwarder = forwarder;
        this.question = question;
        this.query = forwarder.allocator.buffer(length).writeBytes(query, index, length);
        this.asker = asker;
        this.upstreams = upstreams;
        this.timer = forwarder.wheel.add(this);
    }

    /// Sends the query to `upstream`, under an id set by [#attempt]. @return false if that failed at once
    abstract boolean send(InetSocketAddress upstream, long nowNs);

    /// Gives up what [#send] opened.
    abstract void abandon();

    /// Asks the next resolver.
    final void next(long nowNs) {
        abandon();
        int attempts = upstreams.size() * forwarder.config.attempts();
        while (++attempt < attempts) {
            if (attempt > 0) {
                forwarder.counters.increment(Counter.DNS_FAILOVERS);
            }
            if (send(upstream(), nowNs)) {
                forwarder.wheel.arm(timer, nowNs + forwarder.config.timeoutNs());
                return;
            }
            abandon();
        }
        if (!upstreams.isEmpty()) {
            forwarder.counters.increment(Counter.DNS_TIMEOUTS);
        }
        ByteBuf answer = forwarder.allocator.buffer();
        question.writeEmpty(answer, query, 0, DnsMessage.SERVFAIL, 0);
        finish(answer);
    }

    /// The id of the attempt that follows.
    final void attempt(int id) {
        attemptId = id;
        query.setShort(0, id);
    }

    final int attemptId() {
        return attemptId;
    }

    /// A message from the resolver asked; **borrows** it.
    final void receive(ByteBuf message, int index, int length, long nowNs) {
        if (length < DnsMessage.HEADER_LENGTH || message.getUnsignedShort(index) != attemptId || !answers(message, index, length)) {
            forwarder.counters.increment(Counter.DNS_FORGED_ANSWERS);
            return;
        }
        int rcode = message.getUnsignedShort(index + FLAGS_OFFSET) & DnsMessage.RCODE;
        boolean resolverFailed = rcode == DnsMessage.SERVFAIL || rcode == DnsMessage.REFUSED;
        if (resolverFailed && (attempt + 1) % upstreams.size() != 0) {
            next(nowNs);
            return;
        }
        if (!resolverFailed) {
            forwarder.upstreams.prefer(upstream());
        }
        forwarder.counters.increment(Counter.DNS_ANSWERS);
        ByteBuf copy = forwarder.allocator.buffer(length).writeBytes(message, index, length);
        copy.setShort(0, question.id());
        finish(copy);
    }

    /// Whether the message is an answer to the question asked, compared where it lies: nothing is decoded.
    private boolean answers(ByteBuf message, int index, int length) {
        int flags = message.getUnsignedShort(index + FLAGS_OFFSET);
        int questions = message.getUnsignedShort(index + QUESTIONS_OFFSET);
        if ((flags & DnsMessage.QR) == 0) {
            return false;
        }
        if (questions == 0) {
            // Some resolvers leave the question out of an error.
            return (flags & DnsMessage.RCODE) == DnsMessage.FORMERR;
        }
        return questions == 1 && length >= question.questionEnd() && sameQuestion(message, index);
    }

    /// Type and class are equal, and so is the name but for the case of its letters (RFC 1035 §2.3.3; its length octets are below them).
    private boolean sameQuestion(ByteBuf message, int index) {
        int nameEnd = question.questionEnd() - TYPE_AND_CLASS;
        if (message.getInt(index + nameEnd) != query.getInt(nameEnd)) {
            return false;
        }
        for (int i = DnsMessage.HEADER_LENGTH; i < nameEnd; i++) {
            if (lowerCase(message.getByte(index + i)) != lowerCase(query.getByte(i))) {
                return false;
            }
        }
        return true;
    }

    private static int lowerCase(byte octet) {
        return octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
    }

    /// Ends the exchange without an answer.
    final void cancel() {
        if (end()) {
            asker.onDropped(this);
        }
    }

    @Override
    public final void onDeadline(long nowNs) {
        next(nowNs);
    }

    final InetSocketAddress upstream() {
        return upstreams.get(attempt % upstreams.size());
    }

    /// **Consumes** `answer`.
    private void finish(ByteBuf answer) {
        try {
            if (end()) {
                asker.onAnswer(this, answer, answer.readerIndex(), answer.readableBytes());
            }
        } finally {
            answer.release();
        }
    }

    private boolean end() {
        if (done) {
            return false;
        }
        done = true;
        abandon();
        forwarder.wheel.remove(timer);
        query.release();
        forwarder.pending.remove(this);
        return true;
    }
}
