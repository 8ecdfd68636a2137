package dev.jslirp.net;

import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;

/// ICMP from guests: answers echo to the gateway's addresses, hands on echo to elsewhere and errors.
public final class IcmpResponder implements PacketHandler {
    /// TTL of our echo replies.
    private static final int TTL = 64;
    /// Bytes of transport header an error must quote (RFC 792).
    private static final int QUOTED_TRANSPORT = 8;

    private final AddressPlan plan;
    private final FrameOutput output;
    private final PacketHandler echo;
    private final IcmpErrorHandler errors;
    private final Counters counters;

    /// A responder that gives echo requests to the outside to `echo`, decoded, and errors to `errors`.
    public IcmpResponder(AddressPlan plan, FrameOutput output, PacketHandler echo, IcmpErrorHandler errors, Counters counters) {
        this.plan = plan;
        this.output = output;
        this.echo = echo;
        this.errors = errors;
        this.counters = counters;
    }

    @Override
    public void onPacket(PacketView view, ByteBuf frame, long nowNs) {
        DropReason reason = IcmpHeader.decode(frame, view);
        if (reason == DropReason.NONE) {
            reason = switch (view.icmpType) {
                case IcmpHeader.ECHO_REQUEST -> onEcho(view, frame, nowNs);
                case IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.TIME_EXCEEDED, IcmpHeader.PARAMETER_PROBLEM ->
                    onError(view, frame, nowNs);
                default -> DropReason.ICMP_TYPE;
            };
        }
        if (reason != DropReason.NONE) {
            counters.drop(reason);
        }
    }

    private DropReason onEcho(PacketView view, ByteBuf frame, long nowNs) {
        return switch (plan.destination(view.dstHi, view.dstLo)) {
            case OURS -> {
                output.echoReply(view.dstHi, view.dstLo, view.srcHi, view.srcLo, view.icmpId, view.icmpSeq, TTL, frame,
                        view.payloadOffset, view.payloadLength, nowNs);
                counters.increment(Counter.ECHO_ANSWERED);
                yield DropReason.NONE;
            }
            case OUTSIDE -> {
                echo.onPacket(view, frame, nowNs);
                yield DropReason.NONE;
            }
            // RFC 1122 §3.2.2.6: echo to a group may be discarded.
            case BROADCAST, MULTICAST, GUEST, INVALID -> DropReason.IPV4_DESTINATION;
        };
    }

    private DropReason onError(PacketView view, ByteBuf frame, long nowNs) {
        int quote = view.payloadOffset;
        if (view.payloadLength < Ipv4Header.MIN_LENGTH) {
            return DropReason.ICMP_LENGTH;
        }
        int versionAndLength = frame.getUnsignedByte(quote);
        int headerLength = (versionAndLength & 0xf) * 4;
        if (versionAndLength >>> 4 != 4 || headerLength < Ipv4Header.MIN_LENGTH
                || view.payloadLength < headerLength + QUOTED_TRANSPORT) {
            return DropReason.ICMP_LENGTH;
        }
        long peerLo = IpAddress.v4Lo(frame.getInt(quote + 12));
        long guestLo = IpAddress.v4Lo(frame.getInt(quote + 16));
        boolean laterFragment = (frame.getUnsignedShort(quote + 6) & 0x1fff) != 0;
        // RFC 5927 §4: an error ends flows, so only the station a packet went to may complain about it.
        if (guestLo != view.srcLo || laterFragment) {
            return DropReason.ICMP_TYPE;
        }
        counters.increment(Counter.ICMP_ERRORS_RECEIVED);
        int protocol = frame.getUnsignedByte(quote + 9);
        boolean ports = protocol == Ipv4Header.TCP || protocol == Ipv4Header.UDP;
        int transport = quote + headerLength;
        errors.onIcmpError(view.icmpType, view.icmpCode, view.icmpId << 16 | view.icmpSeq, protocol,
                0, peerLo, ports ? frame.getUnsignedShort(transport) : 0,
                0, guestLo, ports ? frame.getUnsignedShort(transport + 2) : 0, nowNs);
        return DropReason.NONE;
    }
}
