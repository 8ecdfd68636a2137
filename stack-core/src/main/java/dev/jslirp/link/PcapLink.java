package dev.jslirp.link;

import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes every frame of both directions in pcap format (classic, nanoseconds, link type Ethernet), as tcpdump and Wireshark
/// read it. Super-frames are written whole; their checksums are incomplete where the link completes them.
///
/// Records are collected and written at [#flush], and before the collection overflows. A write error ends the capture with one
/// warning; traffic goes on. The file's bytes are in the machine's own byte order, as the format allows.
public final class PcapLink extends ForwardingLink {
    private static final Logger LOG = LoggerFactory.getLogger(PcapLink.class);
    private static final int MAGIC_NANOSECONDS = 0xa1b2_3c4d;
    private static final int LINKTYPE_ETHERNET = 1;
    private static final int RECORD_HEADER = 16;
    private static final int BUFFER_BYTES = 1 << 20;
    private static final long SECOND_NS = 1_000_000_000L;
    /// Room for any frame.
    public static final int SNAPLEN_MAX = 262_144;

    private final WritableByteChannel file;
    private final LongSupplier epochNs;
    private final int snaplen;
    private final ByteBuffer records = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.nativeOrder());
    private boolean ended;

    /// Captures what passes through `link` into `file`, which is owned and closed with the link.
    ///
    /// @param epochNs the wall clock in nanoseconds since 1970
    /// @param snaplen bytes kept of each frame, 14 … [#SNAPLEN_MAX]
    public PcapLink(Link link, WritableByteChannel file, LongSupplier epochNs, int snaplen) {
        super(link);
        if (snaplen < 14 || snaplen > SNAPLEN_MAX) {
            throw new IllegalArgumentException("snaplen " + snaplen + " is not within 14 to " + SNAPLEN_MAX);
        }
        this.file = file;
        this.epochNs = epochNs;
        this.snaplen = snaplen;
        records.putInt(MAGIC_NANOSECONDS).putShort((short) 2).putShort((short) 4).putInt(0).putInt(0).putInt(snaplen)
                .putInt(LINKTYPE_ETHERNET);
    }

    @Override
    public void start(FrameReceiver receiver) {
        link.start((frame, offload) -> {
            record(frame);
            receiver.onFrame(frame, offload);
        });
    }

    @Override
    public void transmit(OutboundFrame frame) {
        record(frame);
        link.transmit(frame);
    }

    private void record(ByteBuf frame) {
        if (begin(frame.readableBytes())) {
            put(frame, frame.readerIndex(), frame.readableBytes(), snaplen);
        }
    }

    private void record(OutboundFrame frame) {
        if (begin(frame.length())) {
            int left = put(frame.header, frame.header.readerIndex(), frame.header.readableBytes(), snaplen);
            for (int i = 0; i < frame.payload.parts() && left > 0; i++) {
                left = put(frame.payload.buffer(i), frame.payload.index(i), frame.payload.length(i), left);
            }
        }
    }

    /// Writes a record header. @return whether the bytes are wanted
    private boolean begin(int length) {
        if (ended) {
            return false;
        }
        int kept = Math.min(length, snaplen);
        if (records.remaining() < RECORD_HEADER + kept) {
            write();
        }
        long now = epochNs.getAsLong();
        records.putInt((int) (now / SECOND_NS)).putInt((int) (now % SECOND_NS)).putInt(kept).putInt(length);
        return true;
    }

    /// Appends at most `limit` bytes. @return what is left of the limit
    private int put(ByteBuf from, int index, int length, int limit) {
        int kept = Math.min(length, limit);
        records.limit(records.position() + kept);
        from.getBytes(index, records);
        records.limit(records.capacity());
        return limit - kept;
    }

    private void write() {
        records.flip();
        try {
            while (!ended && records.hasRemaining()) {
                file.write(records);
            }
        } catch (IOException e) {
            ended = true;
            LOG.warn("the capture ends here: {}", e.toString());
        }
        records.clear();
    }

    @Override
    public void flush() {
        // Frames first: the disk must not delay them.
        link.flush();
        if (records.position() > 0) {
            write();
        }
    }

    @Override
    public void close() {
        write();
        ended = true;
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("closing the capture: {}", e.toString());
        }
        link.close();
    }
}
