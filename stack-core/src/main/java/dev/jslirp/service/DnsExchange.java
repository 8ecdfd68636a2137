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

    /// Sends the query to `upstream`. @return false if that failed at once
    abstract boolean send(InetSocketAddress upstream);

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
            attemptId = forwarder.random.nextInt() & 0xffff;
            query.setShort(0, attemptId);
            if (send(upstream())) {
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

    /// A message from the resolver asked; **borrows** it.
    final void receive(ByteBuf message, int index, int length, long nowNs) {
        DnsMessage answer = DnsMessage.parse(message, index, length);
        if (answer == null || !answer.isResponse() || answer.id() != attemptId || !matches(answer)) {
            forwarder.counters.increment(Counter.DNS_FORGED_ANSWERS);
            return;
        }
        boolean resolverFailed = answer.rcode() == DnsMessage.SERVFAIL || answer.rcode() == DnsMessage.REFUSED;
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

    /// Some resolvers leave the question out of an error.
    private boolean matches(DnsMessage answer) {
        return answer.sameQuestion(question) || answer.name() == null && answer.questionEnd() == DnsMessage.HEADER_LENGTH
                && answer.rcode() == DnsMessage.FORMERR;
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
