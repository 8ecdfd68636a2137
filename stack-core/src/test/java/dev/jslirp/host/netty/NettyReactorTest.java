package dev.jslirp.host.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NettyReactorTest {
    private static final long MS = 1_000_000;

    private final BlockingQueue<Long> wakes = new LinkedBlockingQueue<>();
    private NettyHostFixture host;
    private NettyReactor reactor;

    @BeforeEach
    void open() {
        host = new NettyHostFixture();
        reactor = new NettyReactor(host.loop);
        reactor.onWake(() -> wakes.add(reactor.nowNs()));
    }

    @AfterEach
    void close() throws Exception {
        host.close();
    }

    private long nextWake() throws InterruptedException {
        Long wake = wakes.poll(NettyHostFixture.GUARD_S, TimeUnit.SECONDS);
        assertNotNull(wake, "never woken");
        return wake;
    }

    @Test
    void wakesNotBeforeTheDeadlineAlsoWhenItMovedBothWays() throws Exception {
        long start = reactor.nowNs();
        host.runInLoop(() -> {
            reactor.wakeAt(start + 5 * MS);
            reactor.wakeAt(start + 30 * MS);
            reactor.wakeAt(start + 20 * MS);
        });
        assertTrue(nextWake() - start >= 20 * MS);
        host.runInLoop(() -> {
            reactor.wakeAt(reactor.nowNs() + 3_600_000 * MS);
            reactor.wakeAt(start);
        });
        nextWake();
        assertTrue(wakes.isEmpty());
    }

    @Test
    void aCancelledWakeUpDoesNotCome() throws Exception {
        host.runInLoop(() -> {
            reactor.wakeAt(reactor.nowNs() + MS);
            reactor.wakeAt(Long.MAX_VALUE);
        });
        BlockingQueue<String> later = new LinkedBlockingQueue<>();
        host.loop.schedule(() -> later.add("later"), 5, TimeUnit.MILLISECONDS);
        assertEquals("later", later.poll(NettyHostFixture.GUARD_S, TimeUnit.SECONDS));
        assertTrue(wakes.isEmpty());
    }

    @Test
    void tasksOfOtherThreadsRunInTheLoop() throws Exception {
        assertFalse(reactor.inLoop());
        BlockingQueue<Boolean> ran = new LinkedBlockingQueue<>();
        reactor.execute(() -> ran.add(reactor.inLoop()));
        assertEquals(true, ran.poll(NettyHostFixture.GUARD_S, TimeUnit.SECONDS));
    }
}
