package dev.jslirp.tap.vhost;

import dev.jslirp.tap.linux.NativeMemory;
import dev.jslirp.wire.Payload;
import dev.jslirp.wire.VnetHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Puts frames into the buffers of a guest's receive queue.
///
/// First as many chains are taken as the frame needs, and where their bytes lie is noted; if there are too few they are put back, and
/// nothing has happened. Then virtio-net header, frame header and payload are copied into them, straight from the stack's buffers.
final class ReceiveQueue {
    /// Separate ranges of memory one frame may be spread over. 64 KiB in pages are 17.
    static final int PIECES_MAX = 1_024;

    /// What became of a frame.
    enum Result {
        WRITTEN,
        /// The guest has to offer more buffers first. Nothing has happened.
        NO_ROOM,
        /// The guest's buffers will never hold it, or the queue broke.
        IMPOSSIBLE
    }

    private final ByteBufAllocator allocator;
    private final MemorySegment vnet = Arena.ofAuto().allocate(VnetHeader.LENGTH_WITH_BUFFER_COUNT, 8);
    private final MemorySegment[] segments = new MemorySegment[PIECES_MAX];
    private final long[] offsets = new long[PIECES_MAX];
    private final int[] lengths = new int[PIECES_MAX];
    private int pieces;
    /// Head and bytes of each chain taken for the frame.
    private final int[] heads = new int[PIECES_MAX];
    private final int[] filled = new int[PIECES_MAX];
    private int chains;
    /// Where the next byte goes.
    private int piece;
    private int inPiece;

    ReceiveQueue(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    /// Bytes of the virtio-net header: without `num_buffers` only for a legacy driver that does not merge (§5.1.6.1).
    static int headerBytes(long features) {
        return (features & (Features.VERSION_1 | Features.MRG_RXBUF)) != 0 ? VnetHeader.LENGTH_WITH_BUFFER_COUNT : VnetHeader.LENGTH;
    }

    /// Writes a frame, given as header and payload, to buffers of `queue`, which the driver sees after [Virtqueue#tell].
    /// **Borrows** both.
    Result write(Virtqueue queue, long features, ByteBuf header, Payload payload, long offload) {
        int headerBytes = headerBytes(features);
        Result room = reserve(queue, headerBytes + header.readableBytes() + payload.length(), (features & Features.MRG_RXBUF) != 0);
        if (room != Result.WRITTEN) {
            return room;
        }
        vnet.set(ValueLayout.JAVA_LONG, 0, VnetHeader.first(offload));
        vnet.set(ValueLayout.JAVA_SHORT, 8, VnetHeader.csumOffset(offload));
        vnet.set(ValueLayout.JAVA_SHORT, 10, (short) chains);
        piece = 0;
        inPiece = 0;
        put(vnet.address(), headerBytes);
        put(header, header.readerIndex(), header.readableBytes());
        for (int i = 0; i < payload.parts(); i++) {
            put(payload.buffer(i), payload.index(i), payload.length(i));
        }
        for (int i = 0; i < chains; i++) {
            queue.use(heads[i], filled[i]);
        }
        return Result.WRITTEN;
    }

    /// Takes chains for `bytes` bytes.
    private Result reserve(Virtqueue queue, int bytes, boolean mergeable) {
        pieces = 0;
        chains = 0;
        int left = bytes;
        while (left > 0) {
            if (chains == PIECES_MAX || chains == queue.size() || chains == 1 && !mergeable) {
                queue.putBack(chains);
                return Result.IMPOSSIBLE;
            }
            int head = queue.take();
            if (head == Virtqueue.NONE) {
                queue.putBack(chains);
                return queue.fault() == null ? Result.NO_ROOM : Result.IMPOSSIBLE;
            }
            int room = reserveChain(queue, left);
            if (room < 0) {
                queue.putBack(chains + 1);
                return Result.IMPOSSIBLE;
            }
            heads[chains] = head;
            filled[chains++] = room;
            left -= room;
        }
        return Result.WRITTEN;
    }

    /// Notes where the first `wanted` bytes of the chain lie.
    ///
    /// @return how many there are, or -1: the queue broke, or the bytes are scattered too much
    private int reserveChain(Virtqueue queue, int wanted) {
        int left = wanted;
        while (left > 0 && queue.nextDescriptor()) {
            if (!queue.writable) {
                queue.wrongDirection();
                return -1;
            }
            int bytes = (int) Math.min(left, queue.length);
            if (!reserveDescriptor(queue, bytes)) {
                return -1;
            }
            left -= bytes;
        }
        return queue.fault() == null ? wanted - left : -1;
    }

    private boolean reserveDescriptor(Virtqueue queue, int bytes) {
        long address = queue.address;
        int left = bytes;
        while (left > 0) {
            if (pieces == PIECES_MAX || !queue.find(address)) {
                return false;
            }
            GuestMemory memory = queue.memory();
            int run = (int) Math.min(left, memory.run);
            segments[pieces] = memory.segment;
            offsets[pieces] = memory.offset;
            lengths[pieces++] = run;
            address += run;
            left -= run;
        }
        return true;
    }

    private void put(ByteBuf source, int index, int length) {
        if (length == 0) {
            return;
        }
        if (source.hasMemoryAddress()) {
            put(source.memoryAddress() + index, length);
            return;
        }
        // On the heap, as some of the control plane's are.
        ByteBuf copy = allocator.directBuffer(length);
        try {
            copy.writeBytes(source, index, length);
            put(copy.memoryAddress(), length);
        } finally {
            copy.release();
        }
    }

    private void put(long source, int length) {
        long from = source;
        int left = length;
        while (left > 0) {
            if (inPiece == lengths[piece]) {
                piece++;
                inPiece = 0;
            }
            int bytes = Math.min(left, lengths[piece] - inPiece);
            MemorySegment.copy(NativeMemory.ALL, from, segments[piece], offsets[piece] + inPiece, bytes);
            from += bytes;
            left -= bytes;
            inPiece += bytes;
        }
    }

    /// Lets go of the guest's memory, which is about to be unmapped.
    void forget() {
        Arrays.fill(segments, null);
    }
}
