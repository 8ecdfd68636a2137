package dev.jslirp.net;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.HandOver;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where frames enter a loop that serves a part of a network's TCP flows.
///
/// It takes what it is sure of: whole, well-formed TCP packets from a guest, of which [PacketTaker] says they are its own. Everything else,
/// from ARP to nonsense, is handed over unseen to the loop that runs the rest of the network, which answers, counts and drops as ever.
/// From ARP it learns on the way: the answers to what this loop asked usually come to this loop.
public final class ShardInput implements FrameReceiver {
    private static final Logger LOG = LoggerFactory.getLogger(ShardInput.class);

    private final LongSupplier batch;
    private final AddressPlan plan;
    private final int frameBytesMax;
    private final NeighborTable neighbors;
    private final ArpResponder arp;
    private final PacketTaker tcp;
    private final PacketHandler strays;
    private final HandOver others;
    private final Counters counters;
    private final PacketView view = new PacketView();

    /// An entry that takes frames of at most `frameBytesMax` bytes.
    ///
    /// @param batch  opens a batch and tells its time in nanoseconds: `Batch::begin`
    /// @param tcp    what is taken here
    /// @param strays the same, for what no loop before this one knows
    /// @param others where all other frames go
    public ShardInput(LongSupplier batch, AddressPlan plan, int frameBytesMax, NeighborTable neighbors, ArpResponder arp, PacketTaker tcp,
            PacketHandler strays, HandOver others, Counters counters) {
        this.batch = batch;
        this.plan = plan;
        this.frameBytesMax = frameBytesMax;
        this.neighbors = neighbors;
        this.arp = arp;
        this.tcp = tcp;
        this.strays = strays;
        this.others = others;
        this.counters = counters;
    }

    @Override
    public void onFrame(ByteBuf frame, long offload) {
        long nowNs = batch.getAsLong();
        int length = frame.readableBytes();
        try {
            if (takes(frame, length, offload, nowNs)) {
                counters.increment(Counter.FRAMES_FROM_GUEST);
                counters.add(Counter.BYTES_FROM_GUEST, length);
                return;
            }
        } catch (RuntimeException e) {
            failed(length, e);
            return;
        }
        if (others.offer(frame, offload)) {
            counters.increment(Counter.FRAMES_HANDED_OVER);
        } else {
            counters.drop(DropReason.HAND_OVER_FULL);
        }
    }

    /// A frame of [StrayOutput] of the loop before this one. **Borrows** `frame`.
    public void onStray(ByteBuf frame, long offload) {
        long nowNs = batch.getAsLong();
        int off = frame.readerIndex();
        int length = frame.readableBytes();
        try {
            boolean sound = EthernetHeader.decode(frame, off, length, view) == DropReason.NONE;
            view.offload = offload;
            if (sound && Ipv4Header.decode(frame, off + EthernetHeader.LENGTH, length - EthernetHeader.LENGTH, view) == DropReason.NONE) {
                neighbors.heard(view.srcHi, view.srcLo, view.srcMac, nowNs);
                strays.onPacket(view, frame, nowNs);
            }
        } catch (RuntimeException e) {
            failed(length, e);
        }
    }

    private void failed(int length, RuntimeException e) {
        // As in FrameInput: whatever a guest sends must not take down the loop.
        counters.drop(DropReason.INTERNAL);
        LOG.trace("frame of {} bytes", length, e);
    }

    private boolean takes(ByteBuf frame, int length, long offload, long nowNs) {
        int off = frame.readerIndex();
        long ours = plan.gatewayMac().bits();
        if (length > frameBytesMax || EthernetHeader.decode(frame, off, length, view) != DropReason.NONE || view.srcMac == ours) {
            return false;
        }
        view.offload = offload;
        int l3 = off + EthernetHeader.LENGTH;
        int available = length - EthernetHeader.LENGTH;
        return switch (view.etherType) {
            case EthernetHeader.TYPE_IPV4 -> view.dstMac == ours && takesIpv4(frame, l3, available, nowNs);
            case EthernetHeader.TYPE_ARP -> {
                arp.hear(view, frame, l3, available, nowNs);
                yield false;
            }
            default -> false;
        };
    }

    private boolean takesIpv4(ByteBuf frame, int off, int available, long nowNs) {
        boolean whole = Ipv4Header.decode(frame, off, available, view) == DropReason.NONE && !view.isFragment();
        if (!whole || view.protocol != Ipv4Header.TCP || !plan.isGuest(view.srcHi, view.srcLo) || !isRouted()) {
            return false;
        }
        neighbors.heard(view.srcHi, view.srcLo, view.srcMac, nowNs);
        return tcp.takes(view, frame, nowNs);
    }

    /// Whether the gateway would take this packet, as [Ipv4Input] does.
    private boolean isRouted() {
        return switch (plan.destination(view.dstHi, view.dstLo)) {
            case OURS -> true;
            case OUTSIDE -> view.ttl > 1;
            case GUEST, BROADCAST, MULTICAST, INVALID -> false;
        };
    }
}
