package dev.jslirp.lan;

import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.wire.Checksum;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import dev.jslirp.wire.Payload;
import dev.jslirp.wire.TcpHeader;
import dev.jslirp.wire.UdpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// Does for a link what the link's guest cannot: completes checksums, and cuts TCP and UDP super-frames into segments, each with its own
/// copy of the headers. Payload is referenced, nothing is allocated.
///
/// A super-frame's header buffer ends where its payload begins, and its offload fields are true: it comes from the stack, or passed
/// [FrameShape].
final class Segmenter implements AutoCloseable {
    private static final int L3 = EthernetHeader.LENGTH;
    private static final int IPV4_LENGTH = L3 + 2, IPV4_ID = L3 + 4, IPV4_FLAGS = L3 + 6, IPV4_CHECKSUM = L3 + Ipv4Header.CHECKSUM;
    private static final int IPV4_SRC = L3 + 12, IPV4_DST = L3 + 16;
    private static final int IPV6_LENGTH = L3 + 4, IPV6_SRC = L3 + 8, IPV6_DST = L3 + 24, IPV6_END = L3 + 40;
    private static final int TCP_SEQ = 4, TCP_FLAGS = 13, UDP_LENGTH = 4;

    private final OutboundFrame out;
    /// Where the next segment's payload begins: a part of the super-frame's, and a place in it.
    private int part;
    private int partOffset;

    Segmenter(ByteBufAllocator allocator) {
        out = new OutboundFrame(allocator.directBuffer(OutboundFrame.HEADER_CAPACITY, OutboundFrame.HEADER_CAPACITY));
    }

    /// Sends `frame` to the guest at `port` in a form that its link can carry. **Borrows** everything.
    void transmit(OutboundFrame frame, SwitchPort port) {
        LinkCapabilities can = port.capabilities();
        boolean whole = switch (Offload.gsoType(frame.offload)) {
            case Offload.GSO_NONE -> true;
            case Offload.GSO_UDP_L4 -> can.udpSegmentation() && frame.length() <= can.maxFrameBytes();
            default -> can.tcpSegmentation() && frame.length() <= can.maxFrameBytes();
        };
        if (!whole) {
            segment(frame, port, can.checksumOffload());
        } else if (can.checksumOffload() || (Offload.flags(frame.offload) & Offload.NEEDS_CSUM) == 0) {
            port.transmit(frame);
        } else {
            complete(frame, port);
        }
    }

    private void complete(OutboundFrame frame, SwitchPort port) {
        begin(frame);
        Payload payload = frame.payload;
        for (int i = 0; i < payload.parts(); i++) {
            out.payload.add(payload.buffer(i), payload.index(i), payload.length(i));
        }
        int start = Offload.csumStart(frame.offload);
        int field = start + Offload.csumOffset(frame.offload);
        // The field holds the pseudo-header's sum, so it is summed with the rest.
        finish(start, field, 0);
        send(port, Offload.NONE);
    }

    private void segment(OutboundFrame frame, SwitchPort port, boolean checksumOffload) {
        long offload = frame.offload;
        int l4 = Offload.csumStart(offload);
        int field = l4 + Offload.csumOffset(offload);
        int size = Offload.gsoSize(offload);
        int total = frame.payload.length();
        begin(frame);
        ByteBuf header = out.header;
        int headerBytes = header.writerIndex();
        boolean tcp = Offload.gsoType(offload) != Offload.GSO_UDP_L4;
        boolean ipv6 = header.getUnsignedShort(L3 - 2) == EthernetHeader.TYPE_IPV6;
        long addresses = addressSum(header, ipv6, tcp);
        long perFrame = checksumOffload
                ? Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_NONE, 0, headerBytes, l4, Offload.csumOffset(offload)) : Offload.NONE;
        part = 0;
        partOffset = 0;
        for (int at = 0, number = 0; at < total; at += size, number++) {
            int length = Math.min(size, total - at);
            takePayload(frame.payload, length);
            int transportBytes = headerBytes - l4 + length;
            if (ipv6) {
                header.setShort(IPV6_LENGTH, l4 - IPV6_END + transportBytes);
            } else {
                writeIpv4(frame.header, l4, l4 - L3 + transportBytes, number);
            }
            if (tcp) {
                writeTcp(frame.header, l4, at, at == 0, at + length == total);
            } else {
                header.setShort(l4 + UDP_LENGTH, transportBytes);
            }
            if (checksumOffload) {
                header.setShort(field, Checksum.fold(addresses + transportBytes));
            } else {
                header.setShort(field, 0);
                finish(l4, field, addresses + transportBytes);
            }
            send(port, perFrame);
        }
    }

    private void begin(OutboundFrame frame) {
        ByteBuf from = frame.header;
        out.header.setIndex(0, 0).writeBytes(from, from.readerIndex(), from.readableBytes());
        out.payload.clear();
    }

    private void send(SwitchPort port, long offload) {
        out.offload = offload;
        port.transmit(out);
        out.payload.clear();
    }

    /// Appends the next `length` bytes of `payload` to the frame.
    private void takePayload(Payload payload, int length) {
        for (int left = length; left > 0; ) {
            int taken = Math.min(left, payload.length(part) - partOffset);
            if (taken > 0) {
                out.payload.add(payload.buffer(part), payload.index(part) + partOffset, taken);
            }
            partOffset += taken;
            left -= taken;
            if (partOffset == payload.length(part)) {
                part++;
                partOffset = 0;
            }
        }
    }

    private void writeIpv4(ByteBuf whole, int l4, int totalLength, int number) {
        int id = whole.getUnsignedShort(IPV4_ID);
        // RFC 6864 §4.1: an identification means nothing in a packet that is never fragmented; who sends 0 there means it.
        boolean unnumbered = id == 0 && (whole.getUnsignedShort(IPV4_FLAGS) & Ipv4Header.DONT_FRAGMENT) != 0;
        out.header.setShort(IPV4_LENGTH, totalLength);
        out.header.setShort(IPV4_ID, unnumbered ? 0 : id + number);
        out.header.setShort(IPV4_CHECKSUM, 0);
        out.header.setShort(IPV4_CHECKSUM, Checksum.of(out.header, L3, l4 - L3));
    }

    private void writeTcp(ByteBuf whole, int l4, int at, boolean first, boolean last) {
        int flags = whole.getUnsignedByte(l4 + TCP_FLAGS);
        if (!last) {
            // RFC 9293 §3.1: FIN is the end of the sequence, PSH marks the end of what was written.
            flags &= ~(TcpHeader.FIN | TcpHeader.PSH);
        }
        if (!first) {
            // RFC 3168 §6.1.2: CWR is set in the first packet after the reduction only.
            flags &= ~TcpHeader.CWR;
        }
        out.header.setInt(l4 + TCP_SEQ, whole.getInt(l4 + TCP_SEQ) + at);
        out.header.setByte(l4 + TCP_FLAGS, flags);
    }

    private static long addressSum(ByteBuf header, boolean ipv6, boolean tcp) {
        int protocol = tcp ? Ipv4Header.TCP : Ipv4Header.UDP;
        if (ipv6) {
            return Checksum.pseudoHeader(header.getLong(IPV6_SRC), header.getLong(IPV6_SRC + 8), header.getLong(IPV6_DST),
                    header.getLong(IPV6_DST + 8), protocol, 0);
        }
        return Checksum.pseudoHeader(0, IpAddress.v4Lo(header.getInt(IPV4_SRC)), 0, IpAddress.v4Lo(header.getInt(IPV4_DST)), protocol, 0);
    }

    /// Writes the checksum of everything from `start` on, and of what is in `sum`.
    private void finish(int start, int field, long sum) {
        // The headers' part is even, so the payload's sum needs no swap.
        long whole = sum + Checksum.sum(out.header, start, out.header.writerIndex() - start) + Checksum.sum(out.payload);
        int checksum = ~Checksum.fold(whole) & 0xffff;
        boolean udp = field - start == UdpHeader.CHECKSUM;
        // RFC 768: a computed 0 is sent as all ones, since 0 means "none".
        out.header.setShort(field, udp && checksum == 0 ? 0xffff : checksum);
    }

    /// Releases the header space. Once.
    @Override
    public void close() {
        out.header.release();
    }
}
