package dev.jslirp.tap.vhost;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.tap.linux.NativeMemory;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.VnetHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.foreign.MemorySegment;

/// Takes the guest's frames from a transmit queue: each is gathered from its descriptors into one buffer of ours, and is then out of
/// the guest's reach. The buffer is used again unless the stack kept it.
final class TransmitQueue implements AutoCloseable {
    /// Frames taken before the loop's other work has its turn.
    static final int FRAMES_PER_TURN = 64;
    /// Where a frame begins in its buffer: past the virtio-net header, and where copies from it are fast (see `TapLink`).
    private static final int FRAME_OFFSET = 256;
    /// An Ethernet header with one VLAN tag, and the largest packet.
    private static final int FRAME_MAX = 18 + 65_535;
    private static final int FRAME_MIN = 14;

    private final ByteBufAllocator allocator;
    private ByteBuf buffer;
    private long refused;

    TransmitQueue(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    /// Frames that were too long or too short, or asked for what was not negotiated.
    long refused() {
        return refused;
    }

    /// Takes up to [#FRAMES_PER_TURN] chains off `queue` and hands their frames to `receiver`. The caller tells the driver.
    ///
    /// @param receiver null if the frames are to be discarded
    /// @return whether there may be more
    boolean drain(Virtqueue queue, long features, FrameReceiver receiver) {
        int headerBytes = ReceiveQueue.headerBytes(features);
        for (int i = 0; i < FRAMES_PER_TURN; i++) {
            int head = queue.take();
            if (head == Virtqueue.NONE) {
                return false;
            }
            int length = gather(queue, FRAME_OFFSET - headerBytes) - headerBytes;
            if (queue.fault() != null) {
                return false;
            }
            // The frame is ours: the guest may have its buffers back even before the stack has looked at it.
            queue.use(head, 0);
            if (receiver != null) {
                deliver(length, headerBytes, features, receiver);
            }
            if (!queue.usable()) {
                return false;
            }
        }
        return true;
    }

    /// Copies the whole chain to the buffer at `offset`.
    ///
    /// @return its bytes, more than fit if it is too long
    private int gather(Virtqueue queue, int offset) {
        if (buffer == null) {
            buffer = allocator.directBuffer(FRAME_OFFSET + FRAME_MAX);
        }
        long target = buffer.memoryAddress() + offset;
        long room = FRAME_OFFSET + FRAME_MAX - offset;
        long filled = 0;
        while (queue.nextDescriptor()) {
            if (queue.writable) {
                queue.wrongDirection();
                return 0;
            }
            if (queue.length > room - filled) {
                filled = room + 1;
            }
            filled = filled > room ? filled : gather(queue, target, filled);
        }
        return (int) filled;
    }

    /// Copies the current descriptor's bytes, which may lie in several regions.
    private static long gather(Virtqueue queue, long target, long filled) {
        long address = queue.address;
        long left = queue.length;
        long to = target + filled;
        while (left > 0) {
            if (!queue.find(address)) {
                return filled;
            }
            GuestMemory memory = queue.memory();
            long bytes = Math.min(left, memory.run);
            MemorySegment.copy(memory.segment, memory.offset, NativeMemory.ALL, to, bytes);
            address += bytes;
            to += bytes;
            left -= bytes;
        }
        return filled + queue.length;
    }

    private void deliver(int length, int headerBytes, long features, FrameReceiver receiver) {
        ByteBuf frame = buffer;
        if (length < FRAME_MIN || length > FRAME_MAX) {
            refused++;
            return;
        }
        int header = FRAME_OFFSET - headerBytes;
        long offload = VnetHeader.decode(frame, header);
        if (!allowed(offload, features)) {
            refused++;
            return;
        }
        frame.setIndex(FRAME_OFFSET, FRAME_OFFSET + length);
        receiver.onFrame(frame, offload);
        if (buffer != null && buffer.refCnt() != 1) {
            buffer.release();
            buffer = null;
        }
    }

    /// §5.1.6.2: what a driver may ask for with the features it has.
    private static boolean allowed(long offload, long features) {
        if (Offload.flags(offload) != 0 && (features & Features.CSUM) == 0) {
            return false;
        }
        long needed = switch (Offload.gsoType(offload)) {
            case Offload.GSO_NONE -> 0;
            case Offload.GSO_TCPV4 -> Features.HOST_TSO4;
            case Offload.GSO_UDP_L4 -> Features.HOST_USO;
            default -> Long.MIN_VALUE;
        };
        return (features & needed) == needed;
    }

    /// Releases the buffer.
    @Override
    public void close() {
        if (buffer != null) {
            buffer.release();
            buffer = null;
        }
    }
}
