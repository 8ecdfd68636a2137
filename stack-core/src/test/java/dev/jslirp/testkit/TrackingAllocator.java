package dev.jslirp.testkit;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.netty.buffer.UnpooledHeapByteBuf;
import java.util.IdentityHashMap;
import java.util.Map;

/// Unpooled buffers, each remembered with the place that allocated it until it is released.
///
/// Counts what is allocated from it; buffers of `Unpooled` or of other allocators are not seen.
public final class TrackingAllocator extends AbstractByteBufAllocator {
    private final Map<ByteBuf, Throwable> live = new IdentityHashMap<>();
    private long allocations;

    /// Prefers direct buffers, as production does.
    public TrackingAllocator() {
        super(true);
    }

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
        return track(new TrackedHeap(this, initialCapacity, maxCapacity));
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        return track(new TrackedDirect(this, initialCapacity, maxCapacity));
    }

    @Override
    public boolean isDirectBufferPooled() {
        return false;
    }

    private ByteBuf track(ByteBuf buffer) {
        allocations++;
        live.put(buffer, new Throwable("allocated here"));
        return buffer;
    }

    /// Buffers not yet released.
    public int liveBuffers() {
        return live.size();
    }

    /// Capacity of the buffers not yet released.
    public long liveBytes() {
        long bytes = 0;
        for (ByteBuf buffer : live.keySet()) {
            bytes += buffer.capacity();
        }
        return bytes;
    }

    /// Buffers ever allocated.
    public long allocations() {
        return allocations;
    }

    /// @throws AssertionError if a buffer was not released; its cause shows where one was allocated
    public void assertAllReleased() {
        if (live.isEmpty()) {
            return;
        }
        StringBuilder message = new StringBuilder(live.size() + " buffers were not released:");
        live.keySet().stream().limit(10).forEach(buffer -> message.append("\n  ").append(buffer));
        throw new AssertionError(message.toString(), live.values().iterator().next());
    }

    private static final class TrackedHeap extends UnpooledHeapByteBuf {
        TrackedHeap(TrackingAllocator allocator, int initialCapacity, int maxCapacity) {
            super(allocator, initialCapacity, maxCapacity);
        }

        @Override
        protected void deallocate() {
            ((TrackingAllocator) alloc()).live.remove(this);
            super.deallocate();
        }
    }

    private static final class TrackedDirect extends UnpooledDirectByteBuf {
        TrackedDirect(TrackingAllocator allocator, int initialCapacity, int maxCapacity) {
            super(allocator, initialCapacity, maxCapacity);
        }

        @Override
        protected void deallocate() {
            ((TrackingAllocator) alloc()).live.remove(this);
            super.deallocate();
        }
    }
}
