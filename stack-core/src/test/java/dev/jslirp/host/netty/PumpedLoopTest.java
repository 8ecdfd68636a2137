package dev.jslirp.host.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.host.HostError;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PumpedLoopTest {
    private static final long MS = 1_000_000L;
    /// Only a guard against hanging: nothing waits for it to pass.
    private static final long GUARD_NS = 20_000 * MS;

    private long nowNs = -7;
    private final AtomicInteger alerts = new AtomicInteger();
    private final List<String> calls = new ArrayList<>();
    private final PumpedLoop pump = new PumpedLoop(Thread.currentThread(), () -> nowNs, alerts::incrementAndGet);

    @AfterEach
    void close() {
        pump.close();
        pump.close();
    }

    @Test
    void timersFollowTheProgramsClock() {
        pump.onWake(() -> calls.add("wake at " + pump.nowNs()));
        assertEquals(Long.MAX_VALUE, pump.nextDeadlineNs());
        pump.wakeAt(nowNs + 1_000 * MS);
        assertEquals(nowNs + 1_000 * MS, pump.nextDeadlineNs());
        pump.poll(0);
        assertEquals(List.of(), calls);
        nowNs += 1_000 * MS;
        pump.poll(0);
        assertEquals(List.of("wake at " + nowNs), calls);
        assertEquals(Long.MAX_VALUE, pump.nextDeadlineNs());
    }

    @Test
    void tasksAndTheirTasksRunInOnePoll() {
        pump.execute(() -> pump.execute(() -> calls.add("second")));
        pump.poll(0);
        assertEquals(List.of("second"), calls);
        assertEquals(0, alerts.get());
    }

    @Test
    void anotherThreadEndsTheWait() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        Thread other = Thread.ofPlatform().start(() -> {
            pump.execute(() -> calls.add("ran in loop: " + pump.inLoop()));
            done.countDown();
        });
        while (calls.isEmpty()) {
            pump.poll(GUARD_NS);
        }
        assertEquals(List.of("ran in loop: true"), calls);
        done.await();
        assertEquals(1, alerts.get());
        other.join();
        Thread.ofPlatform().start(pump::wakeUp).join();
        pump.poll(GUARD_NS);
        pump.wakeUp();
    }

    @Test
    void anotherThreadMayNotPoll() throws InterruptedException {
        Throwable[] thrown = new Throwable[1];
        Thread.ofPlatform().start(() -> thrown[0] = assertThrows(IllegalStateException.class, () -> pump.poll(0))).join();
        assertTrue(thrown[0] instanceof IllegalStateException);
        assertFalse(pump.poll(0));
    }

    @Test
    void socketsWorkWithoutAnyThreadOfOurs() throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        ByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
        NettyHostNetwork network = new NettyHostNetwork(pump.eventLoop(), allocator, NettyHostNetwork.Options.DEFAULT);
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            HostStream stream = network.connect(new InetSocketAddress(server.getInetAddress(), server.getLocalPort()), new Listener());
            Socket peer = server.accept();
            pumpUntil("connected");
            ByteBuf hello = Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII);
            stream.write(hello, 0, 5);
            stream.flush();
            stream.resumeReads();
            InputStream in = peer.getInputStream();
            assertEquals("hello", new String(in.readNBytes(5), StandardCharsets.US_ASCII));
            peer.getOutputStream().write("world".getBytes(StandardCharsets.US_ASCII));
            pumpUntil("world");
            peer.close();
            pumpUntil("eof");
            stream.close();
        }
        HostStream refused = network.connect(new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 9), new Listener());
        assertEquals(0, refused.unsentBytes());
        pumpUntil("failed");
        network.close();
        pump.close();
        Set<Thread> after = Thread.getAllStackTraces().keySet();
        assertTrue(after.stream().filter(thread -> !before.contains(thread)).noneMatch(thread -> thread.getName().contains("netty")
                || thread.getName().contains("global")), () -> "threads: " + after);
    }

    private void pumpUntil(String call) {
        while (!calls.contains(call)) {
            assertTrue(pump.poll(GUARD_NS) || calls.contains(call), "nothing happened");
        }
    }

    private final class Listener implements HostStreamListener {
        @Override
        public void onConnected() {
            calls.add("connected");
        }

        @Override
        public void onConnectFailed(HostError error) {
            calls.add("failed");
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            calls.add(bytes.toString(StandardCharsets.US_ASCII));
            bytes.release();
        }

        @Override
        public void onEof() {
            calls.add("eof");
        }

        @Override
        public void onReset(HostError error) {
            calls.add("reset");
        }

        @Override
        public void onDrained() {
            calls.add("drained");
        }
    }
}
