package dev.jslirp.tap;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.FdWatch;
import dev.jslirp.tap.linux.GatherList;
import dev.jslirp.tap.linux.TapDevice;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.Payload;
import dev.jslirp.wire.VnetHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// A TAP device as the guest's link.
///
/// **Out**: one gathering write per frame, straight from the stack's buffers: virtio-net header, frame header,
/// payload parts. The kernel's queue is the only queue; a frame it does not take is dropped and counted.
///
/// **In**: up to [#FRAMES_PER_READINESS] frames per readiness, each read into a large pooled buffer. A buffer is
/// used again unless the stack kept it.
public final class TapLink implements Link {
    /// Frames taken per readiness; then the loop's other work has its turn.
    static final int FRAMES_PER_READINESS = 32;
    /// Where a frame begins in its buffer. With a page-aligned buffer the bytes that will be copied onward lie 128 or more
    /// past a page boundary; copies whose destination sits 1 to 31 bytes past the source modulo 4096 are several times slower.
    private static final int FRAME_OFFSET = 256;
    /// Ethernet header and one VLAN tag.
    private static final int ETHERNET_ROOM = 18;

    private final ByteBufAllocator allocator;
    private final TapDevice device;
    private final FdWatch watch;
    private final boolean vnetHeader;
    private final LinkCapabilities capabilities;
    private final Runnable onGone;
    private final GatherList gather = new GatherList(2 + Payload.MAX_PARTS);
    private final ByteBuf vnetOut;
    private final int readOffset;
    private final int readCapacity;
    private FrameReceiver receiver;
    private ByteBuf readBuffer;
    private long dropped;
    private boolean closed;

    /// A link on `device`, which it owns from now on.
    ///
    /// @param mtuBytes the MTU of the interface
    /// @param onGone   called in-loop, once, when the interface has disappeared
    /// @throws TapException if the device cannot be watched
    public TapLink(TapDevice device, int mtuBytes, EpollLoop loop, ByteBufAllocator allocator, Runnable onGone) throws TapException {
        this.device = device;
        this.allocator = allocator;
        this.onGone = onGone;
        vnetHeader = device.vnetHeader();
        capabilities = switch (device.offloads()) {
            case NONE -> LinkCapabilities.plain(mtuBytes);
            case TCP -> LinkCapabilities.offloading(mtuBytes, false);
            case TCP_UDP -> LinkCapabilities.offloading(mtuBytes, true);
        };
        readOffset = FRAME_OFFSET - (vnetHeader ? TapDevice.VNET_HEADER_BYTES : 0);
        readCapacity = capabilities.maxFrameBytes() + ETHERNET_ROOM + (vnetHeader ? TapDevice.VNET_HEADER_BYTES : 0);
        watch = loop.watch(device.fd(), 0, _ -> readFrames());
        vnetOut = allocator.directBuffer(TapDevice.VNET_HEADER_BYTES, TapDevice.VNET_HEADER_BYTES);
    }

    @Override
    public LinkCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public void start(FrameReceiver frameReceiver) {
        receiver = frameReceiver;
        watch.interest(EpollLoop.IN);
    }

    private void readFrames() {
        for (int i = 0; i < FRAMES_PER_READINESS && !closed; i++) {
            if (readBuffer == null) {
                readBuffer = allocator.directBuffer(readOffset + readCapacity);
            }
            int length = device.read(readBuffer.memoryAddress() + readOffset, readCapacity);
            if (length < 0) {
                if (isGone(-length)) {
                    onGone.run();
                    close();
                }
                return;
            }
            deliver(length);
        }
    }

    /// EBADFD: the interface was deleted. EIO: it is down, which may pass.
    private static boolean isGone(int errno) {
        return errno == Errno.EBADFD.number() || errno == Errno.ENODEV.number();
    }

    private void deliver(int length) {
        ByteBuf frame = readBuffer;
        long offload = Offload.NONE;
        if (vnetHeader) {
            offload = VnetHeader.decode(frame.getLongLE(readOffset), frame.getShortLE(readOffset + 8));
        }
        frame.setIndex(FRAME_OFFSET, readOffset + length);
        receiver.onFrame(frame, offload);
        if (readBuffer != null && readBuffer.refCnt() != 1) {
            readBuffer.release();
            readBuffer = null;
        }
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (closed) {
            return;
        }
        gather.clear();
        int expected = frame.length();
        if (vnetHeader) {
            vnetOut.setLongLE(0, VnetHeader.first(frame.offload));
            vnetOut.setShortLE(8, VnetHeader.csumOffset(frame.offload));
            gather.add(vnetOut.memoryAddress(), TapDevice.VNET_HEADER_BYTES);
            expected += TapDevice.VNET_HEADER_BYTES;
        }
        if (addParts(frame)) {
            write(expected);
        } else {
            writeCopy(frame, expected);
        }
    }

    private boolean addParts(OutboundFrame frame) {
        if (!frame.header.hasMemoryAddress()) {
            return false;
        }
        gather.add(frame.header.memoryAddress() + frame.header.readerIndex(), frame.header.readableBytes());
        Payload payload = frame.payload;
        for (int i = 0; i < payload.parts(); i++) {
            ByteBuf part = payload.buffer(i);
            if (!part.hasMemoryAddress()) {
                return false;
            }
            gather.add(part.memoryAddress() + payload.index(i), payload.length(i));
        }
        return true;
    }

    /// For frames with a part on the heap (the control plane's): copied to one direct buffer first.
    private void writeCopy(OutboundFrame frame, int expected) {
        ByteBuf copy = allocator.directBuffer(frame.length());
        try {
            frame.copyTo(copy);
            gather.clear();
            if (vnetHeader) {
                gather.add(vnetOut.memoryAddress(), TapDevice.VNET_HEADER_BYTES);
            }
            gather.add(copy.memoryAddress(), copy.readableBytes());
            write(expected);
        } finally {
            copy.release();
        }
    }

    private void write(int expected) {
        if (device.write(gather) != expected) {
            dropped++;
        }
    }

    @Override
    public void flush() {
        // Nothing is queued here.
    }

    @Override
    public long dropped() {
        return dropped;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        watch.cancel();
        device.close();
        vnetOut.release();
        if (readBuffer != null) {
            readBuffer.release();
            readBuffer = null;
        }
        gather.close();
    }
}
