package dev.jslirp.testkit;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// A link that records what the stack sends and delivers what a test gives it.
///
/// It checks what any link may rely on: a frame is within the link's capabilities, and none is sent
/// before `start` or after `close`.
public final class SimLink implements Link {
    /// Bytes before a delivered frame in its buffer, so that code which takes index 0 for granted fails.
    private static final int HEADROOM = 3;

    private final SimReactor reactor;
    private final LinkCapabilities capabilities;
    private final ByteBufAllocator allocator;
    private final List<SentFrame> sent = new ArrayList<>();
    private Consumer<SentFrame> listener = frame -> {};
    private FrameReceiver receiver;
    private int room = Integer.MAX_VALUE;
    private long dropped;
    private long flushes;
    private boolean closed;

    /// One frame as the guest sees it.
    ///
    /// @param bytes   Ethernet header to the last payload byte
    /// @param offload see [Offload]
    /// @param atNs    when it was transmitted
    public record SentFrame(byte[] bytes, long offload, long atNs) {}

    /// A link of these capabilities; delivered frames are allocated from `allocator`.
    public SimLink(SimReactor reactor, LinkCapabilities capabilities, ByteBufAllocator allocator) {
        this.reactor = reactor;
        this.capabilities = capabilities;
        this.allocator = allocator;
    }

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver frameReceiver) {
        if (receiver != null) {
            throw new AssertionError("a link is started once");
        }
        receiver = frameReceiver;
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (receiver == null || closed) {
            throw new AssertionError("frame sent on a link that is not open");
        }
        if (room == 0) {
            dropped++;
            return;
        }
        room--;
        ByteBuf copy = Unpooled.buffer(frame.length());
        frame.copyTo(copy);
        checkCapabilities(copy.readableBytes(), frame.offload);
        SentFrame record = new SentFrame(copy.array(), frame.offload, reactor.nowNs());
        sent.add(record);
        listener.accept(record);
    }

    private void checkCapabilities(int length, long offload) {
        int gsoType = Offload.gsoType(offload);
        boolean taken = switch (gsoType) {
            case Offload.GSO_NONE -> true;
            case Offload.GSO_TCPV4, Offload.GSO_TCPV6 -> capabilities.tcpSegmentation();
            default -> capabilities.udpSegmentation();
        };
        boolean summed = capabilities.checksumOffload() || (Offload.flags(offload) & Offload.NEEDS_CSUM) == 0;
        int lengthMax = gsoType == Offload.GSO_NONE ? capabilities.mtuBytes() + 14 : capabilities.maxFrameBytes();
        if (!taken || !summed || length > lengthMax) {
            throw new AssertionError("frame of " + length + " bytes, GSO type " + gsoType + ", flags " + Offload.flags(offload)
                    + " exceeds " + capabilities);
        }
    }

    @Override
    public void flush() {
        flushes++;
    }

    @Override
    public long dropped() {
        return dropped;
    }

    @Override
    public void close() {
        closed = true;
    }

    /// Delivers a complete frame; see [#deliver(byte\[\], long)].
    public void deliver(byte[] frame) {
        deliver(frame, Offload.NONE);
    }

    /// Delivers a frame from the guest, in a round of its own unless one is under way.
    public void deliver(byte[] frame, long offload) {
        reactor.round(() -> {
            ByteBuf buffer = allocator.directBuffer(HEADROOM + frame.length);
            try {
                buffer.writeZero(HEADROOM).skipBytes(HEADROOM).writeBytes(frame);
                receiver.onFrame(buffer, offload);
                if (buffer.readerIndex() != HEADROOM || buffer.writerIndex() != HEADROOM + frame.length) {
                    throw new AssertionError("the receiver moved the indexes of a borrowed frame");
                }
            } finally {
                buffer.release();
            }
        });
    }

    /// Called with every frame sent, while it is being sent.
    public void onTransmit(Consumer<SentFrame> frameListener) {
        listener = frameListener;
    }

    /// How many more frames fit before the link is full and drops; [Integer#MAX_VALUE] for no limit.
    public void setRoom(int frames) {
        room = frames;
    }

    /// Every frame sent and not yet taken.
    public List<SentFrame> sent() {
        return sent;
    }

    /// Removes and returns the frames sent so far.
    public List<SentFrame> takeSent() {
        List<SentFrame> taken = List.copyOf(sent);
        sent.clear();
        return taken;
    }

    /// How often the stack flushed.
    public long flushes() {
        return flushes;
    }

    /// Whether the stack closed this link.
    public boolean isClosed() {
        return closed;
    }
}
