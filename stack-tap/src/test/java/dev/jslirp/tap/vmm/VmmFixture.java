package dev.jslirp.tap.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.InLoop;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/// A [VmmLink] on a loop, with a test in the place of the network.
final class VmmFixture {
    private static final int LIMIT_SECONDS = 20;
    static final AddressPlan PLAN = AddressPlan.of(IpAddress.parse("10.0.2.0"), 24);

    final EpollLoop loop;
    final VmmLink link;
    /// Frames that came from guests, the text after the header only.
    final BlockingQueue<String> received = new LinkedBlockingQueue<>();
    final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    VmmFixture(VmmConfig config) throws Exception {
        loop = new EpollLoop("test-loop", 50_000);
        link = inLoop(() -> new VmmLink(config, PLAN, loop, loop.newReactor(), new SplittableRandom(1), allocator, () -> ended.complete(null)));
        Logger logger = (Logger) LoggerFactory.getLogger(VmmLink.class);
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        log.start();
        logger.addAppender(log);
    }

    <T> T inLoop(Callable<T> task) throws Exception {
        return InLoop.call(loop, task);
    }

    /// Opens an endpoint and starts the link.
    ListenSpec serve(String spec) throws Exception {
        return inLoop(() -> {
            ListenSpec place = link.listen(ListenSpec.parse(spec));
            link.start((frame, _) -> received.add(frame.toString(frame.readerIndex() + 14, frame.readableBytes() - 14, StandardCharsets.UTF_8)));
            return place;
        });
    }

    /// A guest's frame to the gateway.
    static byte[] fromGuest(int guest, String text) {
        byte[] words = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(14 + words.length).putShort((short) (PLAN.gatewayMac().bits() >>> 32)).putInt((int) PLAN.gatewayMac().bits())
                .putShort((short) 0x5254).putInt(guest).putShort((short) 0x88b5).put(words).array();
    }

    /// The same behind its length.
    static byte[] framed(byte[] frame) {
        return ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).array();
    }

    /// The network sends `count` frames of `payloadBytes` payload to a guest, all in one batch.
    void toGuest(int guest, int count, int payloadBytes) throws Exception {
        inLoop(() -> {
            ByteBuf header = allocator.directBuffer(OutboundFrame.HEADER_CAPACITY, OutboundFrame.HEADER_CAPACITY);
            ByteBuf payload = allocator.directBuffer(payloadBytes, payloadBytes).writeZero(payloadBytes);
            OutboundFrame frame = new OutboundFrame(header);
            for (int i = 0; i < count; i++) {
                header.setIndex(0, 0).writeShort(0x5254).writeInt(guest).writeShort((int) (PLAN.gatewayMac().bits() >>> 32))
                        .writeInt((int) PLAN.gatewayMac().bits()).writeShort(0x88b5);
                frame.payload.clear();
                frame.payload.add(payload, 0, payloadBytes);
                link.transmit(frame);
            }
            frame.payload.clear();
            link.flush();
            header.release();
            payload.release();
            return null;
        });
    }

    /// The next frame that came from a guest.
    String next() throws InterruptedException {
        return received.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    /// Waits for a line that contains all of these, at this level.
    void awaitLog(Level level, String... words) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (logged(level, words) == 0) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("no line with " + List.of(words) + " in " + lines());
            }
            Thread.onSpinWait();
        }
    }

    /// How many lines contain all of these.
    long logged(Level level, String... words) throws Exception {
        return inLoop(() -> log.list.stream()
                .filter(event -> event.getLevel() == level && List.of(words).stream().allMatch(event.getFormattedMessage()::contains)).count());
    }

    private List<String> lines() throws Exception {
        return inLoop(() -> log.list.stream().map(Object::toString).toList());
    }

    void close() throws Exception {
        inLoop(() -> {
            link.close();
            link.close();
            return null;
        });
        loop.close();
        Logger logger = (Logger) LoggerFactory.getLogger(VmmLink.class);
        logger.detachAppender(log);
        logger.setAdditive(true);
        logger.setLevel(null);
        assertEquals(0, allocator.metric().usedDirectMemory());
        assertEquals(0, allocator.metric().usedHeapMemory());
    }
}
