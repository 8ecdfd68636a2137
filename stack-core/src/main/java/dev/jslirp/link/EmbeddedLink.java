package dev.jslirp.link;

import dev.jslirp.time.Reactor;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/// The link of a Java program that holds the guest itself: an emulator, a virtual machine monitor, a test.
///
/// **From the guest.** On the network's owning thread: [#receive]; all frames of one round of the loop are one batch. From any other
/// thread: [#offer] each frame, then [#submit] once; the frames wait in a queue of `handInFramesMax`, and when it is full `offer` says
/// no, [#refusals] counts, and [FrameSink#onRoom] tells when to go on.
///
/// **To the guest.** The [FrameSink] gets each frame on the owning thread, and [FrameSink#onBatchEnd] when it is time to interrupt the
/// guest. A sink that has no room says so; the frame and those after it are copied and held, up to `heldFramesMax` and `heldBytesMax`,
/// beyond which they are dropped and counted. They are offered again after [#resume], in order.
///
/// **Offloads** travel as [dev.jslirp.wire.Offload]; [dev.jslirp.wire.VnetHeader] has them from and to the header of a virtio-net device.
public final class EmbeddedLink implements Link {
    /// Takes frames for the guest. Called on the network's owning thread; it must not call [EmbeddedLink#receive] from inside.
    @FunctionalInterface
    public interface FrameSink {
        /// One frame for the guest. **Borrows** `frame`: copy what is needed later, for example with
        /// [OutboundFrame#copyTo]. Without offloads in the link's capabilities it is a complete Ethernet frame.
        ///
        /// @return whether the guest took it; what becomes of a frame refused is up to [Limits]
        boolean onFrame(OutboundFrame frame);

        /// The frames of this round have been given: the time to interrupt the guest, once for all of them. Not called if none was taken.
        default void onBatchEnd() {}

        /// After a refusal [EmbeddedLink#offer] has room again.
        default void onRoom() {}
    }

    /// What may wait.
    ///
    /// @param handInFramesMax frames from the guest offered by other threads, a power of two up to 65536; each has at most the link's
    ///                        `maxFrameBytes`
    /// @param heldFramesMax   frames for a guest without room, 0 to drop them
    /// @param heldBytesMax    their bytes
    public record Limits(int handInFramesMax, int heldFramesMax, int heldBytesMax) {
        /// 1024 frames from the guest; for the guest nothing is held.
        public static final Limits DEFAULT = new Limits(1_024, 0, 0);
        private static final int HAND_IN_MAX = 65_536;

        /// @throws IllegalArgumentException naming the field that is out of range
        public Limits {
            if (handInFramesMax < 2 || handInFramesMax > HAND_IN_MAX || Integer.bitCount(handInFramesMax) != 1) {
                throw new IllegalArgumentException("handInFramesMax " + handInFramesMax + " is not a power of two within 2 to "
                        + HAND_IN_MAX);
            }
            if (heldFramesMax < 0 || heldBytesMax < 0) {
                throw new IllegalArgumentException("heldFramesMax " + heldFramesMax + " and heldBytesMax " + heldBytesMax
                        + " must not be negative");
            }
        }

        /// These limits with others on what waits for a guest without room.
        public Limits holding(int heldFramesMax, int heldBytesMax) {
            return new Limits(handInFramesMax, heldFramesMax, heldBytesMax);
        }
    }

    /// Frames taken from the queue in one turn, so that sockets and timers get theirs.
    private static final int FRAMES_PER_TURN = 256;

    private final LinkCapabilities capabilities;
    private final FrameSink sink;
    private final Reactor reactor;
    private final ByteBufAllocator allocator;
    private final FrameRing offered;
    private final HeldFrames held;
    private final Runnable drain = this::drain;
    private final Runnable retry = this::retry;
    private final AtomicBoolean drainDue = new AtomicBoolean();
    private final AtomicBoolean retryDue = new AtomicBoolean();
    private final LongAdder refusals = new LongAdder();
    private volatile boolean roomWanted;
    private volatile boolean closed;
    private FrameReceiver receiver;
    private boolean inSink;
    private boolean given;
    private long dropped;

    /// A link that gives its frames to `sink`, and drops what the sink refuses. All its methods are in-loop.
    public EmbeddedLink(LinkCapabilities capabilities, FrameSink sink) {
        this(capabilities, sink, null, null, new Limits(2, 0, 0));
    }

    /// A link that other threads may use too.
    ///
    /// @param reactor   the one of the network this link is for
    /// @param allocator where copies of frames come from
    public EmbeddedLink(LinkCapabilities capabilities, FrameSink sink, Reactor reactor, ByteBufAllocator allocator, Limits limits) {
        this.capabilities = capabilities;
        this.sink = sink;
        this.reactor = reactor;
        this.allocator = allocator;
        offered = new FrameRing(limits.handInFramesMax);
        held = new HeldFrames(allocator, limits.heldFramesMax, limits.heldBytesMax);
    }

    // ---- from the guest, in-loop

    /// Hands in a complete Ethernet frame from the guest at the readable bytes. **Borrows** `frame`. In-loop.
    public void receive(ByteBuf frame) {
        receive(frame, 0);
    }

    /// Hands in a frame from the guest that may leave work to the stack. **Borrows** `frame`. In-loop. Before the network has
    /// started, and after it has closed, nothing happens.
    ///
    /// @param offload see [dev.jslirp.wire.Offload]
    /// @throws IllegalStateException from inside [FrameSink#onFrame]: the frame there is still in use
    public void receive(ByteBuf frame, long offload) {
        if (inSink) {
            throw new IllegalStateException("a frame was handed in from inside onFrame; offer it, or hand it in later");
        }
        if (receiver != null && !closed) {
            receiver.onFrame(frame, offload);
        }
    }

    // ---- from the guest, from any thread

    /// Queues a frame from the guest; [#submit] makes it known. **Consumes** `frame` if it returns true; any thread. After the
    /// network has closed, frames are taken and lost.
    ///
    /// @param offload see [dev.jslirp.wire.Offload]
    /// @return false when as many frames wait as may; [FrameSink#onRoom] follows
    /// @throws IllegalStateException if the link was made without a reactor
    public boolean offer(ByteBuf frame, long offload) {
        requireReactor();
        if (closed) {
            frame.release();
            return true;
        }
        if (offered.offer(frame, offload)) {
            if (closed) {
                // Closed while we were at it: somebody has to release what came too late.
                submit();
            }
            return true;
        }
        refusals.increment();
        roomWanted = true;
        // Even if nobody has submitted, or the queue was emptied meanwhile: the turn to come sees that room is wanted.
        submit();
        return false;
    }

    /// As [#offer(ByteBuf, long)], of a copy of the remaining bytes, for guests whose memory is no Netty buffer. **Borrows** `frame` and
    /// leaves its position. Of a frame longer than `maxFrameBytes` only so much is copied that the stack sees it is too long.
    public boolean offer(ByteBuffer frame, long offload) {
        requireReactor();
        int length = Math.min(frame.remaining(), capabilities.maxFrameBytes() + 1);
        ByteBuf copy = allocator.directBuffer(length, length).writeBytes(frame.slice(frame.position(), length));
        boolean taken = offer(copy, offload);
        if (!taken) {
            copy.release();
        }
        return taken;
    }

    /// Lets the network see what was offered: once for any number of frames. Any thread.
    ///
    /// @throws IllegalStateException if the link was made without a reactor
    public void submit() {
        requireReactor();
        execute(drain, drainDue);
    }

    /// Frames that [#offer] refused, one offered again counted again. Any thread.
    public long refusals() {
        return refusals.sum();
    }

    private void drain() {
        begin(drainDue);
        for (int i = 0; (i < FRAMES_PER_TURN || closed) && !offered.isEmpty(); i++) {
            long offload = offered.offload();
            ByteBuf frame = offered.poll();
            try {
                if (!closed) {
                    receive(frame, offload);
                }
            } finally {
                frame.release();
            }
        }
        if (!offered.isEmpty()) {
            submit();
        }
        if (roomWanted && !closed) {
            roomWanted = false;
            sink.onRoom();
        }
    }

    // ---- to the guest

    /// The guest has room again: held frames are offered once more. Any thread.
    ///
    /// @throws IllegalStateException if the link was made without a reactor
    public void resume() {
        requireReactor();
        execute(retry, retryDue);
    }

    private void retry() {
        begin(retryDue);
        flush();
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (!closed && held.isEmpty() && give(frame)) {
            return;
        }
        if (closed || !held.add(frame)) {
            dropped++;
        }
    }

    private boolean give(OutboundFrame frame) {
        inSink = true;
        try {
            boolean taken = sink.onFrame(frame);
            given |= taken;
            return taken;
        } finally {
            inSink = false;
        }
    }

    @Override
    public void flush() {
        while (!closed && !held.isEmpty() && give(held.first())) {
            held.removeFirst();
        }
        if (closed) {
            dropped += held.release();
        }
        if (given) {
            given = false;
            sink.onBatchEnd();
        }
    }

    /// Frames for the guest that wait for room. In-loop.
    public int heldFrames() {
        return held.size();
    }

    /// Frames for the guest that it refused and that could not be held. In-loop.
    @Override
    public long dropped() {
        return dropped;
    }

    // ---- life

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver receiver) {
        this.receiver = receiver;
    }

    /// May be called from inside the sink.
    @Override
    public void close() {
        closed = true;
        if (!inSink) {
            // Else the sink may be looking at one of these; flush releases them when it returns.
            dropped += held.release();
        }
        drain();
    }

    /// A task has begun, so whoever asks for it from now on means the next one.
    private static void begin(AtomicBoolean due) {
        due.set(false);
        VarHandle.fullFence();
    }

    private void execute(Runnable task, AtomicBoolean due) {
        // Either this thread sees that the task has begun, or the task sees what this thread published: without both fences, a store
        // still on its way at each end, neither might, and the frame would lie there until the next one.
        VarHandle.fullFence();
        if (!due.get() && due.compareAndSet(false, true)) {
            try {
                reactor.execute(task);
            } catch (RejectedExecutionException e) {
                // The loop was shut down, and the network with it: nobody is left who could take a frame.
                closed = true;
            }
        }
    }

    private void requireReactor() {
        if (reactor == null) {
            throw new IllegalStateException("this link was made without a reactor, so only its owning thread may use it");
        }
    }
}
