package dev.jslirp.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.PooledByteBufAllocator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// A host network on a loop of its own, whichever implementation; closing it proves that every buffer was released.
public abstract class HostFixture {
    /// Only a guard against hanging: nothing waits for it to pass.
    public static final long GUARD_S = 20;

    /// Pooled, as in production: there a buffer's bytes do not begin at position 0 of its NIO view.
    public final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true, 0, 1, 8192, 6, 0, 0, false);

    /// What is under test.
    public abstract HostNetwork network();

    /// Runs a task in the network's loop.
    protected abstract void execute(Runnable task);

    /// Ends the loop.
    protected abstract void stop() throws Exception;

    public final <T> T inLoop(Callable<T> call) throws Exception {
        FutureTask<T> task = new FutureTask<>(call);
        execute(task);
        return task.get(GUARD_S, TimeUnit.SECONDS);
    }

    public final void runInLoop(Runnable task) throws Exception {
        inLoop(Executors.callable(task));
    }

    /// Connects with reads on.
    Recorder connect(InetSocketAddress to) throws Exception {
        Recorder recorder = new Recorder();
        runInLoop(() -> {
            recorder.stream = network().connect(to, recorder);
            recorder.stream.resumeReads();
        });
        return recorder;
    }

    void write(HostStream stream, byte[] bytes) throws Exception {
        runInLoop(() -> {
            ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
            stream.write(buffer, 0, bytes.length);
            stream.flush();
            buffer.release();
        });
    }

    static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    public final void close() throws Exception {
        runInLoop(network()::close);
        long inUse = inLoop(() -> allocator.metric().directArenas().getFirst().numActiveAllocations());
        stop();
        assertEquals(0, inUse, "buffers not released");
    }

    /// Writes down what happens; bytes are counted and checked against a pattern, byte *n* being `n * 31`.
    static class Recorder implements HostStreamListener {
        final BlockingQueue<String> events = new LinkedBlockingQueue<>();
        HostStream stream;
        long received;
        boolean patternBroken;

        String next() throws InterruptedException {
            String event = events.poll(GUARD_S, TimeUnit.SECONDS);
            assertNotNull(event, "nothing happened");
            return event;
        }

        void expect(String event) throws InterruptedException {
            assertEquals(event, next());
        }

        @Override
        public void onConnected() {
            events.add("connected");
        }

        @Override
        public void onConnectFailed(HostError error) {
            events.add("connect failed " + error);
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            byte[] copy = ByteBufUtil.getBytes(bytes);
            bytes.release();
            for (byte b : copy) {
                patternBroken |= b != (byte) (received++ * 31);
            }
        }

        @Override
        public void onEof() {
            events.add("eof");
        }

        @Override
        public void onReset(HostError error) {
            events.add("reset " + error);
        }

        @Override
        public void onDrained() {
            events.add("drained");
        }
    }

    /// `length` bytes of the pattern from offset `from`.
    static byte[] pattern(long from, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) ((from + i) * 31);
        }
        return bytes;
    }
}
