package dev.jslirp.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.testkit.TrackingAllocator;
import dev.jslirp.time.Batch;
import dev.jslirp.time.PumpReactor;
import dev.jslirp.time.TimerWheel;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EmbeddedLinkTest {
    /// A guest that takes as many frames as it has room for.
    private final class Guest implements EmbeddedLink.FrameSink {
        private int room = Integer.MAX_VALUE;
        private final List<String> taken = new ArrayList<>();
        private int batches;
        private int rooms;

        @Override
        public boolean onFrame(OutboundFrame frame) {
            if (room == 0) {
                return false;
            }
            room--;
            byte[] bytes = Frames.bytes(frame);
            taken.add(bytes[0] + ":" + bytes.length + ":" + frame.header.readableBytes() + ":" + frame.offload);
            return true;
        }

        @Override
        public void onBatchEnd() {
            batches++;
        }

        @Override
        public void onRoom() {
            rooms++;
        }
    }

    private final TrackingAllocator allocator = new TrackingAllocator();
    private final AtomicInteger alerts = new AtomicInteger();
    private final PumpReactor reactor = new PumpReactor(0, alerts::incrementAndGet);
    private final Guest guest = new Guest();
    private final List<Integer> received = new ArrayList<>();
    private final EmbeddedLink link = new EmbeddedLink(LinkCapabilities.offloading(1_500, true), guest, reactor, allocator,
            new EmbeddedLink.Limits(4, 3, 1_000));

    @AfterEach
    void everyBufferIsGivenBack() {
        link.close();
        allocator.assertAllReleased();
    }

    private void start() {
        link.start((frame, offload) -> received.add(frame.getInt(0) + (int) offload));
    }

    private ByteBuf numbered(int number) {
        return allocator.directBuffer(4).writeInt(number);
    }

    private OutboundFrame toGuest(int number, int payloadBytes) {
        OutboundFrame frame = new OutboundFrame(Unpooled.buffer(OutboundFrame.HEADER_CAPACITY));
        frame.header.writeByte(number).writeZero(41);
        if (payloadBytes > 0) {
            frame.payload.add(Unpooled.wrappedBuffer(new byte[payloadBytes]), 0, payloadBytes);
        }
        frame.offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, 0, 34, 16);
        return frame;
    }

    @Test
    void framesOfAnotherThreadAreSeenTogetherAfterSubmit() throws InterruptedException {
        start();
        Thread vcpu = new Thread(() -> {
            link.offer(numbered(1), 0);
            link.offer(ByteBuffer.allocate(8).putInt(7).putInt(2).position(4), 100);
            assertEquals(0, alerts.get());
            link.submit();
            link.submit();
        });
        vcpu.start();
        vcpu.join();

        assertEquals(1, alerts.get());
        assertEquals(List.of(), received);
        reactor.poll(0);
        assertEquals(List.of(1, 102), received);
    }

    @Test
    void aFullQueueSaysNoLeavesTheFrameWithItsOwnerAndTellsOfRoom() {
        start();
        for (int i = 0; i < 4; i++) {
            assertTrue(link.offer(numbered(i), 0));
        }
        ByteBuf refused = numbered(4);
        assertFalse(link.offer(refused, 0));
        assertFalse(link.offer(ByteBuffer.allocate(4), 0));
        assertEquals(2, link.refusals());
        assertEquals(0, guest.rooms);

        reactor.poll(0);
        assertEquals(List.of(0, 1, 2, 3), received);
        assertEquals(1, guest.rooms);
        assertTrue(link.offer(refused, 0));
        link.submit();
        reactor.poll(0);
        assertEquals(List.of(0, 1, 2, 3, 4), received);
        assertEquals(1, guest.rooms);
    }

    @Test
    void manyThreadsLoseNothingAndKeepTheirOrder() throws InterruptedException {
        start();
        int threads = 3;
        int frames = 5_000;
        List<Thread> vcpus = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            int base = thread * frames;
            vcpus.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < frames; i++) {
                    ByteBuf frame = Unpooled.buffer(4).writeInt(base + i);
                    while (!link.offer(frame, 0)) {
                        Thread.onSpinWait();
                    }
                    link.submit();
                }
            }));
        }
        while (received.size() < threads * frames) {
            reactor.poll(0);
        }
        for (Thread vcpu : vcpus) {
            vcpu.join();
        }
        for (int thread = 0; thread < threads; thread++) {
            int base = thread * frames;
            List<Integer> own = received.stream().filter(number -> number / frames == base / frames).toList();
            assertEquals(frames, own.size());
            for (int i = 0; i < frames; i++) {
                assertEquals(base + i, own.get(i));
            }
        }
    }

    @Test
    void aFrameThatIsTooLongIsCutNotCopiedWhole() {
        List<Integer> lengths = new ArrayList<>();
        link.start((frame, _) -> lengths.add(frame.readableBytes()));
        link.offer(ByteBuffer.allocate(1 << 20), 0);
        link.submit();
        reactor.poll(0);
        assertEquals(List.of(link.capabilities().maxFrameBytes() + 1), lengths);
    }

    @Test
    void framesForAGuestWithoutRoomAreHeldInOrderUntilItResumes() {
        guest.room = 1;
        link.transmit(toGuest(1, 0));
        link.transmit(toGuest(2, 300));
        link.transmit(toGuest(3, 0));
        link.flush();
        assertEquals(1, guest.taken.size());
        assertEquals(2, link.heldFrames());
        assertEquals(1, guest.batches);

        guest.room = 10;
        link.transmit(toGuest(4, 0));
        assertEquals(1, guest.taken.size(), "behind those that are held");
        link.resume();
        link.resume();
        reactor.poll(0);
        long offload = toGuest(0, 0).offload;
        assertEquals(List.of("1:42:42:" + offload, "2:342:42:" + offload, "3:42:42:" + offload, "4:42:42:" + offload), guest.taken);
        assertEquals(2, guest.batches);
        assertEquals(0, link.dropped());
    }

    @Test
    void whatIsHeldHasALimitOfFramesAndOneOfBytes() {
        guest.room = 0;
        link.transmit(toGuest(1, 900));
        link.transmit(toGuest(2, 900));
        assertEquals(1, link.dropped(), "bytes");
        link.transmit(toGuest(3, 0));
        assertEquals(1, link.dropped());
        link.transmit(toGuest(4, 0));
        assertEquals(2, link.dropped(), "bytes again");
        guest.room = 1;
        link.flush();
        link.transmit(toGuest(5, 0));
        link.transmit(toGuest(6, 0));
        assertEquals(3, link.heldFrames());
        link.transmit(toGuest(7, 0));
        assertEquals(3, link.dropped(), "frames");
        link.close();
        assertEquals(6, link.dropped());
    }

    @Test
    void handingInFromInsideTheSinkIsRefused() {
        EmbeddedLink[] careless = new EmbeddedLink[1];
        careless[0] = new EmbeddedLink(LinkCapabilities.plain(1_500), _ -> {
            careless[0].receive(Unpooled.EMPTY_BUFFER);
            return true;
        });
        assertThrows(IllegalStateException.class, () -> careless[0].transmit(toGuest(1, 0)));
        assertThrows(IllegalStateException.class, () -> careless[0].offer(Unpooled.EMPTY_BUFFER, 0));
        assertThrows(IllegalStateException.class, () -> careless[0].resume());
    }

    @Test
    void afterCloseEverythingIsTakenAndLost() {
        start();
        link.offer(numbered(1), 0);
        link.close();
        ByteBuf late = numbered(2);
        assertTrue(link.offer(late, 0));
        assertEquals(0, late.refCnt());
        link.submit();
        reactor.poll(0);
        assertEquals(List.of(), received);
        link.transmit(toGuest(1, 0));
        assertEquals(List.of(), guest.taken);
        assertEquals(1, link.dropped());
    }

    @Test
    void aGuestThatSendsWhenInterruptedIsInterruptedForTheAnswer() {
        EmbeddedLink[] own = new EmbeddedLink[1];
        List<Integer> taken = new ArrayList<>();
        own[0] = new EmbeddedLink(LinkCapabilities.plain(1_500), new EmbeddedLink.FrameSink() {
            private int frames;

            @Override
            public boolean onFrame(OutboundFrame frame) {
                frames++;
                return true;
            }

            @Override
            public void onBatchEnd() {
                taken.add(frames);
                if (frames == 1) {
                    own[0].receive(Unpooled.EMPTY_BUFFER);
                }
            }
        });
        Batch batch = new Batch(reactor, new TimerWheel(1, 0), own[0]::flush);
        own[0].start((_, _) -> {
            batch.begin();
            own[0].transmit(toGuest(1, 0));
        });
        own[0].receive(Unpooled.EMPTY_BUFFER);
        reactor.poll(0);
        reactor.poll(0);
        assertEquals(List.of(1, 2), taken);
    }

    @Test
    void aSinkMayCloseTheLinkWhileFramesWaitOnBothSides() {
        List<Integer> seen = new ArrayList<>();
        EmbeddedLink[] own = new EmbeddedLink[1];
        boolean[] room = new boolean[1];
        own[0] = new EmbeddedLink(LinkCapabilities.plain(1_500), frame -> {
            if (!room[0]) {
                return false;
            }
            own[0].close();
            seen.add((int) Frames.bytes(frame)[0]);
            return true;
        }, reactor, allocator, new EmbeddedLink.Limits(4, 3, 1_000));
        own[0].start((_, _) -> received.add(0));
        own[0].transmit(toGuest(1, 0));
        own[0].transmit(toGuest(2, 0));
        own[0].offer(numbered(3), 0);
        room[0] = true;
        own[0].flush();
        assertEquals(List.of(1), seen);
        assertEquals(List.of(), received);
        assertEquals(0, own[0].heldFrames());
        assertEquals(1, own[0].dropped());
    }

    @Test
    void framesThatRaceWithTheCloseAreReleased() throws InterruptedException {
        UnpooledByteBufAllocator shared = new UnpooledByteBufAllocator(false);
        for (int round = 0; round < 200; round++) {
            EmbeddedLink racing = new EmbeddedLink(LinkCapabilities.plain(1_500), guest, reactor, shared, EmbeddedLink.Limits.DEFAULT);
            racing.start((_, _) -> { });
            CountDownLatch running = new CountDownLatch(1);
            Thread vcpu = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 100; i++) {
                    ByteBuf frame = shared.heapBuffer(4).writeInt(i);
                    if (!racing.offer(frame, 0)) {
                        frame.release();
                    }
                    running.countDown();
                }
            });
            running.await();
            racing.close();
            vcpu.join();
            reactor.poll(0);
            assertEquals(0, shared.metric().usedHeapMemory(), "round " + round);
        }
    }

    @Test
    void limitsMustMakeSense() {
        assertThrows(IllegalArgumentException.class, () -> new EmbeddedLink.Limits(3, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new EmbeddedLink.Limits(1 << 17, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new EmbeddedLink.Limits(4, -1, 0));
        assertThrows(IllegalArgumentException.class, () -> EmbeddedLink.Limits.DEFAULT.holding(1, -1));
    }
}
