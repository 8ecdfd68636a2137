package dev.jslirp.vmm;

import dev.jslirp.link.EmbeddedLink;
import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.VnetHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// A virtio-net device: frames with a 12-byte header in two queues. The guest posts a fixed number of receive buffers, and gets an
/// interrupt for each batch of frames, not for each frame.
///
/// The device's side is called by the network's thread, the driver's by the guest's.
final class VirtioNic implements EmbeddedLink.FrameSink {
    private static final int HEADER = VnetHeader.LENGTH_WITH_BUFFER_COUNT;
    /// Only a guard against hanging: nothing waits for it to pass.
    private static final long GUARD_S = 20;

    private final AtomicInteger receiveBuffers;
    private final LinkedBlockingQueue<byte[]> used = new LinkedBlockingQueue<>();
    private final List<byte[]> filled = new ArrayList<>();
    private final Semaphore room = new Semaphore(0);
    private final AtomicInteger interrupts = new AtomicInteger();
    private EmbeddedLink link;

    VirtioNic(int receiveBuffers) {
        this.receiveBuffers = new AtomicInteger(receiveBuffers);
    }

    void plugInto(EmbeddedLink link) {
        this.link = link;
    }

    int interrupts() {
        return interrupts.get();
    }

    // ---- the device

    @Override
    public boolean onFrame(OutboundFrame frame) {
        if (receiveBuffers.get() == 0) {
            return false;
        }
        receiveBuffers.decrementAndGet();
        byte[] buffer = new byte[HEADER + frame.length()];
        ByteBuf bytes = Unpooled.wrappedBuffer(buffer).clear();
        VnetHeader.write(bytes, frame.offload, HEADER);
        frame.copyTo(bytes);
        filled.add(buffer);
        return true;
    }

    @Override
    public void onBatchEnd() {
        used.addAll(filled);
        filled.clear();
        interrupts.incrementAndGet();
    }

    @Override
    public void onRoom() {
        room.release();
    }

    // ---- the driver

    /// The next frame with its header; its buffer is posted again.
    byte[] receive() throws InterruptedException {
        byte[] frame = used.poll(GUARD_S, TimeUnit.SECONDS);
        if (frame == null) {
            throw new AssertionError("the guest hears nothing");
        }
        if (receiveBuffers.getAndIncrement() == 0) {
            link.resume();
        }
        return frame;
    }

    /// Sends frames with their headers, and notifies the device once.
    void transmit(List<byte[]> buffers) throws InterruptedException {
        for (byte[] buffer : buffers) {
            long offload = VnetHeader.decode(Unpooled.wrappedBuffer(buffer), 0);
            ByteBuffer frame = ByteBuffer.wrap(buffer, HEADER, buffer.length - HEADER);
            while (!link.offer(frame, offload)) {
                if (!room.tryAcquire(GUARD_S, TimeUnit.SECONDS)) {
                    throw new AssertionError("the device never has room again");
                }
            }
        }
        link.submit();
    }
}
