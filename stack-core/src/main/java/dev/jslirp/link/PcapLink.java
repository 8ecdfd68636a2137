package dev.jslirp.link;

import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Captures the frames of both directions in a file that tcpdump and Wireshark read: classic pcap with
/// nanoseconds.
///
/// ```
/// file:   magic 0xa1b23c4d | version 2.4 | 0 | 0 | snaplen | link type 1 (Ethernet)
/// frame:  seconds | nanoseconds | bytes captured | bytes of the frame | bytes
/// ```
/// A frame is written as it passes: a super-frame is one long record, and a checksum that is left to the other end
/// is not yet right. Frames from the guest are captured before the stack sees them, frames towards it before the link sends
/// them, or drops them.
///
/// Records are collected and written when the batch ends. When that fails, the capture ends with one warning and
/// the frames go on.
public final class PcapLink extends LinkDecorator {
    /// Bytes kept of each frame at most, and by default: what Wireshark accepts.
    public static final int MAX_SNAPLEN = 262_144;

    private static final Logger LOG = LoggerFactory.getLogger(PcapLink.class);
    private static final int MAGIC_NANOSECONDS = 0xa1b2_3c4d;
    private static final int VERSION_2_4 = 0x0002_0004;
    private static final int LINKTYPE_ETHERNET = 1;
    private static final int RECORD_HEADER = 16;
    private static final int NANOS_PER_SECOND = 1_000_000_000;

    private final WritableByteChannel channel;
    private final LongSupplier epochNs;
    private final int snaplen;
    /// Records not yet written; null when the capture has ended.
    private ByteBuf pending;

    /// A capture of all frames in full.
    ///
    /// @param channel   a blocking channel, which is closed with this link
    /// @param epochNs   nanoseconds since 1970-01-01 UTC
    /// @param allocator of the buffer records are collected in
    public PcapLink(Link link, WritableByteChannel channel, LongSupplier epochNs, ByteBufAllocator allocator) {
        this(link, channel, epochNs, allocator, MAX_SNAPLEN);
    }

    /// A capture of the first `snaplen` bytes of each frame, 1 to [#MAX_SNAPLEN].
    public PcapLink(Link link, WritableByteChannel channel, LongSupplier epochNs, ByteBufAllocator allocator, int snaplen) {
        super(link);
        if (snaplen < 1 || snaplen > MAX_SNAPLEN) {
            throw new IllegalArgumentException("snaplen " + snaplen + " is not within 1 to " + MAX_SNAPLEN);
        }
        this.channel = channel;
        this.epochNs = epochNs;
        this.snaplen = snaplen;
        int capacity = RECORD_HEADER + MAX_SNAPLEN;
        pending = allocator.directBuffer(capacity, capacity);
        pending.writeInt(MAGIC_NANOSECONDS).writeInt(VERSION_2_4).writeLong(0).writeInt(snaplen).writeInt(LINKTYPE_ETHERNET);
    }

    @Override
    void onFrame(ByteBuf frame, long offload) {
        int length = frame.readableBytes();
        if (beginRecord(length)) {
            pending.writeBytes(frame, frame.readerIndex(), Math.min(length, snaplen));
        }
        receiver.onFrame(frame, offload);
    }

    @Override
    public void transmit(OutboundFrame frame) {
        if (beginRecord(frame.length())) {
            int left = Math.min(frame.length(), snaplen);
            left -= append(frame.header, frame.header.readerIndex(), frame.header.readableBytes(), left);
            for (int i = 0; i < frame.payload.parts() && left > 0; i++) {
                left -= append(frame.payload.buffer(i), frame.payload.index(i), frame.payload.length(i), left);
            }
        }
        link.transmit(frame);
    }

    private int append(ByteBuf bytes, int index, int length, int lengthMax) {
        int appended = Math.min(length, lengthMax);
        pending.writeBytes(bytes, index, appended);
        return appended;
    }

    /// Writes the record's header and makes room for its bytes. @return false if the capture has ended
    private boolean beginRecord(int length) {
        int captured = Math.min(length, snaplen);
        if (pending != null && pending.writableBytes() < RECORD_HEADER + captured) {
            writeOut();
        }
        if (pending == null) {
            return false;
        }
        long nowNs = epochNs.getAsLong();
        pending.writeInt((int) Math.floorDiv(nowNs, NANOS_PER_SECOND)).writeInt(Math.floorMod(nowNs, NANOS_PER_SECOND));
        pending.writeInt(captured).writeInt(length);
        return true;
    }

    private void writeOut() {
        try {
            ByteBuffer bytes = pending.internalNioBuffer(0, pending.writerIndex());
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            pending.clear();
        } catch (IOException e) {
            LOG.warn("the capture ends, it cannot be written: {}", e.toString());
            endCapture();
        }
    }

    private void endCapture() {
        pending.release();
        pending = null;
        try {
            channel.close();
        } catch (IOException e) {
            LOG.warn("the capture may be incomplete: {}", e.toString());
        }
    }

    @Override
    public void flush() {
        if (pending != null && pending.isReadable()) {
            writeOut();
        }
        link.flush();
    }

    @Override
    public void close() {
        link.close();
        if (pending != null) {
            writeOut();
        }
        if (pending != null) {
            endCapture();
        }
    }
}
