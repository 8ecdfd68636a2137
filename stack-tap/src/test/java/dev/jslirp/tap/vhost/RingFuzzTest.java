package dev.jslirp.tap.vhost;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.jslirp.link.FrameReceiver;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.SharedFiles;
import dev.jslirp.tap.linux.SharedMemory;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.Payload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Rings whose every byte is the input's: a step writes a descriptor, offers a chain, moves the available index, or lets the device take
/// frames or write one. Nothing may be thrown, and a frame is never longer than the device allows.
///
/// ```sh
/// JAZZER_FUZZ=1 mvn -pl stack-core,stack-tap test -Dtest=RingFuzzTest -Dsurefire.failIfNoSpecifiedTests=false
/// ```
class RingFuzzTest {
    private static final int SIZE = 16;
    private static final int MEMORY_BYTES = 1 << 18;
    private static final int REGION_BYTES = 1 << 17;
    private static final int PAGE = 4_096;
    private static final int STEPS_MAX = 256;
    private static final int TRANSMIT_RING = 0;
    private static final int RECEIVE_RING = PAGE;
    private static final int USED = 1_024;
    private static final int AVAILABLE = 512;

    /// For all inputs; what is not released can be counted.
    private static final PooledByteBufAllocator ALLOCATOR = new PooledByteBufAllocator(true, 0, 1, 8_192, 9, 0, 0, false);

    @FuzzTest(maxDuration = "0s")
    void descriptors(byte[] bytes) throws TapException {
        new Device(bytes).run();
    }

    /// One input's device; the fuzzer keeps one test instance for all.
    private static final class Device {
        private final GuestMemory memory = new GuestMemory();
        private final Virtqueue[] queues = {new Virtqueue(memory), new Virtqueue(memory)};
        private final TransmitQueue transmit = new TransmitQueue(ALLOCATOR);
        private final ReceiveQueue receive = new ReceiveQueue(ALLOCATOR);
        private final int[] offered = new int[2];
        private final byte[] input;
        private int at;

        Device(byte[] input) {
            this.input = input;
        }

        void run() throws TapException {
            int fd = SharedFiles.create(MEMORY_BYTES, true);
            try (SharedMemory shared = SharedMemory.map(fd, 0, MEMORY_BYTES)) {
                // Regions that follow each other, and nothing below or above them.
                assertNull(memory.add(PAGE, REGION_BYTES, PAGE, 0, fd));
                assertNull(memory.add(PAGE + REGION_BYTES, REGION_BYTES, PAGE + REGION_BYTES, REGION_BYTES, fd));
                run(shared.segment());
            } finally {
                memory.close();
                transmit.close();
                Processes.close(fd);
            }
            assertTrue(ALLOCATOR.metric().directArenas().getFirst().numActiveAllocations() == 0, "every buffer was released");
        }

        private void run(MemorySegment guest) {
            long features = (u8() & 1) == 0 ? FrontEnd.ALL
                    : FrontEnd.ALL & ~(Features.MRG_RXBUF | Features.EVENT_IDX | Features.INDIRECT_DESC);
            for (int i = 0; i < 2; i++) {
                assertNull(queues[i].resize(SIZE));
                int ring = i * RECEIVE_RING;
                assertNull(queues[i].place(PAGE + ring, PAGE + ring + USED, PAGE + ring + AVAILABLE));
                queues[i].features(features);
            }
            for (int step = 0; step < STEPS_MAX && at < input.length; step++) {
                step(guest, features);
            }
        }

        private void step(MemorySegment guest, long features) {
            int kind = u8();
            int index = kind >> 3 & 1;
            int ring = index == 0 ? TRANSMIT_RING : RECEIVE_RING;
            switch (kind & 7) {
                case 0, 1 -> descriptor(guest, ring + (u8() & SIZE - 1) * 16);
                case 2 -> descriptor(guest, MEMORY_BYTES / 2 - 4 * 16 + (u8() & 7) * 16);
                case 3 -> {
                    guest.set(ValueLayout.JAVA_SHORT, ring + AVAILABLE + 4L + 2 * (offered[index]++ & SIZE - 1), (short) small(SIZE));
                    guest.set(ValueLayout.JAVA_SHORT, ring + AVAILABLE + 2L, (short) offered[index]);
                }
                case 4 -> guest.set(ValueLayout.JAVA_SHORT, ring + 2L * (u8() << 8 | u8()) % PAGE, (short) (u8() << 8 | u8()));
                case 5, 6 -> take(features);
                default -> give(features);
            }
        }

        /// Small values mostly, anything sometimes.
        private int small(int bound) {
            int value = u8();
            return value < 250 ? value % bound : value << 8 | u8();
        }

        private void descriptor(MemorySegment guest, long where) {
            int kind = u8();
            long address = switch (kind & 3) {
                case 0 -> PAGE + (u8() << 10);
                case 1 -> PAGE + REGION_BYTES - 4 * 16 + (u8() & 7) * 16;
                case 2 -> PAGE + 2L * REGION_BYTES - u8();
                default -> (long) u8() << 56 | (long) u8() << 24 | u8();
            };
            int length = (kind & 4) == 0 ? u8() : (kind & 8) == 0 ? (u8() << 8 | u8()) : u8() << 24 | u8();
            guest.set(ValueLayout.JAVA_LONG, where, address);
            guest.set(ValueLayout.JAVA_INT, where + 8, length);
            guest.set(ValueLayout.JAVA_SHORT, where + 12, (short) (kind >> 4));
            guest.set(ValueLayout.JAVA_SHORT, where + 14, (short) small(SIZE));
        }

        private void take(long features) {
            Virtqueue queue = queues[0];
            if (queue.usable()) {
                FrameReceiver receiver = (frame, offload) -> {
                    assertTrue(frame.readableBytes() >= 14 && frame.readableBytes() <= 65_553);
                    frame.getByte(frame.writerIndex() - 1);
                };
                transmit.drain(queue, features, receiver);
                queue.tell();
                queue.kicksOn();
            } else {
                restart(queue);
            }
        }

        private void give(long features) {
            Virtqueue queue = queues[1];
            int length = u8() * 250;
            if (!queue.usable()) {
                restart(queue);
                return;
            }
            ByteBuf header = ALLOCATOR.directBuffer(60).writeZero(60);
            ByteBuf body = ALLOCATOR.directBuffer(length + 1).writeZero(length);
            Payload payload = new Payload();
            payload.add(body, 0, length);
            receive.write(queue, features, header, payload, Offload.NONE);
            queue.tell();
            header.release();
            body.release();
        }

        private void restart(Virtqueue queue) {
            queue.repair();
            queue.position(offered[queue == queues[0] ? 0 : 1] & 0xffff);
        }

        private int u8() {
            return at < input.length ? input[at++] & 0xff : 0;
        }
    }
}
