package dev.jslirp.tap.vhost;

import dev.jslirp.wire.Checksum;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.Payload;
import dev.jslirp.wire.TcpHeader;
import dev.jslirp.wire.UdpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// Does for a guest what its driver does not: completes checksums, and cuts TCP/IPv4 super-frames into segments.
///
/// The stack is told once what its link can do, but what the guest can do changes with its driver: firmware first, a boot
/// loader, then the operating system. So the link offers everything, and this is for the drivers that take less.
final class OffloadFallback implements AutoCloseable {
    /// Takes one frame; **borrows** both buffers. Called once per frame that comes out of the fallback.
    interface Output {
        void frame(ByteBuf header, Payload payload, long offload);
    }

    private static final int L3 = EthernetHeader.LENGTH;
    private static final int TCP_FLAGS = 13;
    private static final int LAST_ONLY = TcpHeader.FIN | TcpHeader.PSH;

    private final Output output;
    private final ByteBuf header;
    private final Payload part = new Payload();
    /// Where the next segment's payload begins.
    private int source;
    private int inSource;

    OffloadFallback(ByteBufAllocator allocator, Output output) {
        this.output = output;
        header = allocator.directBuffer(OutboundFrame.HEADER_CAPACITY, OutboundFrame.HEADER_CAPACITY);
    }

    /// Hands `frame` to the output in a form that a guest with these features takes. **Borrows** `frame`, and leaves it as it is.
    void pass(OutboundFrame frame, long features) {
        long offload = frame.offload;
        boolean finish = (Offload.flags(offload) & Offload.NEEDS_CSUM) != 0 && (features & Features.GUEST_CSUM) == 0;
        boolean cut = Offload.gsoType(offload) != Offload.GSO_NONE && (finish || (features & Features.GUEST_TSO4) == 0);
        if (cut) {
            segments(frame, finish);
        } else if (finish) {
            copyHeader(frame);
            finish(offload, frame.payload);
            output.frame(header, frame.payload, Offload.NONE);
        } else {
            output.frame(frame.header, frame.payload, offload);
        }
    }

    private void copyHeader(OutboundFrame frame) {
        header.clear().writeBytes(frame.header, frame.header.readerIndex(), frame.header.readableBytes());
    }

    /// The field holds the pseudo-header's sum, so the sum of the range is the checksum.
    private void finish(long offload, Payload payload) {
        int start = Offload.csumStart(offload);
        int field = start + Offload.csumOffset(offload);
        int headerBytes = header.readableBytes() - start;
        // Headers up to the payload have an even length (TCP, UDP, ICMP).
        int checksum = ~Checksum.fold(Checksum.sum(header, start, headerBytes) + Checksum.sum(payload)) & 0xffff;
        // RFC 768: a computed 0 is sent as all ones, since 0 means "none".
        boolean udp = Offload.csumOffset(offload) == UdpHeader.CHECKSUM;
        header.setShort(field, udp && checksum == 0 ? 0xffff : checksum);
    }

    /// Cuts a TCP/IPv4 super-frame: each segment has the frame's headers, with its own sequence number, lengths and checksums.
    private void segments(OutboundFrame frame, boolean finish) {
        long offload = frame.offload;
        int gsoSize = Offload.gsoSize(offload);
        int l4 = Offload.csumStart(offload);
        int total = frame.payload.length();
        int seq = frame.header.getInt(frame.header.readerIndex() + l4 + 4);
        long ordinary = finish ? Offload.NONE : Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, Offload.headerLength(offload), l4,
                TcpHeader.CHECKSUM);
        source = 0;
        inSource = 0;
        for (int sent = 0; sent < total; sent += gsoSize) {
            int bytes = Math.min(gsoSize, total - sent);
            copyHeader(frame);
            takePart(frame.payload, bytes);
            rewrite(l4, seq + sent, bytes, sent + bytes == total);
            if (finish) {
                finish(offload, part);
            }
            output.frame(header, part, ordinary);
        }
        part.clear();
    }

    private void takePart(Payload payload, int bytes) {
        part.clear();
        int left = bytes;
        while (left > 0) {
            int run = Math.min(left, payload.length(source) - inSource);
            part.add(payload.buffer(source), payload.index(source) + inSource, run);
            left -= run;
            inSource += run;
            if (inSource == payload.length(source)) {
                source++;
                inSource = 0;
            }
        }
    }

    /// Makes the copied headers those of one segment.
    private void rewrite(int l4, int seq, int payloadBytes, boolean last) {
        int tcpLength = header.readableBytes() - l4 + payloadBytes;
        header.setShort(L3 + 2, l4 - L3 + tcpLength);
        header.setShort(L3 + Ipv4Header.CHECKSUM, 0);
        header.setShort(L3 + Ipv4Header.CHECKSUM, Checksum.of(header, L3, l4 - L3));
        header.setInt(l4 + 4, seq);
        if (!last) {
            header.setByte(l4 + TCP_FLAGS, header.getByte(l4 + TCP_FLAGS) & ~LAST_ONLY);
        }
        long srcLo = header.getUnsignedInt(L3 + 12);
        long dstLo = header.getUnsignedInt(L3 + 16);
        long pseudo = srcLo + dstLo + Ipv4Header.TCP + tcpLength;
        header.setShort(l4 + TcpHeader.CHECKSUM, Checksum.fold(pseudo));
    }

    /// Releases the header space.
    @Override
    public void close() {
        header.release();
    }
}
